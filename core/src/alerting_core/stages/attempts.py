"""The attempts of one sender: what waits for its turn, what is under way, what has ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from math import ceil, isfinite
from typing import Final

from alerting_core import limits
from alerting_core.delivery.appointments import Appointments, again_at_ms
from alerting_core.delivery.circuits import give_up
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.delivery.turns import Turns, Waiting
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import DeliveryEvent, Reason
from alerting_core.ports.clock import Clock

_LEASE_LEFT_MS_MIN: Final = limits.REQUEST_MS_MAX * 3 // 2
"""What must be left of a lease to begin an attempt: the longest attempt, and time to record it."""

REFUSALS_TO_GIVE_UP: Final = 5
"""In a row, as this sender sees it: a target that takes something now and then is busy, and not lost."""


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
        turns: Turns,
        schedule: RetrySchedule,
        on_end: Callable[[], None],
    ) -> None:
        """Have no attempt under way.

        Args:
            make: Makes one attempt. An exception of it is a bug, which `raise_bug` tells.
            clock: Of this process.
            turns: Says whose attempt begins next.
            schedule: Says for how long a target may be too busy.
            on_end: Called whenever an attempt has ended.
        """
        self.ended: list[Outcome] = []
        self.unsent: list[Claim] = []
        self._make, self._clock, self._turns, self._schedule, self._on_end = make, clock, turns, schedule, on_end
        self._appointments = Appointments()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopping = False
        self._bug: BaseException | None = None

    def raise_bug(self) -> None:
        """Raise what an attempt was ended by, if one was."""
        if self._bug is not None:
            raise self._bug

    def add(self, claim: Claim, *, lease_ends_at_ms: float) -> None:
        """Let *claim* wait for its turn, or for another time; *lease_ends_at_ms* is on the monotonic clock.

        Nothing begins before `begin` is called.
        """
        now_ms, pace = self._clock.monotonic_ms(), self._turns.pace_of(claim.delivery.target_key)
        waiting = self._turns.waiting_for(claim) if pace.is_held else 0
        if not pace.is_held or self._appointments.admits(claim, pace, waiting=waiting, now_ms=now_ms):
            self._turns.put(Waiting(claim, lease_ends_at_ms))
        else:
            self._send_away(claim)

    def begin(self) -> None:
        """Begin all attempts whose turn it is."""
        if self._is_stopping:
            return
        now_ms = self._clock.monotonic_ms()
        for waiting in self._turns.begin(now_ms=now_ms):
            task = asyncio.create_task(self._attempt(waiting), name=attempt_name(waiting.claim))
            self._tasks.add(task)
            task.add_done_callback(self._finished)
        self._wake_at(self._turns.ready_at_ms)

    def call_off_waiting(self) -> None:
        """Leave unsent what waits for its turn, and begin nothing more."""
        self._is_stopping = True
        self._wake_at(float("inf"))
        self.unsent += [waiting.claim for waiting in self._turns.call_off()]

    async def end(self, *, within_ms: int) -> None:
        """Wait for the attempts under way, and cut off those that take longer."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within_ms / 1_000)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _wake_at(self, at_ms: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if isfinite(at_ms):
            # In whole milliseconds: rounded down, it would be too early, and again at once.
            delay_ms = max(1, ceil(at_ms - self._clock.monotonic_ms()))
            self._timer = asyncio.get_running_loop().call_later(delay_ms / 1_000, self.begin)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():  # Else everything is being called off, and what waits is not to begin in its place.
            if (error := task.exception()) is not None:
                self._bug = error
            else:
                self.begin()
        self._on_end()

    async def _attempt(self, waiting: Waiting) -> None:
        claim, begun_at_ms = waiting.claim, self._clock.monotonic_ms()
        try:
            if waiting.lease_ends_at_ms - begun_at_ms < _LEASE_LEFT_MS_MIN:
                self.unsent.append(claim)
            else:
                self.ended.append(self._learn(await self._make(claim), begun_at_ms=begun_at_ms))
        finally:
            self._turns.ended(claim)

    def _learn(self, outcome: Outcome, *, begun_at_ms: float) -> Outcome:
        """Let the pace of the target follow from *outcome*, and return that as it is to be recorded."""
        claim = outcome.claim
        target = claim.delivery.target_key
        pace, now_ms = self._turns.pace_of(target), self._clock.monotonic_ms()
        if outcome.attempt is None or outcome.reason is Reason.CIRCUIT_OPEN:
            return outcome
        if outcome.reason is not Reason.RATE_LIMITED:
            took = outcome.event is DeliveryEvent.ACCEPTED
            self._turns.keep_pace(claim, pace.took(begun_at_ms=begun_at_ms) if took else pace.failed())
            return outcome
        wall_ms = self._clock.now_ms()
        asked_ms = max(0, (outcome.next_attempt_at_ms or 0) - wall_ms)
        pace = pace.refused(begun_at_ms=begun_at_ms, now_ms=now_ms, asked_ms=asked_ms)
        self._turns.keep_pace(claim, pace)
        for waiting in self._turns.shorten(claim, to=self._appointments.fit(pace, now_ms=now_ms)):
            self._send_away(waiting.claim)
        is_over = self._schedule.is_over_for(claim.delivery, now_ms=wall_ms, least_ms=limits.BUSY_MS_MIN)
        if pace.refusals >= REFUSALS_TO_GIVE_UP and is_over:
            return give_up(outcome)
        at_ms = again_at_ms(claim, pace, now_ms=now_ms, wall_ms=wall_ms)
        return replace(outcome, next_attempt_at_ms=wall_ms + round(at_ms - now_ms))

    def _send_away(self, claim: Claim) -> None:
        pace = self._turns.pace_of(claim.delivery.target_key)
        now_ms, wall_ms = self._clock.monotonic_ms(), self._clock.now_ms()
        self.ended.append(self._appointments.give(claim, pace, now_ms=now_ms, wall_ms=wall_ms))


def attempt_name(claim: Claim) -> str:
    """Return the name of the task that makes the attempt of *claim*; no other claim has it."""
    return f"{claim.delivery.delivery_id} by {claim.owner}"
