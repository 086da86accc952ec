"""What the API of a server is made of, each request's line in the log, and what machines ask a process.

That is whether it lives, whether it can work, and its figures for Prometheus. A process without an API answers the same
questions by `Probes`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Annotated, Final, Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import ConfigDict, Field
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from alerting_api import auth, problems, route, schema
from alerting_backend.api.files import Files
from alerting_core.app.operations import CheckResult, ReadinessCheck, ReadinessReport, check_readiness
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import StageFigures, StageMetrics, StageState

_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: told at DEBUG, unless they fail."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From an answer out of memory to the time at which callers give up."""

_log = structlog.get_logger("alerting.api")


class RequestLog(auth.RequestObserver):
    """A line in the log and a count for each request.

    Holds its own registry: two applications in one process count apart. Labels have few values, all chosen here.
    """

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._seconds = Histogram(
            "alerting_http_request_duration_seconds",
            "Time from a request's first line to the last byte of its answer.",
            ("method", "path", "status"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def observing(self, request_id: str) -> AbstractContextManager[object]:
        """Have all that is logged while the request is served carry its id."""
        return structlog.contextvars.bound_contextvars(request_id=request_id)

    def answered(self, *, method: str, path: str, status: int, seconds: float, caller: auth.Principal | None) -> None:
        """Count the request, and write its line."""
        known = method if method in _METHODS else "other"
        self._seconds.labels(known, path, f"{status // 100}xx").observe(seconds)
        who = {"key_id": caller.key_id, "client_id": caller.client_id} if caller else {}
        write = _log.debug if path in _QUIET and status < 400 else _log.info
        duration_ms = round(seconds * 1000, 1)
        write("request_answered", method=method, path=path, status=status, duration_ms=duration_ms, **who)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContainer(auth.Container):
    """Everything that a request to a server may need.

    Attributes:
        stages: The figures of this process, for Prometheus, which asks each process for its own.
        checks: What readiness depends on, by the name that `/readyz` shows.
        ui: The built user interface, where there is one.
        observer: Counts requests for `/metrics`.
    """

    stages: StageMetrics
    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict[str, ReadinessCheck])
    ui: Files | None = None
    observer: RequestLog = field(default_factory=RequestLog)


async def server_container_of(request: Request) -> ServerContainer:
    """Return the container of the application that serves *request*."""
    container: ServerContainer = request.app.state.container
    return container


ServerParts = Annotated[ServerContainer, Depends(server_container_of)]
"""A route's way to what only a server has."""


probes_router = APIRouter(tags=["probes"], route_class=route.ApiRoute)


class Alive(schema.ResponseModel):
    """This process serves requests."""

    status: Literal["alive"] = "alive"


class CheckShown(schema.ResponseModel):
    """One dependency."""

    name: str
    ok: bool
    reason: Annotated[str | None, Field(description="Stable code of what is wrong; null when nothing is.")]


class Readiness(schema.ResponseModel):
    """Whether everything that the platform needs answers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ready": True, "checks": [{"name": "postgres", "ok": True, "reason": None}]}]}
    )

    ready: bool
    checks: list[CheckShown]


@probes_router.get("/healthz", responses=problems.refusals())
async def get_health() -> Alive:
    """Say that this process lives.

    It asks nothing else: restarting it would mend nothing that is away.
    """
    return Alive()


@probes_router.get(
    "/readyz", responses=problems.refusals() | {503: {"model": Readiness, "description": "Something is away."}}
)
async def get_readiness(parts: ServerParts, response: Response) -> Readiness:
    """Say whether this process can work, and if not, which dependency fails."""
    found = await check_readiness(parts.checks)
    if not found.ready:
        response.status_code = 503
    shown = [CheckShown(name=check.name, ok=check.ok, reason=check.reason) for check in found.checks]
    return Readiness(ready=found.ready, checks=shown)


exposition_router = APIRouter(tags=["metrics"], route_class=route.ApiRoute)

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


def expose(figures: Sequence[StageFigures], requests: RequestLog | None) -> bytes:
    """Return the exposition of *figures* and, where an API is served, of its requests."""
    stages = CollectorRegistry()
    stages.register(_Stages(figures))
    of_requests = b"" if requests is None else generate_latest(requests.registry)
    return generate_latest(stages) + of_requests


@exposition_router.get(
    "/metrics",
    response_class=Response,
    responses=problems.refusals()
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}},
)
async def get_prometheus_metrics(parts: ServerParts) -> Response:
    """Return the figures of this process for Prometheus.

    Open to all who reach the port, as scrapers expect: it names no client, and nothing of what alerts say.
    """
    figures = await parts.stages.read(now_ms=parts.clock.now_ms())
    return Response(expose(figures, parts.observer), media_type=CONTENT_TYPE)


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
