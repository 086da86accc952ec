"""What this process says of itself: one line per event in its log, and its figures to where all figures are kept.

The log is for people or for programs, on standard output; never a secret, never a payload.
"""

import asyncio
import logging
import os
import socket
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from alerting_backend.settings import LogFormat, LogLevel
from alerting_core.errors import PortUnavailable
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import Circuit, Gauge, StageMetrics, StageReports
from alerting_core.stages import batch, loop, wiring
from alerting_core.stages.meter import StageMeter

_LIBRARIES: Final = ("uvicorn", "uvicorn.error", "asyncio", "aiohttp", "aiosmtplib", "mail.log", "mangum")
"""Their notes are of interest from WARNING on."""

_NOISY: Final = ("aiokafka", "kafka")
"""They tell of each of their tries, hundreds in an outage. What comes of it reaches us as an error, and is told."""

_EXTRA: Final = ("method", "path", "code", "reason", "detail", "key_id")
"""What the API, which logs by the standard library alone, tells beside the name of an event."""

_ROUTINE: Final = frozenset({"request_answered"})
"""Events that people want to see only when something went wrong."""


_TRACEBACKS: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
"""Where it happened, without the values of variables: they may be secrets or payloads."""


@dataclass(frozen=True, slots=True)
class _Colours:
    dim: str = ""
    bold: str = ""
    loud: str = ""
    plain: str = ""


_COLOURS: Final = _Colours(dim="\033[2m", bold="\033[1m", loud="\033[1;33m", plain="\033[0m")
_NO_COLOURS: Final = _Colours()


def configure_logs(level: LogLevel, form: LogFormat) -> None:
    """Send the events of this program, and the warnings of its libraries, to standard output."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True) if form == "json" else _clock_time(),
    )
    structlog.configure(
        processors=[
            *([] if form == "json" or threshold <= logging.DEBUG else [_drop_routine]),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stdout)
    foreign: Sequence[Processor] = (*shared, structlog.stdlib.ExtraAdder(allow=_EXTRA))
    output.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=_rendering(form)))
    logging.raiseExceptions = False  # Whoever closes our output, as `| head` does, is not to be told so, line by line.
    logging.basicConfig(handlers=[output], level=threshold, force=True)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.INFO if threshold <= logging.DEBUG else logging.CRITICAL)


def _rendering(form: LogFormat) -> Sequence[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return (
            drop,
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            _well_known_first,
            structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False),
        )
    return (drop, _console_renderer(_COLOURS if sys.stdout.isatty() else _NO_COLOURS))


def _console_renderer(colours: _Colours) -> structlog.dev.ConsoleRenderer:
    def column(style: str, *, width: int = 0) -> structlog.dev.KeyValueColumnFormatter:
        return structlog.dev.KeyValueColumnFormatter(
            key_style=None, value_style=style, reset_style=colours.plain, value_repr=str, width=width
        )

    pairs = structlog.dev.KeyValueColumnFormatter(
        key_style=colours.dim, value_style="", reset_style=colours.plain, value_repr=_shown
    )
    return structlog.dev.ConsoleRenderer(
        columns=[
            structlog.dev.Column("", pairs),
            structlog.dev.Column("timestamp", column(colours.dim)),
            structlog.dev.Column("level", _LevelColumn(colours)),
            structlog.dev.Column("event", column(colours.bold, width=20)),
        ],
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )


@dataclass(frozen=True, slots=True)
class _LevelColumn:
    """Says what is more than information, and nothing of what is not."""

    colours: _Colours

    def __call__(self, key: str, value: object) -> str:
        if value in {"info", "debug"}:
            return ""
        return f"{self.colours.loud}{str(value).upper()}{self.colours.plain}"


def _shown(value: object) -> str:
    text = str(value)
    return repr(text) if isinstance(value, str) and (" " in text or not text.isprintable()) else text


def _well_known_first(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: event[name] for name in ("timestamp", "level", "event") if name in event} | dict(event)


def _clock_time() -> Processor:
    return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)


def _drop_routine(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    status: Any = event.get("status")
    if event.get("event") in _ROUTINE and isinstance(status, int) and status < 400:
        raise structlog.DropEvent
    return event


_FAILURES_REPORTED: Final = frozenset({1, 3, 10})

STARTING_MS: Final = 2_000
"""For so long a stage that has done no step yet may wait for what starts beside it, without a warning."""

REPORT_EVERY_S: Final[Mapping[LogFormat, float]] = {"console": 5.0, "json": 1.0}
"""How often stages that did something are told of: what people can follow, and what programs can count on."""

_log_stages = structlog.get_logger("alerting.pipeline")


def is_reported(failure: loop.Failure) -> bool:
    """Say whether a failure is worth a line: the first few in a row, then every hundredth. A disk must not fill up."""
    return failure.in_a_row in _FAILURES_REPORTED or failure.in_a_row % 100 == 0


@dataclass(slots=True)
class _Sum:
    received: int = 0
    published: int = 0
    rejected: int = 0
    counts: Counter[batch.Count] = field(default_factory=Counter[batch.Count])


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
        self._stepped: set[batch.StageName] = set()
        self._sums: dict[batch.StageName, _Sum] = {}
        self._failing: set[batch.StageName] = set()

    def on_report(self, report: batch.BatchReport) -> None:
        """Count one step."""
        self._meter.step_done(report, instance=self._instance, now_ms=self._clock.now_ms())
        self._stepped.add(report.stage)
        if report.stage in self._failing:
            self._failing.discard(report.stage)
            _log_stages.info("stage_recovered", stage=str(report.stage))
        if report.is_idle:
            return
        sums = self._sums.setdefault(report.stage, _Sum())
        sums.received += report.received
        sums.published += report.published
        sums.rejected += report.rejected
        sums.counts.update(report.counts)

    def on_failure(self, stage: batch.StageName, failure: loop.Failure) -> None:
        """Count one step that failed and will be tried again."""
        code = failure.error.code
        self._meter.step_failed(stage, code, instance=self._instance, now_ms=self._clock.now_ms())
        if self._is_starting(stage):
            return
        # The first that is told need not be the first of its row: those before it may have been of the start.
        if stage not in self._failing or is_reported(failure):
            self._failing.add(stage)
            _log_stages.warning(
                "stage_waiting", stage=str(stage), code=code, failures=failure.in_a_row, reason=failure.error.detail
            )

    def _is_starting(self, stage: batch.StageName) -> bool:
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
        for stage in batch.StageName:
            if (done := sums.get(stage)) is not None:
                figures = {"received": done.received, "published": done.published, "rejected": done.rejected}
                counts = {name.value.replace("-", "_"): number for name, number in done.counts.items()}
                _log_stages.info("batch_committed", stage=str(stage), **_nonzero(figures | counts))


def _report_together(sums: Mapping[batch.StageName, _Sum]) -> None:
    counts = Counter[batch.Count]()
    for done in sums.values():
        counts.update(done.counts)
    evaluator = sums.get(batch.StageName.EVALUATOR, _Sum())
    rejected = sum(done.rejected for stage, done in sums.items() if stage is not batch.StageName.RECORDER)
    told = _nonzero(
        {
            "alerts": evaluator.received - evaluator.rejected,
            "unmatched": counts[batch.Count.ALERTS_UNMATCHED],
            "notifications": counts[batch.Count.NOTIFICATIONS_CREATED],
            "delivered": counts[batch.Count.DELIVERIES_DELIVERED],
            "retrying": counts[batch.Count.DELIVERIES_RETRYING],
            "dead": counts[batch.Count.DELIVERIES_DEAD],
            "skipped": counts[batch.Count.DELIVERIES_SKIPPED],
            "driven_again": counts[batch.Count.NOTIFICATIONS_DRIVEN_AGAIN],
            "rejected": rejected,
        }
    )
    if told:
        (_log_stages.warning if rejected else _log_stages.info)("alerts_processed", **told)


def _nonzero(figures: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in figures.items() if number}


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
    stages: Sequence[wiring.WiredStage],
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
        await loop.pause(stop, LOOK_MS)


REPORT_MS: Final = 3_000
"""Between two reports: a dashboard that refreshes every few seconds sees figures that are no older."""

FAREWELL_SECONDS_MAX: Final = 1.0
"""How long the last report may take; a process that cannot give it is called offline after a while."""

_log_figures = structlog.get_logger("alerting.figures")


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
                _log_figures.warning("figures_not_reported", code=error.code, reason=error.detail)
            is_away = True
        else:
            is_away = False
        await loop.pause(stop, REPORT_MS)
    try:
        async with asyncio.timeout(FAREWELL_SECONDS_MAX):
            await board.report(instance, own, now_ms=clock.now_ms())
            await board.withdraw(instance)
    except (TimeoutError, PortUnavailable) as error:
        _log_figures.debug("figures_not_withdrawn", reason=str(error))
