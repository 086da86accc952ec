"""Sender: claims deliveries that are due, makes their attempts side by side, and records what they came to.

Theory of operation. A step records what has ended since the last one and, side by side with that, claims what there is
room for and starts it; it waits only when there is neither. So claims and records are batches of whatever has come
together meanwhile, and one slow endpoint holds up nobody: `HostWindows` bounds what one host may hold, a semaphore
bounds what is sent to it at once, and the breaker postpones what a dead host would only let time out.

A claim is a lease. It is given back unsent when it waited so long for its host's turn that the lease could end during
the attempt, since another sender might have it by then, and when this one stops before its turn has come. Outcomes are
kept until the store has taken them, however long it is away; if the leases end meanwhile, the attempts are made again
with the same webhook-id: at least once.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from alerting_core import limits
from alerting_core.delivery.ends import hold_for_firing
from alerting_core.delivery.hosts import Breakers, HostWindows
from alerting_core.delivery.plan import render
from alerting_core.delivery.retry import RetrySchedule, judge, skip
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import DeliveryEvent
from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import DeliveryStore, Transport
from alerting_core.ports.metrics import Circuit, Gauge
from alerting_core.stages.batch import BatchReport, Count, StageName
from alerting_core.stages.loop import Wakeup

_LEASE_LEFT_MS_MIN: Final = limits.REQUEST_MS_MAX * 3 // 2
"""What must be left of a lease to begin an attempt: the longest attempt, and time to record it."""


class Attempts:
    """The attempts of one sender.

    Attributes:
        ended: Outcomes that nobody has recorded yet, in the order in which they came.
        unsent: Claims by which nothing was sent, to be given back.
    """

    def __init__(
        self,
        make: Callable[[Claim], Awaitable[Outcome]],
        clock: Clock,
        *,
        per_host_max: int,
        on_end: Callable[[], None],
    ) -> None:
        """Have no attempt under way.

        Args:
            make: Makes one attempt. An exception of it is a bug, which `raise_bug` tells.
            clock: Of this process.
            per_host_max: Attempts made at one host at once.
            on_end: Called whenever an attempt has ended.
        """
        self.ended: list[Outcome] = []
        self.unsent: list[Claim] = []
        self._make, self._clock = make, clock
        self._per_host_max, self._on_end = per_host_max, on_end
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Task[None], Claim] = {}
        self._bug: BaseException | None = None

    def raise_bug(self) -> None:
        """Raise what an attempt was ended by, if one was."""
        if self._bug is not None:
            raise self._bug

    def start(self, claim: Claim, *, lease_ends_at_ms: float) -> None:
        """Make the attempt of *claim* when its host's turn comes; *lease_ends_at_ms* is on the monotonic clock."""
        task = asyncio.create_task(self._attempt(claim, lease_ends_at_ms), name=attempt_name(claim))
        self._tasks.add(task)
        self._waiting[task] = claim
        task.add_done_callback(self._finished)

    def forget(self, host: str) -> None:
        """Forget a host of which no claim is held any more."""
        self._turns.pop(host, None)

    def call_off_waiting(self) -> None:
        """Leave unsent what waits for its turn."""
        for task, claim in self._waiting.items():
            task.cancel()
            self.unsent.append(claim)
        self._waiting.clear()

    async def end(self, *, within_ms: int) -> None:
        """Wait for the attempts under way, and cut off those that take longer."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within_ms / 1_000)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._bug = error
        self._on_end()

    async def _attempt(self, claim: Claim, lease_ends_at_ms: float) -> None:
        turn = self._turns.setdefault(claim.delivery.host, asyncio.Semaphore(self._per_host_max))
        async with turn:
            task = asyncio.current_task()
            assert task is not None
            del self._waiting[task]
            if lease_ends_at_ms - self._clock.monotonic_ms() < _LEASE_LEFT_MS_MIN:
                self.unsent.append(claim)
            else:
                self.ended.append(await self._make(claim))


def attempt_name(claim: Claim) -> str:
    """Return the name of the task that makes the attempt of *claim*; no other claim has it."""
    return f"{claim.delivery.delivery_id} by {claim.owner}"


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
        per_host_sending_max: Attempts under way at one host at once.
        idle_wait_ms: Longest wait before looking for due deliveries again; those of other processes are found so.
        drain_ms: How long attempts under way may take to end when stopping; within the time that orchestrators give.
    """

    schedule: RetrySchedule = field(default_factory=RetrySchedule)
    held_max: int = limits.HELD_CLAIMS_MAX
    claim_max: int = limits.CLAIM_DELIVERIES_MAX
    per_host_claim_max: int = 256
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
        self._windows = HostWindows()
        self._breakers = Breakers(policy.schedule)
        self._attempts = Attempts(self._outcome, clock, per_host_max=policy.per_host_sending_max, on_end=wakeup.set)

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
        """Return how many claims are held, and how many hosts are left alone."""
        return {
            Gauge.DELIVERIES_HELD: self._windows.held,
            Gauge.CIRCUITS_OPEN: len(self._breakers.troubled()),
        }

    def circuits(self) -> Sequence[Circuit]:
        """Return the hosts that are left alone or tried out, the latest first."""
        return [Circuit(host, str(state)) for host, state in reversed(self._breakers.troubled().items())]

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
        host = claim.delivery.host
        self._windows.give_back(host)
        if not self._windows.held_of(host):
            self._attempts.forget(host)

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
            hosts_excluded=self._windows.full(),
        )
        self._claim_size.learn(len(claims), took_ms=self._clock.monotonic_ms() - begun_at_ms)
        for claim in claims:
            self._windows.take(claim.delivery.host)
            self._attempts.start(claim, lease_ends_at_ms=begun_at_ms + self._policy.lease_ms)
        return len(claims)

    async def _outcome(self, claim: Claim) -> Outcome:
        host, started_at_ms = claim.delivery.host, self._clock.now_ms()
        outcome = skip(claim)
        if outcome is None and claim.delivery.follows is not None:
            outcome = hold_for_firing(claim, now_ms=started_at_ms)
        if outcome is not None or (outcome := self._breakers.refuse(claim, now_ms=started_at_ms)) is not None:
            return outcome
        reply = await self._transport.send(render(claim, now_ms=started_at_ms))
        now_ms = self._clock.now_ms()
        outcome = judge(claim, reply, schedule=self._policy.schedule, started_at_ms=started_at_ms, now_ms=now_ms)
        self._breakers.learn(host, outcome, now_ms=now_ms)
        self._windows.learn(host, answered_well=outcome.event is DeliveryEvent.ACCEPTED)
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
