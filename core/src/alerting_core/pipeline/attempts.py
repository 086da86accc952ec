"""Attempts under way side by side: each in a task of its own, bounded per host, and ending as an outcome or unsent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from alerting_core import limits
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.ports.clock import Clock

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
