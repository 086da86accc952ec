"""Whether a process lives and can work, over HTTP, and its figures for Prometheus."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerting_core.app.operations import CheckResult, ReadinessCheck, ReadinessReport, check_readiness
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import StageFigures, StageMetrics, StageState

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_QUANTILES: Final = (0.5, 0.99)

_LABELS: Final = ("stage", "instance")

_COUNTERS: Final[Sequence[tuple[str, str, Callable[[StageFigures], int]]]] = (
    ("received", "Records or claims whose work is committed.", lambda f: f.received),
    ("published", "Records written to the next topic.", lambda f: f.published),
    ("rejected", "Poison records that went to the dead-letter topic.", lambda f: f.rejected),
    ("errors", "Steps that failed and were tried again.", lambda f: f.errors),
)


class _Stages(Collector):
    """The figures of one moment."""

    def __init__(self, figures: Sequence[StageFigures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for name, says, read in _COUNTERS:
            counter = CounterMetricFamily(f"alerting_stage_{name}", says, labels=_LABELS)
            for one in self._figures:
                counter.add_metric((one.stage, one.instance), read(one))
            yield counter
        yield self._counts()
        yield self._lag()
        yield self._gauges()
        yield self._step_times()
        yield self._states()
        seen = GaugeMetricFamily("alerting_stage_last_seen_timestamp_seconds", "Latest step.", labels=_LABELS)
        for one in self._figures:
            seen.add_metric((one.stage, one.instance), one.last_seen_ms / 1_000)
        yield seen

    def _counts(self) -> Metric:
        counter = CounterMetricFamily(
            "alerting_stage_counts", "What a stage counts beside its records.", labels=(*_LABELS, "count")
        )
        for one in self._figures:
            for name, number in sorted(one.counts.items()):
                counter.add_metric((one.stage, one.instance, name), number)
        return counter

    def _lag(self) -> Metric:
        gauge = GaugeMetricFamily("alerting_stage_lag_records", "Records that wait for a stage.", labels=_LABELS)
        for one in self._figures:
            if one.lag is not None:
                gauge.add_metric((one.stage, one.instance), one.lag)
        return gauge

    def _gauges(self) -> Metric:
        gauge = GaugeMetricFamily(
            "alerting_stage_gauges", "What a stage has at this moment.", labels=(*_LABELS, "gauge")
        )
        for one in self._figures:
            for name, number in sorted(one.gauges.items()):
                gauge.add_metric((one.stage, one.instance, name), number)
        return gauge

    def _step_times(self) -> Metric:
        # Of the last minute, and so not a histogram that only grows: quantiles are shown as what they are.
        gauge = GaugeMetricFamily(
            "alerting_stage_step_seconds",
            "How long the steps of the last minute took that had something to do, by quantile.",
            labels=(*_LABELS, "quantile"),
        )
        for one in self._figures:
            for share in _QUANTILES:
                if (took_ms := one.step_times.quantile_ms(share)) is not None:
                    gauge.add_metric((one.stage, one.instance, str(share)), took_ms / 1_000)
        return gauge

    def _states(self) -> Metric:
        gauge = GaugeMetricFamily("alerting_stage_state", "1 for the state it is in.", labels=(*_LABELS, "state"))
        for one in self._figures:
            for state in StageState:
                gauge.add_metric((one.stage, one.instance, state), int(one.state is state))
        return gauge


def expose(figures: Sequence[StageFigures], requests: CollectorRegistry | None) -> bytes:
    """Return the exposition of *figures* and, where an API is served, of its requests."""
    stages = CollectorRegistry()
    stages.register(_Stages(figures))
    of_requests = b"" if requests is None else generate_latest(requests)
    return generate_latest(stages) + of_requests


STARTING: Final = CheckResult("worker", ok=False, reason="starting")


class Probes:
    """Answers probes from the moment that the port is open.

    Attributes:
        checks: What readiness depends on; those of the dependencies first, the worker's own when it runs.
        is_starting: Whether the worker does not work yet.
    """

    def __init__(self, stages: StageMetrics, clock: Clock) -> None:
        self.checks: dict[str, ReadinessCheck] = {}
        self.is_starting = True
        self._stages = stages
        self._clock = clock

    def app(self) -> Starlette:
        """Return the application that serves the probes."""
        routes = {"/healthz": self.healthz, "/readyz": self.readyz, "/metrics": self.metrics}
        return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])

    def add(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """Let readiness depend on *checks* too."""
        self.checks.update(checks)

    async def readiness(self) -> ReadinessReport:
        """Return what fails, if anything."""
        found = await check_readiness(self.checks)
        return ReadinessReport([*found.checks, STARTING]) if self.is_starting else found

    async def healthz(self, _request: Request) -> Response:
        """Say that this process lives."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        """Say whether this process can work, and if not, which dependency fails."""
        found = await self.readiness()
        shown = {"ready": found.ready, "checks": [asdict(check) for check in found.checks]}
        return JSONResponse(shown, status_code=200 if found.ready else 503)

    async def metrics(self, _request: Request) -> Response:
        """Return the figures for Prometheus."""
        figures = await self._stages.read(now_ms=self._clock.now_ms())
        return Response(expose(figures, None), media_type=CONTENT_TYPE)
