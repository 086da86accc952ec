"""Sender: claims deliveries that are due, makes their attempts side by side, and records what they came to.

Theory of operation. A step records what has ended since the last one and, side by side with that, claims what there is
room for and starts it; it waits only when there is neither. So claims and records are batches of whatever has come
together meanwhile, and one slow endpoint holds up nobody: `ClaimWindows` bounds what is held of a client and of a host,
`Turns` what is sent at once, each in its turn and at the pace of its target, and `Circuits` postpones what would only
time out.

A claim is a lease. It is given back unsent when it waited so long for its host's turn that the lease could end during
the attempt, since another sender might have it by then, and when this one stops before its turn has come. Outcomes are
kept until the store has taken them, however long it is away; if the leases end meanwhile, the attempts are made again
with the same webhook-id: at least once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from alerting_core import limits
from alerting_core.delivery.circuits import Circuits
from alerting_core.delivery.ends import hold_for_firing
from alerting_core.delivery.plan import render
from alerting_core.delivery.retry import RetrySchedule, judge, skip
from alerting_core.delivery.turns import Turns
from alerting_core.delivery.windows import ClaimWindows
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import DeliveryEvent, Reason
from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import DeliveryStore, Transport
from alerting_core.ports.metrics import Circuit, Gauge
from alerting_core.stages.attempts import Attempts
from alerting_core.stages.batch import BatchReport, Count, StageName
from alerting_core.stages.loop import Wakeup

_EVENT_COUNTS: Final[Mapping[DeliveryEvent | None, Count]] = {
    DeliveryEvent.ACCEPTED: Count.DELIVERIES_DELIVERED,
    DeliveryEvent.RETRY_LATER: Count.DELIVERIES_RETRYING,
    DeliveryEvent.GIVEN_UP: Count.DELIVERIES_DEAD,
    DeliveryEvent.NOT_WANTED: Count.DELIVERIES_SKIPPED,
    None: Count.DELIVERIES_POSTPONED,
}


class ClaimSize:
    """How many deliveries a sender claims at a time: no more than the store leases within `CLAIM_MS_MAX` or so.

    Attributes:
        most: For how many the next claim may be.
    """

    def __init__(self, most: int) -> None:
        """Begin with a quarter of *most*, since nothing is in the store's cache yet, and never go beyond it."""
        self._least, self._ceiling = min(most, limits.CLAIM_DELIVERIES_MIN), most
        self.most = max(self._least, most // 4)

    def learn(self, claimed: int, *, took_ms: float) -> None:
        """Learn how long it took to claim so many."""
        if took_ms > limits.CLAIM_MS_MAX:
            self.most = max(self._least, int(min(claimed, self.most) * limits.CLAIM_MS_MAX / took_ms))
        elif claimed >= self.most:
            self.most = min(self._ceiling, self.most * 5 // 4 + 1)


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How a sender goes about it.

    Attributes:
        held_max: Claims held at once, sending and waiting.
        claim_max: Claimed, and recorded, at a time; fewer are claimed while that takes long.
        per_host_claim_max: Claims of one host taken at a time, also of one that nothing is known of: an eighth of all.
        sending_max: Attempts under way at once.
        per_host_sending_max: Of these at one host.
        idle_wait_ms: Longest wait before looking for due deliveries again; those of other processes are found so.
        drain_ms: How long attempts under way may take to end when stopping; within the time that orchestrators give.
    """

    schedule: RetrySchedule = field(default_factory=RetrySchedule)
    held_max: int = limits.HELD_CLAIMS_MAX
    claim_max: int = limits.CLAIM_DELIVERIES_MAX
    per_host_claim_max: int = 256
    sending_max: int = limits.SENDING_MAX
    per_host_sending_max: int = limits.HOST_CONCURRENCY_MAX
    lease_ms: int = limits.LEASE_MS
    idle_wait_ms: int = 250
    drain_ms: int = 8_000


class Sender:
    """Due deliveries → attempts → recorded outcomes."""

    def __init__(
        self,
        store: DeliveryStore,
        transport: Transport,
        clock: Clock,
        new_owner: Callable[[], str],
        *,
        policy: DeliveryPolicy,
        wakeup: Wakeup,
    ) -> None:
        """Wire a sender.

        Args:
            store: Of deliveries and attempts.
            transport: Carries the messages.
            clock: Of this process.
            new_owner: Gives a name that no other claim has or will have.
            policy: Bounds and schedule.
            wakeup: Set by a dispatcher of the same process when something is due, and here when an attempt ends.
        """
        self._store, self._transport, self._clock, self._new_owner = store, transport, clock, new_owner
        self._policy, self._wakeup = policy, wakeup
        self._claim_size = ClaimSize(policy.claim_max)
        self._windows = ClaimWindows(policy.held_max)
        self._circuits = Circuits(policy.schedule)
        self._turns = Turns(sending_max=policy.sending_max, per_host_max=policy.per_host_sending_max)
        self._attempts = Attempts(self._outcome, clock, turns=self._turns, schedule=policy.schedule, on_end=wakeup.set)

    async def step(self) -> BatchReport:
        """Record what has ended, start what is due; wait for either when there is neither."""
        self._attempts.raise_bug()
        looked_at_ms = self._clock.now_ms()
        counts, claimed = await _both(self._record(), self._claim())
        counts[Count.DELIVERIES_CLAIMED] += claimed
        if not any(counts.values()):
            await self._wakeup.wait(wait_ms=await self._idle_wait_ms(looked_at_ms))
        return BatchReport(StageName.SENDER, received=claimed, counts=counts)

    def gauges(self) -> Mapping[Gauge, int]:
        """Return how many claims are held, and how many targets and hosts are left alone."""
        return {
            Gauge.DELIVERIES_HELD: self._windows.held,
            Gauge.CIRCUITS_OPEN: len(self._circuits.hosts()) + len(self._circuits.targets()),
        }

    def circuits(self) -> Sequence[Circuit]:
        """Return what is left alone or tried out, the latest first: hosts, then hosts of single targets."""
        hosts = self._circuits.hosts()
        at_hosts = self._circuits.targets_at_hosts()
        return [
            *(Circuit(host, str(state)) for host, state in reversed(hosts.items())),
            *(Circuit(host, str(state), targets) for host, (state, targets) in at_hosts.items() if host not in hosts),
        ]

    async def drain(self) -> BatchReport:
        """Claim no more; give back at once what waits for its turn, let the attempts under way end, and record them.

        What has not ended within `drain_ms` is cut off: its lease runs out and another sender makes the attempt again.
        """
        self._attempts.call_off_waiting()
        # What cannot be given back now is tried once more when the attempts have ended.
        counts, _ = await asyncio.gather(
            self._record_if_possible(), self._attempts.end(within_ms=self._policy.drain_ms)
        )
        while self._attempts.ended or self._attempts.unsent:
            counts += await self._record()
        return BatchReport(StageName.SENDER, counts=counts)

    async def _record_if_possible(self) -> Counter[Count]:
        try:
            return await self._record()
        except AlertingError as error:
            if not error.retryable:
                raise
            return Counter()

    async def _record(self) -> Counter[Count]:
        counts, attempts = Counter[Count](), self._attempts
        if ended := attempts.ended[: self._policy.claim_max]:
            moved = await self._store.record_outcomes(ended, now_ms=self._clock.now_ms())
            del attempts.ended[: len(ended)]
            for outcome, in_time in zip(ended, moved, strict=True):
                counts[_EVENT_COUNTS[outcome.event] if in_time else Count.OUTCOMES_TOO_LATE] += 1
                self._give_back(outcome.claim)
        if unsent := attempts.unsent[:]:
            await self._store.release(unsent, now_ms=self._clock.now_ms())
            del attempts.unsent[: len(unsent)]
            counts[Count.DELIVERIES_RELEASED] += len(unsent)
            for claim in unsent:
                self._give_back(claim)
        return counts

    def _give_back(self, claim: Claim) -> None:
        self._windows.give_back(claim.delivery.place)

    async def _claim(self) -> int:
        room = min(self._claim_size.most, self._policy.held_max - self._windows.held)
        if room <= 0:
            return 0
        begun_at_ms = self._clock.monotonic_ms()
        claims = await self._store.claim_due(
            owner=self._new_owner(),
            now_ms=self._clock.now_ms(),
            lease_ms=self._policy.lease_ms,
            limit=room,
            per_host_max=self._policy.per_host_claim_max,
            hosts_excluded=self._windows.full_hosts(),
            clients_excluded=self._windows.full_clients(),
            places_excluded=self._windows.full_places(self._turns.busy_at),
        )
        self._claim_size.learn(len(claims), took_ms=self._clock.monotonic_ms() - begun_at_ms)
        for claim in claims:
            self._windows.take(claim.delivery.place)
            # What is not to be sent waits for no turn.
            outcome = skip(claim)
            if outcome is None and claim.delivery.follows is not None:
                outcome = hold_for_firing(claim, now_ms=self._clock.now_ms())
            if outcome is not None:
                self._attempts.ended.append(outcome)
            else:
                self._attempts.add(claim, lease_ends_at_ms=begun_at_ms + self._policy.lease_ms)
        self._attempts.begin()
        return len(claims)

    async def _outcome(self, claim: Claim) -> Outcome:
        started_at_ms = self._clock.now_ms()
        if (refused := self._circuits.refuse(claim, now_ms=started_at_ms)) is not None:
            return refused
        reply = await self._transport.send(render(claim, now_ms=started_at_ms))
        now_ms = self._clock.now_ms()
        outcome = judge(claim, reply, schedule=self._policy.schedule, started_at_ms=started_at_ms, now_ms=now_ms)
        outcome = self._circuits.learn(claim, outcome, now_ms=now_ms)
        if outcome.reason is not Reason.RATE_LIMITED:  # That is one target's, whose pace follows from it.
            self._windows.learn(claim.delivery.place, answered_well=outcome.event is DeliveryEvent.ACCEPTED)
        return outcome

    async def _idle_wait_ms(self, looked_at_ms: int) -> int:
        """Return how long to wait when nothing could be claimed: what was due already waits for its host, not for time.

        Args:
            looked_at_ms: What became due after it may be claimed by now.
        """
        due_at_ms, longest_ms = await self._store.next_due_ms(), self._policy.idle_wait_ms
        if due_at_ms is None or due_at_ms <= looked_at_ms:
            return longest_ms
        return min(max(due_at_ms - self._clock.now_ms(), 0), longest_ms)


T = TypeVar("T")
U = TypeVar("U")


async def _both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Run both to their ends, whatever becomes of each: what was claimed must be known, what was recorded forgotten.

    Raises the error of *one* if it has one, else that of *other*.
    """
    first, second = asyncio.ensure_future(one), asyncio.ensure_future(other)
    await asyncio.gather(first, second, return_exceptions=True)
    return first.result(), second.result()
