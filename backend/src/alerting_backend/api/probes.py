"""What the API of a server is made of, each request's line in the log, and what machines ask a process.

That is whether it lives, whether it can work, and its figures for Prometheus. A process without an API answers the same
questions by `runtime.probes.Probes`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from pydantic import ConfigDict, Field

from alerting_api import auth, problems, route, schema
from alerting_backend.api.files import Files
from alerting_backend.runtime.probes import CONTENT_TYPE, expose
from alerting_core.app.operations import ReadinessCheck, check_readiness
from alerting_core.ports.metrics import StageMetrics

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

        self._alerts = Counter(
            "alerting_alerts_taken_in_total",
            "Alerts that requests brought, by what became of them.",
            ("outcome",),
            registry=self.registry,
        )

    def taken_in(self, outcomes: Mapping[str, int]) -> None:
        """Count alerts."""
        for outcome, count in outcomes.items():
            self._alerts.labels(outcome).inc(count)

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
    return Response(expose(figures, parts.observer.registry), media_type=CONTENT_TYPE)
