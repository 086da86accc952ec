"""Running stages: one step after the other, several side by side, until they are asked to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

from alerting_core.errors import AlertingError
from alerting_core.ports.clock import Clock
from alerting_core.stages.batch import BatchReport

BACKOFF_MS_BASE: Final = 50
"""First pause after a failed step: a dropped connection is usually back at once."""

BACKOFF_MS_MAX: Final = 2_000
"""Longest pause: work goes on within about two seconds after a resource has come back."""

_DOUBLINGS_MAX: Final = 10


class Stage(Protocol):
    """Anything that does its work in steps."""

    async def step(self) -> BatchReport:
        """Do one bounded batch of work."""
        ...


@runtime_checkable
class DrainableStage(Stage, Protocol):
    """A stage that has work under way beside its steps."""

    async def drain(self) -> BatchReport:
        """Begin nothing more, and end what is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A step failed for a reason that may pass.

    Attributes:
        in_a_row: 1 for the first failure since a step succeeded.
        pause_ms: How long the loop waits before it tries again.
    """

    error: AlertingError
    in_a_row: int
    pause_ms: int


def backoff_ms(failures_in_a_row: int) -> int:
    """Return the pause after that many failed steps, doubling from `BACKOFF_MS_BASE` up to `BACKOFF_MS_MAX`."""
    return min(BACKOFF_MS_MAX, BACKOFF_MS_BASE << min(failures_in_a_row - 1, _DOUBLINGS_MAX))


def _report_nowhere(_: Failure) -> None:
    return


async def retry_until_stopped(
    work: Callable[[], Awaitable[None]],
    *,
    stop: asyncio.Event,
    on_failure: Callable[[Failure], None] = _report_nowhere,
    pause_ms: Callable[[int], int] = backoff_ms,
) -> bool:
    """Do *work* until it succeeds; return False when *stop* was set before it did. It is tried once in any case.

    After a retryable error the work is done again from its start: nothing of it may count as done. Any other exception
    is raised, for it would come again.

    Args:
        work: What to do.
        stop: Set from outside to end.
        on_failure: Called with every retryable failure.
        pause_ms: Gives the pause after that many failures in a row.
    """
    failures = 0
    while True:
        try:
            await work()
        except AlertingError as error:
            if not error.retryable:
                raise
            failures += 1
            failure = Failure(error, failures, pause_ms(failures))
            on_failure(failure)
            await pause(stop, failure.pause_ms)
            if stop.is_set():
                return False
        else:
            return True


def _never_waited() -> float:
    return 0.0


async def run_steps(
    stage: Stage,
    *,
    clock: Clock,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[Failure], None],
    idle_pause_ms: int = 0,
    take_waited_ms: Callable[[], float] = _never_waited,
) -> None:
    """Run steps until *stop* is set; a step under way is finished first.

    A step that fails with a retryable error is run again after a pause: nothing of it was committed. Any other
    exception is a bug and ends the loop, for who runs it to end the process.

    Args:
        stage: Whose steps to run.
        clock: Measures how long they take.
        stop: Set from outside to end.
        on_report: Called with the report of every step.
        on_failure: Called with every retryable failure.
        idle_pause_ms: How long to wait after a step that found nothing to do, for stages that do not wait themselves.
        take_waited_ms: Gives how long the step that just ended waited for records, which is no work.
    """

    async def step() -> None:
        begun_ms = clock.monotonic_ms()
        try:
            report = await stage.step()
        except AlertingError:
            take_waited_ms()
            raise
        took_ms = max(0.0, clock.monotonic_ms() - begun_ms - take_waited_ms())
        on_report(replace(report, took_ms=took_ms))
        if report.is_idle and idle_pause_ms:
            await pause(stop, idle_pause_ms)

    while not stop.is_set():
        await retry_until_stopped(step, stop=stop, on_failure=on_failure)


async def pause(stop: asyncio.Event, pause_ms: int) -> None:
    """Wait *pause_ms*, or until *stop* is set."""
    try:
        async with asyncio.timeout(pause_ms / 1_000):
            await stop.wait()
    except TimeoutError:
        return


class Wakeup:
    """An event that the one who waits for it uses up."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake whoever waits, or let the next wait return at once."""
        self._event.set()

    async def wait(self, *, wait_ms: int) -> bool:
        """Wait until it is set, at most *wait_ms*; return whether it was, and clear it."""
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
