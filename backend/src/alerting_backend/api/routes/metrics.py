"""The platform's own figures: JSON for the dashboard, text for Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from alerting_backend.api.auth import NotificationReader
from alerting_backend.api.container import Parts
from alerting_backend.api.documented import CALLER, refusals
from alerting_backend.api.exposition import CONTENT_TYPE, expose
from alerting_backend.api.request_metrics import request_metrics_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import QueryModel
from alerting_backend.api.schema.metrics import MetricsShown, SeriesShown, show_metrics, show_series
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.api.shapes.metrics import SERIES_MINUTES_MAX

router = APIRouter(tags=["metrics"], route_class=ApiRoute)


class SeriesQuery(QueryModel):
    """How far to look back."""

    minutes: Annotated[int, Field(ge=1, le=SERIES_MINUTES_MAX, description="How far to look back.")] = (
        SERIES_MINUTES_MAX
    )


@router.get("/api/v1/metrics", responses=refusals(*CALLER))
async def get_metrics(parts: Parts, caller: NotificationReader) -> MetricsShown:
    """Return the dashboard's figures.

    A client's key gets its own totals; how the platform's stages are doing is for operators.
    """
    return show_metrics(await parts.dashboard.read(caller.scope))


@router.get("/api/v1/metrics/series", responses=refusals(*CALLER, ProblemKind.INVALID_INPUT))
async def get_metrics_series(
    parts: Parts, caller: NotificationReader, query: Annotated[SeriesQuery, Query()]
) -> SeriesShown:
    """Return what each stage did lately, for charts.

    In spans of ten seconds, up to an hour back, as far as the processes remember. Notifications by the hour are among
    the totals of `/api/v1/metrics`. How the platform's stages are doing is for operators: a client's key gets none.
    """
    now_ms, series = await parts.dashboard.series(caller.scope)
    return show_series(series, now_ms=now_ms, minutes=query.minutes)


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
