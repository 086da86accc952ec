"""The figures of this process, and of the requests that it serves, in Prometheus' text format.

Label values are names of ours, never a client's.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerting_api.problems import refusals
from alerting_api.route import ApiRoute
from alerting_backend.api.container import ServerParts
from alerting_core.ports.metrics import StageFigures, StageState

router = APIRouter(tags=["metrics"], route_class=ApiRoute)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_QUANTILES: Final = (0.5, 0.99)

_LABELS: Final = ("stage", "instance")

_COUNTERS: Final[Sequence[tuple[str, str, Callable[[StageFigures], int]]]] = (
    ("received", "Records or claims whose work is committed.", lambda f: f.received),
    ("published", "Records written to the next topic.", lambda f: f.published),
    ("rejected", "Poison records that went to the dead-letter topic.", lambda f: f.rejected),
    ("errors", "Steps that failed and were tried again.", lambda f: f.errors),
)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From an answer out of memory to the time at which callers give up."""


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


class RequestMetrics:
    """Holds its own registry: two applications in one process count apart. Labels have few values, all chosen here."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._seconds = Histogram(
            "alerting_http_request_duration_seconds",
            "Time from a request's first line to the last byte of its answer.",
            ("method", "path", "status"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def observe(self, *, method: str, path: str, status: int, seconds: float) -> None:
        """Count one request; *path* is the operation's template."""
        known = method if method in _METHODS else "other"
        self._seconds.labels(known, path, f"{status // 100}xx").observe(seconds)


def expose(figures: Sequence[StageFigures], requests: RequestMetrics | None) -> bytes:
    """Return the exposition of *figures* and, where an API is served, of its requests."""
    stages = CollectorRegistry()
    stages.register(_Stages(figures))
    of_requests = b"" if requests is None else generate_latest(requests.registry)
    return generate_latest(stages) + of_requests


@router.get(
    "/metrics",
    response_class=Response,
    responses=refusals()
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}},
)
async def get_prometheus_metrics(parts: ServerParts, request: Request) -> Response:
    """Return the figures of this process for Prometheus.

    Open to all who reach the port, as scrapers expect: it names no client, and nothing of what alerts say.
    """
    figures = await parts.stages.read(now_ms=parts.clock.now_ms())
    return Response(expose(figures, request.app.state.request_metrics), media_type=CONTENT_TYPE)
