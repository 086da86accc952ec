"""What the stages of this process do: logged quietly, measured, and reported to where all figures are kept."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import structlog

from alerting_backend.settings import LogFormat
from alerting_core.errors import PortUnavailable
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import Circuit, Gauge, StageMetrics, StageReports
from alerting_core.stages.batch import BatchReport, Count, StageName
from alerting_core.stages.loop import Failure, pause
from alerting_core.stages.meter import StageMeter
from alerting_core.stages.wiring import WiredStage


def instance_name() -> str:
    """Return a name that no other process has at the same time."""
    return f"{socket.gethostname()}-{os.getpid()}"


LOOK_MS: Final = 3_000
"""Between two looks: a dashboard that refreshes every few seconds sees a figure that is no older."""


@runtime_checkable
class GaugeSource(Protocol):
    """A stage that has something to be measured."""

    def gauges(self) -> Mapping[Gauge, int]:
        """Return what it has at this moment."""
        ...


@runtime_checkable
class CircuitSource(Protocol):
    """A stage that leaves hosts alone."""

    def circuits(self) -> Sequence[Circuit]:
        """Return the hosts, the latest first."""
        ...


_log_lag = structlog.get_logger("alerting.lag")


async def measure_lag(
    stages: Sequence[WiredStage],
    meter: StageMeter,
    clock: Clock,
    *,
    instance: str,
    stop: asyncio.Event,
) -> None:
    """Measure *stages* until *stop* is set. A stream that is away keeps its last figure."""
    while not stop.is_set():
        for one in stages:
            circuits = one.stage.circuits() if isinstance(one.stage, CircuitSource) else ()
            if isinstance(one.stage, GaugeSource):
                gauges, now_ms = one.stage.gauges(), clock.now_ms()
                meter.gauges_measured(one.name, gauges, circuits=circuits, instance=instance, now_ms=now_ms)
        try:
            for one in stages:
                if one.stream is not None:
                    lag = sum((await one.stream.lag()).values())
                    meter.lag_measured(one.name, lag, instance=instance, now_ms=clock.now_ms())
        except PortUnavailable as error:
            _log_lag.debug("lag_not_measured", code=error.code)
        await pause(stop, LOOK_MS)


REPORT_MS: Final = 3_000
"""Between two reports: a dashboard that refreshes every few seconds sees figures that are no older."""

FAREWELL_SECONDS_MAX: Final = 1.0
"""How long the last report may take; a process that cannot give it is called offline after a while."""

_log_reporting = structlog.get_logger("alerting.figures")


async def report_figures(
    board: StageReports, own: StageMetrics, clock: Clock, *, instance: str, stop: asyncio.Event
) -> None:
    """Report until *stop* is set, and once more then. Without the board nothing else of this process suffers."""
    is_away = False
    while not stop.is_set():
        try:
            await board.report(instance, own, now_ms=clock.now_ms())
        except PortUnavailable as error:
            if not is_away:
                _log_reporting.warning("figures_not_reported", code=error.code, reason=error.detail)
            is_away = True
        else:
            is_away = False
        await pause(stop, REPORT_MS)
    try:
        async with asyncio.timeout(FAREWELL_SECONDS_MAX):
            await board.report(instance, own, now_ms=clock.now_ms())
            await board.withdraw(instance)
    except (TimeoutError, PortUnavailable) as error:
        _log_reporting.debug("figures_not_withdrawn", reason=str(error))


_FAILURES_REPORTED: Final = frozenset({1, 3, 10})

STARTING_MS: Final = 2_000
"""For so long a stage that has done no step yet may wait for what starts beside it, without a warning."""

REPORT_EVERY_S: Final[Mapping[LogFormat, float]] = {"console": 5.0, "json": 1.0}
"""How often stages that did something are told of: what people can follow, and what programs can count on."""

_log_stage_log = structlog.get_logger("alerting.pipeline")


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
            _log_stage_log.info("stage_recovered", stage=str(report.stage))
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
            _log_stage_log.warning(
                "stage_waiting", stage=str(stage), code=code, failures=failure.in_a_row, reason=failure.error.detail
            )

    def _is_starting(self, stage: StageName) -> bool:
        return stage not in self._stepped and self._clock.now_ms() - self._begun_at_ms < STARTING_MS

    async def emit(self, stop: asyncio.Event) -> None:
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
            _report_together(sums)
            return
        for stage in StageName:
            if (done := sums.get(stage)) is not None:
                figures = {"received": done.received, "published": done.published, "rejected": done.rejected}
                counts = {name.value.replace("-", "_"): number for name, number in done.counts.items()}
                _log_stage_log.info("batch_committed", stage=str(stage), **_nonzero(figures | counts))


def _report_together(sums: Mapping[StageName, _Sum]) -> None:
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
        (_log_stage_log.warning if rejected else _log_stage_log.info)("alerts_processed", **told)


def _nonzero(figures: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in figures.items() if number}
