"""Runs the stages of one process side by side until they are told to stop."""

import asyncio
from collections.abc import Callable, Iterable

from alerting_core.errors import AlertingError
from alerting_core.pipeline.loop import DrainableStage, Failure, run_steps
from alerting_core.pipeline.report import BatchReport, StageName
from alerting_core.pipeline.wiring import WiredStage


async def run_side_by_side(
    stages: Iterable[WiredStage],
    *,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[StageName, Failure], None],
) -> None:
    """Run all *stages* until *stop* is set, then let what they have under way end.

    An exception that is no retryable `AlertingError` is a bug: it ends all of them and is raised.
    """
    async with asyncio.TaskGroup() as tasks:
        for one in stages:
            tasks.create_task(_run_one(one, stop, on_report, on_failure), name=one.name)


async def _run_one(
    one: WiredStage,
    stop: asyncio.Event,
    on_report: Callable[[BatchReport], None],
    on_failure: Callable[[StageName, Failure], None],
) -> None:
    def failed(failure: Failure) -> None:
        on_failure(one.name, failure)

    timing: dict[str, Callable[[], float]] = {}
    if one.stream is not None:
        timing["take_waited_ms"] = one.stream.take_waited_ms
    await run_steps(
        one.stage,
        clock=one.clock,
        stop=stop,
        on_report=on_report,
        on_failure=failed,
        idle_pause_ms=one.idle_pause_ms,
        **timing,
    )
    if not isinstance(one.stage, DrainableStage):
        return
    try:
        on_report(await one.stage.drain())
    except AlertingError as error:
        # What was sent and could not be recorded is sent again when its lease has ended: at least once.
        if not error.retryable:
            raise
        failed(Failure(error, in_a_row=1, pause_ms=0))
