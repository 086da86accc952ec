"""The platform's own figures: JSON for the dashboard, text for Prometheus."""

from fastapi import APIRouter, Request, Response

from alerting_backend.api.auth import NotificationReader
from alerting_backend.api.container import Parts
from alerting_backend.api.documented import CALLER, refusals
from alerting_backend.api.exposition import CONTENT_TYPE, expose
from alerting_backend.api.request_metrics import request_metrics_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.metrics import MetricsShown, show_metrics

router = APIRouter(tags=["metrics"], route_class=ApiRoute)


@router.get("/api/v1/metrics", responses=refusals(*CALLER))
async def get_metrics(parts: Parts, caller: NotificationReader) -> MetricsShown:
    """Return the dashboard's figures.

    A client's key gets its own totals; how the platform's stages are doing is for operators.
    """
    now_ms = parts.clock.now_ms()
    totals = await parts.use.notifications.totals(caller.scope)
    stages = await parts.stages.read(now_ms=now_ms) if caller.client_id is None else ()
    return show_metrics(totals, stages, now_ms=now_ms)


@router.get(
    "/metrics",
    response_class=Response,
    responses=refusals()
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}},
)
async def get_prometheus_metrics(parts: Parts, request: Request) -> Response:
    """Return the figures of this process for Prometheus.

    Open to all who reach the port, as scrapers expect: it names no client, and nothing of what alerts say.
    """
    figures = await parts.stages.read(now_ms=parts.clock.now_ms())
    return Response(expose(figures, request_metrics_of(request)), media_type=CONTENT_TYPE)
