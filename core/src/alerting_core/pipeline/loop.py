"""Runs the steps of one stage until it is asked to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol, runtime_checkable

from alerting_core.errors import AlertingError
from alerting_core.pipeline.report import BatchReport

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


def _never_waited() -> float:
    return 0.0


async def run_steps(
    stage: Stage,
    *,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[Failure], None],
    idle_pause_ms: int = 0,
    take_waited_s: Callable[[], float] = _never_waited,
) -> None:
    """Run steps until *stop* is set; a step under way is finished first.

    A retryable error is told to *on_failure* and the step is run again after a pause: nothing of it was committed.
    Any other exception is a bug and ends the loop, for who runs it to end the process.

    Args:
        stage: Whose steps to run.
        stop: Set from outside to end.
        on_report: Told of every step.
        on_failure: Told of every retryable failure.
        idle_pause_ms: How long to wait after a step that found nothing to do, for stages that do not wait themselves.
        take_waited_s: Gives how long the step that just ended waited for records, which is no work.
    """
    failures, loop = 0, asyncio.get_running_loop()
    while not stop.is_set():
        begun_s = loop.time()
        try:
            report = await stage.step()
        except AlertingError as error:
            if not error.retryable:
                raise
            take_waited_s()
            failures += 1
            failure = Failure(error, failures, backoff_ms(failures))
            on_failure(failure)
            await pause(stop, failure.pause_ms)
            continue
        failures = 0
        took_ms = max(0.0, loop.time() - begun_s - take_waited_s()) * 1_000
        on_report(replace(report, took_ms=took_ms))
        if report.is_idle and idle_pause_ms:
            await pause(stop, idle_pause_ms)


async def pause(stop: asyncio.Event, pause_ms: int) -> None:
    """Wait *pause_ms*, or until *stop* is set."""
    try:
        async with asyncio.timeout(pause_ms / 1_000):
            await stop.wait()
    except TimeoutError:
        return
