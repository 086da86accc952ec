"""Deliverer: claims deliveries that are due, makes their attempts side by side, and records what they came to.

Theory of operation. A step records what has ended since the last one, claims what there is room for and starts it; it
waits only when there is neither. So claims and records are batches of whatever has come together meanwhile, and one
slow endpoint holds up nobody: `HostWindows` bounds what one host may hold, a semaphore bounds what is sent to it at
once, and the breaker postpones what a dead host would only let time out.

A claim is a lease. It is given back unsent when it waited so long for its host's turn that the lease could end during
the attempt: another sender might have it by then. Outcomes are kept until the store has taken them, however long it is
away; if the leases end meanwhile, the attempts are made again with the same webhook-id: at least once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alerting_core import limits
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import DeliveryEvent
from alerting_core.pipeline.report import BatchReport, Count, Stage
from alerting_core.pipeline.wakeup import Wakeup
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.metrics import Circuit, Gauge
from alerting_core.ports.transport import Transport
from alerting_core.stages.breaker import Breakers
from alerting_core.stages.judge import judge, skip
from alerting_core.stages.render.message import render
from alerting_core.stages.retry import RetrySchedule
from alerting_core.stages.window import HostWindows

_LEASE_LEFT_MS_MIN: Final = limits.REQUEST_MS_MAX * 3 // 2
"""What must be left of a lease to begin an attempt: the longest attempt, and time to record it."""

_EVENT_COUNTS: Final[Mapping[DeliveryEvent | None, Count]] = {
    DeliveryEvent.ACCEPTED: Count.DELIVERIES_DELIVERED,
    DeliveryEvent.RETRY_LATER: Count.DELIVERIES_RETRYING,
    DeliveryEvent.GIVEN_UP: Count.DELIVERIES_DEAD,
    DeliveryEvent.NOT_WANTED: Count.DELIVERIES_SKIPPED,
    None: Count.DELIVERIES_POSTPONED,
}


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How a deliverer goes about it.

    Attributes:
        held_max: Claims held at once, sending and waiting.
        per_host_claim_max: Claims of one host taken at a time.
        idle_wait_ms: Longest wait before looking for due deliveries again; those of other processes are found so.
        drain_ms: How long attempts under way may take to end when stopping; within the time that orchestrators give.
    """

    schedule: RetrySchedule = field(default_factory=RetrySchedule)
    held_max: int = limits.HELD_CLAIMS_MAX
    claim_max: int = limits.CLAIM_DELIVERIES_MAX
    per_host_claim_max: int = 128
    lease_ms: int = limits.LEASE_MS
    idle_wait_ms: int = 250
    drain_ms: int = 8_000


class Deliverer:
    """Due deliveries → attempts → recorded outcomes."""

    def __init__(
        self,
        store: DeliveryStore,
        transport: Transport,
        clock: Clock,
        new_owner: Callable[[], str],
        *,
        policy: DeliveryPolicy,
        bell: Wakeup,
    ) -> None:
        """Wire a deliverer.

        Args:
            store: Of deliveries and attempts.
            transport: Carries the messages.
            clock: Wall clock.
            new_owner: Gives a name that no other claim has or will have.
            policy: Bounds and schedule.
            bell: Rung by a dispatcher of the same process when something is due; also rung here when an attempt ends.
        """
        self._store, self._transport, self._clock, self._new_owner = store, transport, clock, new_owner
        self._policy, self._bell = policy, bell
        self._windows = HostWindows()
        self._breakers = Breakers(policy.schedule)
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: list[Outcome] = []
        self._unsent: list[Claim] = []
        self._draining = False
        self._bug: BaseException | None = None

    async def step(self) -> BatchReport:
        """Record what has ended, start what is due; wait for either when there is neither."""
        if self._bug is not None:
            raise self._bug
        counts = await self._record()
        looked_at_ms = self._clock.now_ms()
        claimed = await self._claim()
        counts[Count.DELIVERIES_CLAIMED] += claimed
        if not any(counts.values()):
            await self._bell.wait(wait_ms=await self._idle_wait_ms(looked_at_ms))
        return BatchReport(Stage.DELIVERER, received=claimed, counts=counts)

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
        """Claim no more; let the attempts under way end, record them, and give back the rest.

        What has not ended within `drain_ms` is cut off: its lease runs out and another sender makes the attempt again.
        """
        self._draining = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._policy.drain_ms / 1_000)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        counts = await self._record()
        while self._ended or self._unsent:
            counts += await self._record()
        return BatchReport(Stage.DELIVERER, counts=counts)

    async def _record(self) -> Counter[Count]:
        counts = Counter[Count]()
        if ended := self._ended[: self._policy.claim_max]:
            moved = await self._store.record_outcomes(ended, now_ms=self._clock.now_ms())
            del self._ended[: len(ended)]
            for outcome, in_time in zip(ended, moved, strict=True):
                counts[_EVENT_COUNTS[outcome.event] if in_time else Count.OUTCOMES_TOO_LATE] += 1
                self._give_back(outcome.claim)
        if unsent := self._unsent[:]:
            await self._store.release(unsent, now_ms=self._clock.now_ms())
            del self._unsent[: len(unsent)]
            counts[Count.DELIVERIES_RELEASED] += len(unsent)
            for claim in unsent:
                self._give_back(claim)
        return counts

    def _give_back(self, claim: Claim) -> None:
        host = claim.delivery.host
        self._windows.give_back(host)
        if not self._windows.held_of(host):
            self._turns.pop(host, None)

    async def _claim(self) -> int:
        room = min(self._policy.claim_max, self._policy.held_max - self._windows.held)
        if room <= 0:
            return 0
        lease_ends_at = asyncio.get_running_loop().time() + self._policy.lease_ms / 1_000
        claims = await self._store.claim_due(
            owner=self._new_owner(),
            now_ms=self._clock.now_ms(),
            lease_ms=self._policy.lease_ms,
            limit=room,
            per_host_max=self._policy.per_host_claim_max,
            hosts_excluded=self._windows.full(),
        )
        for claim in claims:
            self._windows.take(claim.delivery.host)
            self._start(claim, lease_ends_at)
        return len(claims)

    def _start(self, claim: Claim, lease_ends_at: float) -> None:
        task = asyncio.create_task(self._attempt(claim, lease_ends_at))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._bug = error
        self._bell.ring()

    async def _attempt(self, claim: Claim, lease_ends_at: float) -> None:
        host = claim.delivery.host
        turn = self._turns.setdefault(host, asyncio.Semaphore(limits.HOST_CONCURRENCY_MAX))
        async with turn:
            left_ms = (lease_ends_at - asyncio.get_running_loop().time()) * 1_000
            if self._draining or left_ms < _LEASE_LEFT_MS_MIN:
                self._unsent.append(claim)
            else:
                self._ended.append(await self._outcome(claim))

    async def _outcome(self, claim: Claim) -> Outcome:
        host, started_at_ms = claim.delivery.host, self._clock.now_ms()
        if (outcome := skip(claim) or self._breakers.refuse(claim, now_ms=started_at_ms)) is not None:
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
