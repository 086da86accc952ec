"""Runs several conductors of one process side by side until they are told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from alerting_core.errors import AlertingError
from alerting_core.pipeline.loop import Conductor, Failure, run_steps
from alerting_core.pipeline.report import BatchReport, Stage
from alerting_core.pipeline.timed import TimedStream
from alerting_core.ports.clock import Clock

SWEEP_EVERY_MS: Final = 10_000
"""Pause between sweeps that found nothing; an unfinished notification is driven again within about 70 s."""


@dataclass(frozen=True, slots=True)
class Running:
    """A conductor, and how it is run.

    Attributes:
        idle_pause_ms: After a step that found nothing to do, for a conductor that does not wait itself.
        drain: Ends what the conductor has under way beside its steps.
        stream: What the conductor reads, if it is told how long it waited for it.
    """

    stage: Stage
    conductor: Conductor
    idle_pause_ms: int = 0
    drain: Callable[[], Awaitable[BatchReport]] | None = None
    stream: TimedStream | None = None


async def run_side_by_side(
    conductors: Iterable[Running],
    *,
    clock: Clock,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[Stage, Failure], None],
) -> None:
    """Run all *conductors* until *stop* is set, then let what they have under way end.

    An exception that is no retryable `AlertingError` is a bug: it ends all of them and is raised.
    """
    async with asyncio.TaskGroup() as tasks:
        for one in conductors:
            tasks.create_task(_run_one(one, clock, stop, on_report, on_failure), name=one.stage)


async def _run_one(
    one: Running,
    clock: Clock,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[Stage, Failure], None],
) -> None:
    def failed(failure: Failure) -> None:
        on_failure(one.stage, failure)

    timing: dict[str, Callable[[], float]] = {}
    if one.stream is not None:
        timing["take_waited_ms"] = one.stream.take_waited_ms
    await run_steps(
        one.conductor,
        clock=clock,
        stop=stop,
        on_report=on_report,
        on_failure=failed,
        idle_pause_ms=one.idle_pause_ms,
        **timing,
    )
    if one.drain is None:
        return
    try:
        on_report(await one.drain())
    except AlertingError as error:
        # What was sent and could not be recorded is sent again when its lease has ended: at least once.
        if not error.retryable:
            raise
        failed(Failure(error, in_a_row=1, pause_ms=0))
