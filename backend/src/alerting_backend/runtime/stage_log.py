"""Tells of what the stages do: figures for the meter, and a quiet log.

A busy stage makes hundreds of steps a second. What they did is summed up, and told at most once in a while.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from alerting_backend.settings import LogFormat
from alerting_core.pipeline.loop import Failure
from alerting_core.pipeline.meter import StageMeter
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.ports.clock import Clock

_FAILURES_REPORTED: Final = frozenset({1, 3, 10})

STARTING_MS: Final = 2_000
"""For so long a stage that has done no step yet may wait for what starts beside it, without a warning."""

TELL_EVERY_S: Final[Mapping[LogFormat, float]] = {"console": 5.0, "json": 1.0}
"""How often stages that did something are told of: what people can follow, and what programs can count on."""

_log = structlog.get_logger("alerting.pipeline")


def is_reported(failure: Failure) -> bool:
    """Say whether a failure is worth a line: the first few in a row, then every hundredth. A disk must not fill up."""
    return failure.in_a_row in _FAILURES_REPORTED or failure.in_a_row % 100 == 0


@dataclass(slots=True)
class _Sum:
    received: int = 0
    published: int = 0
    rejected: int = 0
    counts: Counter[Count] = field(default_factory=Counter[Count])


class StageLog:
    """Takes in what the pipeline reports.

    Args:
        meter: Counts for good.
        instance: Names this process.
        every_s: How often stages that did something are told of.
        together: Tell in one line what came of the alerts, for people; else one line a stage.
    """

    def __init__(self, meter: StageMeter, clock: Clock, *, instance: str, every_s: float, together: bool) -> None:
        self._meter = meter
        self._clock = clock
        self._instance = instance
        self._every_s = every_s
        self._together = together
        self._begun_at_ms = clock.now_ms()
        self._stepped: set[StageName] = set()
        self._sums: dict[StageName, _Sum] = {}
        self._failing: set[StageName] = set()

    def on_report(self, report: BatchReport) -> None:
        """Count one step."""
        self._meter.step_done(report, instance=self._instance, now_ms=self._clock.now_ms())
        self._stepped.add(report.stage)
        if report.stage in self._failing:
            self._failing.discard(report.stage)
            _log.info("stage_recovered", stage=str(report.stage))
        if report.is_idle:
            return
        sums = self._sums.setdefault(report.stage, _Sum())
        sums.received += report.received
        sums.published += report.published
        sums.rejected += report.rejected
        sums.counts.update(report.counts)

    def on_failure(self, stage: StageName, failure: Failure) -> None:
        """Count one step that failed and will be tried again."""
        code = failure.error.code
        self._meter.step_failed(stage, code, instance=self._instance, now_ms=self._clock.now_ms())
        if self._is_starting(stage):
            return
        # The first that is told need not be the first of its row: those before it may have been of the start.
        if stage not in self._failing or is_reported(failure):
            self._failing.add(stage)
            _log.warning(
                "stage_waiting", stage=str(stage), code=code, failures=failure.in_a_row, reason=failure.error.detail
            )

    def _is_starting(self, stage: StageName) -> bool:
        return stage not in self._stepped and self._clock.now_ms() - self._begun_at_ms < STARTING_MS

    async def tell(self, stop: asyncio.Event) -> None:
        """Write the sums every now and then, until *stop* is set, and once more then."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(self._every_s):
                    await stop.wait()
            except TimeoutError:
                self.flush()

    def flush(self) -> None:
        """Write what has been summed up since the last time."""
        sums, self._sums = self._sums, {}
        if self._together:
            _tell_together(sums)
            return
        for stage in StageName:
            if (done := sums.get(stage)) is not None:
                figures = {"received": done.received, "published": done.published, "rejected": done.rejected}
                counts = {name.value.replace("-", "_"): number for name, number in done.counts.items()}
                _log.info("batch_committed", stage=str(stage), **_nonzero(figures | counts))


def _tell_together(sums: Mapping[StageName, _Sum]) -> None:
    counts = Counter[Count]()
    for done in sums.values():
        counts.update(done.counts)
    evaluator = sums.get(StageName.EVALUATOR, _Sum())
    rejected = sum(done.rejected for stage, done in sums.items() if stage is not StageName.RECORDER)
    told = _nonzero(
        {
            "alerts": evaluator.received - evaluator.rejected,
            "unmatched": counts[Count.ALERTS_UNMATCHED],
            "notifications": counts[Count.NOTIFICATIONS_CREATED],
            "delivered": counts[Count.DELIVERIES_DELIVERED],
            "retrying": counts[Count.DELIVERIES_RETRYING],
            "dead": counts[Count.DELIVERIES_DEAD],
            "skipped": counts[Count.DELIVERIES_SKIPPED],
            "driven_again": counts[Count.NOTIFICATIONS_DRIVEN_AGAIN],
            "rejected": rejected,
        }
    )
    if told:
        (_log.warning if rejected else _log.info)("alerts_processed", **told)


def _nonzero(figures: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in figures.items() if number}
