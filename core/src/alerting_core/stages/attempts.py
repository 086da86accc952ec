"""The attempts that a sender has under way, and the reclaimer that takes back what gone senders had leased."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from alerting_core import limits
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import AbandonedLeases
from alerting_core.stages.batch import BatchReport, Count, StageName

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


RECLAIM_BATCH_MAX: Final = limits.HELD_CLAIMS_MAX
"""Leases taken back in one step: as many as one sender holds."""

_GAP_MS_MAX: Final = 3 * limits.ABSENCE_LOOK_MS
"""Between two looks that are taken for one absence: a sender may have come and gone in a longer one."""


class Reclaimer:
    """Leases of absent senders → due deliveries."""

    def __init__(
        self,
        leases: AbandonedLeases,
        clock: Clock,
        *,
        own: str,
        is_alone: bool = False,
        lease_ms: int = limits.LEASE_MS,
        absent_ms: int = limits.SENDER_ABSENT_MS,
    ) -> None:
        """Wire a reclaimer.

        Args:
            leases: What senders hold.
            clock: Of this process.
            own: The sender of this process, which lives whatever the store says.
            is_alone: Whether there is no other process: whoever is absent at the first look is gone.
            lease_ms: How long leases last.
            absent_ms: How long a sender must have been absent.
        """
        self._leases, self._clock, self._own = leases, clock, own
        self._is_certain = is_alone
        self._lease_ms, self._absent_ms = lease_ms, absent_ms
        self._absent_since_ms: dict[str, float] = {}
        self._looked_at_ms = 0.0

    async def step(self) -> BatchReport:
        """Look who is absent; take back what those hold that have been so for long."""
        now_ms = self._clock.now_ms()
        absent = set(await self._leases.absent(now_ms=now_ms, lease_ms=self._lease_ms)) - {self._own}
        gone = self._gone(absent)
        self._is_certain = False
        if not gone:
            return BatchReport(StageName.RECLAIMER)
        taken = await self._leases.take_back(gone, now_ms=now_ms, lease_ms=self._lease_ms, limit=RECLAIM_BATCH_MAX)
        return BatchReport(StageName.RECLAIMER, counts={Count.DELIVERIES_RECLAIMED: taken})

    def _gone(self, absent: Collection[str]) -> Collection[str]:
        """Return those that were absent at every look for long enough."""
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._looked_at_ms > _GAP_MS_MAX:
            self._absent_since_ms.clear()
        self._looked_at_ms = now_ms
        self._absent_since_ms = {sender: self._absent_since_ms.get(sender, now_ms) for sender in absent}
        if self._is_certain:
            return absent
        return [sender for sender, since_ms in self._absent_since_ms.items() if now_ms - since_ms >= self._absent_ms]
