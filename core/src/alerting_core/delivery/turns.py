"""Whose attempt begins next: fair turns between clients, bounded by target, by host and in all.

Theory of operation. What waits stands in lines: one per host, client and target. Whenever there is room, the clients of
a host take turns, and so do the targets of a client. Three things bound what is under way: the target, by its pace; the
host; and the sender as a whole. Of the last two no client may have so much that nothing is left for others: twice of
what is free (`windows.share_is_used_up`).

Only hosts where something has changed are looked at, so that a host that takes nothing costs nothing. Where a client
had to wait for its share of the whole, one host is looked at whenever it has some again: it may wait at a thousand.
What has to wait for a time, and for nothing else, is told by `ready_at_ms`.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final, TypeAlias

from alerting_core import limits
from alerting_core.delivery.pace import Pace
from alerting_core.delivery.remembered import Remembered, count_less
from alerting_core.delivery.windows import share_is_used_up
from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import Place, Target


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A claim that waits for its turn; its lease ends at that time of a clock that never goes back."""

    claim: Claim
    lease_ends_at_ms: float


Line: TypeAlias = deque[Waiting]

_UNKNOWN: Final = Pace()
"""Of a target that nothing is remembered of."""


@dataclass(slots=True)
class _Host:
    """What waits for one host, and what is under way there."""

    waiting: OrderedDict[str, OrderedDict[str, Line]] = field(default_factory=OrderedDict[str, OrderedDict[str, Line]])
    by_client: Counter[str] = field(default_factory=Counter[str])
    under_way: int = 0


class Turns:
    """The claims of one sender that wait, and how many of each are under way."""

    def __init__(self, *, sending_max: int, per_host_max: int) -> None:
        """Have nothing waiting.

        Args:
            sending_max: Attempts under way at once.
            per_host_max: Of these at one host.
        """
        self.sending_max, self.per_host_max = sending_max, per_host_max
        self._hosts: dict[str, _Host] = {}
        self._paces = Remembered[Target, Pace](limits.TARGETS_REMEMBERED_MAX)
        self._under_way = Counter[Target]()
        self._idle = set[Target]()
        self._busy: dict[Place, dict[Target, None]] = {}
        self._by_client = Counter[str]()
        self._all_under_way = 0
        self._stirred: dict[str, None] = {}
        self._timed: dict[str, float] = {}
        self._earliest_ms = inf  # Of these, or of one that waits no more: all are gone through when it has come.
        self._short_of_share: dict[str, dict[str, None]] = {}

    @property
    def ready_at_ms(self) -> float:
        """When something that waits for its time may begin, or is to be looked at again; infinite when nothing does."""
        return self._earliest_ms if self._timed else inf

    def pace_of(self, target: Target) -> Pace:
        """Return what is known of the pace of *target*."""
        return self._paces.get(target, _UNKNOWN)

    def keep_pace(self, claim: Claim, pace: Pace) -> None:
        """Remember the pace of the target of *claim*."""
        self._paces.put(claim.delivery.target_key, pace)
        self._note_busy(claim, is_busy=pace.is_held)

    def busy_at(self, place: Place) -> int:
        """Return how many claims of *place*, waiting or under way, are for targets that are held."""
        host, busy = self._hosts.get(place.host), self._busy.get(place, {})
        lines = host.waiting.get(place.client_id, OrderedDict[str, Line]()) if host else OrderedDict[str, Line]()
        return sum(len(lines.get(target.target, ())) + self._under_way[target] for target in busy)

    def _note_busy(self, claim: Claim, *, is_busy: bool) -> None:
        if not is_busy and not self._busy:
            return
        target, place = claim.delivery.target_key, claim.delivery.place
        if is_busy:
            self._busy.setdefault(place, {})[target] = None
        elif target in (busy := self._busy.get(place, {})):
            del busy[target]
            if not busy:
                del self._busy[place]

    def waiting_for(self, claim: Claim) -> int:
        """Return how many wait in the line of *claim*."""
        return len(self._line_of(claim))

    def put(self, waiting: Waiting) -> None:
        """Let a claim wait for its turn."""
        delivery, target = waiting.claim.delivery, waiting.claim.delivery.target_key
        host = self._hosts.setdefault(delivery.host, _Host())
        lines = host.waiting.setdefault(delivery.client_id, OrderedDict())
        line = lines.setdefault(delivery.target, Line())
        if not line and not self._under_way[target]:
            self._idle.add(target)
        line.append(waiting)
        self._note_busy(waiting.claim, is_busy=self.pace_of(target).is_held)
        self._stirred[delivery.host] = None

    def _line_of(self, claim: Claim) -> Line:
        host = self._hosts.get(claim.delivery.host)
        lines = host.waiting.get(claim.delivery.client_id) if host else None
        return lines.get(claim.delivery.target, Line()) if lines else Line()

    def begin(self, *, now_ms: float) -> Iterator[Waiting]:
        """Yield the claims whose attempts may begin now, each of which counts as under way from then on."""
        if self._earliest_ms <= now_ms:
            for ready in [host for host, ready_at_ms in self._timed.items() if ready_at_ms <= now_ms]:
                del self._timed[ready]
                self._stirred[ready] = None
            self._earliest_ms = min(self._timed.values(), default=inf)
        while self._all_under_way < self.sending_max and (name := self._next_host()) is not None:
            self._timed.pop(name, None)
            if (host := self._hosts.get(name)) is not None:
                yield from self._begin_at(name, host, now_ms=now_ms)

    def _next_host(self) -> str | None:
        """Take out a host where something may begin: one where something has changed, else one of a client's."""
        if self._stirred:
            name = next(iter(self._stirred))
            del self._stirred[name]
            return name
        for client_id, names in self._short_of_share.items():
            if not self._has_its_share(client_id):
                name = next(iter(names))
                del names[name], self._short_of_share[client_id]
                if names:  # At the end of the line.
                    self._short_of_share[client_id] = names
                return name
        return None

    def _has_its_share(self, client_id: str) -> bool:
        return share_is_used_up(self._by_client[client_id], of=self.sending_max, taken=self._all_under_way)

    def ended(self, claim: Claim) -> None:
        """Count the attempt of *claim* as under way no more."""
        target, name = claim.delivery.target_key, claim.delivery.host
        host = self._hosts[name]
        host.under_way -= 1
        self._all_under_way -= 1
        count_less(host.by_client, target.client_id)
        count_less(self._by_client, target.client_id)
        count_less(self._under_way, target)
        if not self._under_way[target] and not self._line_of(claim):
            self._note_busy(claim, is_busy=False)
        self._stirred[name] = None
        self._forget_if_idle(name, host)

    def shorten(self, claim: Claim, *, to: int) -> list[Waiting]:
        """Take out what waits in the line of *claim* beyond the first so many, the last first."""
        line = self._line_of(claim)
        self._stirred[claim.delivery.host] = None
        taken = [line.pop() for _ in range(len(line) - to)]
        if not line:
            self._idle.discard(claim.delivery.target_key)
        return taken

    def call_off(self) -> list[Waiting]:
        """Take out all that waits."""
        taken: list[Waiting] = []
        for name, host in list(self._hosts.items()):
            taken += [waiting for lines in host.waiting.values() for line in lines.values() for waiting in line]
            host.waiting.clear()
            self._forget_if_idle(name, host)
        self._idle.clear()
        self._short_of_share.clear()
        return taken

    def _forget_if_idle(self, name: str, host: _Host) -> None:
        if not host.under_way and not host.waiting:
            self._hosts.pop(name, None)
            self._timed.pop(name, None)

    def _begin_at(self, name: str, host: _Host, *, now_ms: float) -> Iterator[Waiting]:
        passed_over = 0
        while passed_over < len(host.waiting) and host.under_way < self.per_host_max:
            if self._all_under_way >= self.sending_max:
                self._stirred[name] = None
                break
            client_id, lines = host.waiting.popitem(last=False)
            claim = self._next_of(name, host, client_id, lines, now_ms=now_ms)
            if lines:
                host.waiting[client_id] = lines
            if claim is not None:
                passed_over = 0
                yield claim
            elif lines:
                passed_over += 1
        self._forget_if_idle(name, host)

    def _next_of(
        self, name: str, host: _Host, client_id: str, lines: OrderedDict[str, Line], *, now_ms: float
    ) -> Waiting | None:
        """Take the next claim of one client's lines; drop those that are empty."""
        if share_is_used_up(host.by_client[client_id], of=self.per_host_max, taken=host.under_way):
            return None
        if self._has_its_share(client_id):
            self._short_of_share.setdefault(client_id, {})[name] = None
            return None
        for _ in range(len(lines)):
            target, line = lines.popitem(last=False)
            if not line:
                continue
            claim = self._first_of(name, Target(client_id, target), line, now_ms=now_ms)
            if line:
                lines[target] = line
            if claim is not None:
                host.under_way += 1
                host.by_client[client_id] += 1
                return claim
        return None

    def _first_of(self, name: str, target: Target, line: Line, *, now_ms: float) -> Waiting | None:
        pace, under_way = self.pace_of(target), self._under_way[target]
        if under_way >= pace.width:
            return None
        if pace.ready_at_ms > now_ms:
            self._timed[name] = min(self._timed.get(name, inf), pace.ready_at_ms)
            self._earliest_ms = min(self._earliest_ms, pace.ready_at_ms)
            return None
        self._paces.put(target, pace.begun(now_ms=now_ms, is_first=target in self._idle))
        self._idle.discard(target)
        self._under_way[target] += 1
        self._by_client[target.client_id] += 1
        self._all_under_way += 1
        return line.popleft()
