"""What the stages did lately, span by span, for charts."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from alerting_api.auth import NotificationReader
from alerting_api.container import Parts
from alerting_api.problems import CALLER, refusals
from alerting_api.refusals import ProblemKind
from alerting_api.route import ApiRoute
from alerting_api.schema import QueryModel, ResponseModel, Time
from alerting_core import limits
from alerting_core.ports.metrics import SeriesBucket, StageSeries

router = APIRouter(tags=["metrics"], route_class=ApiRoute)

T = TypeVar("T")

_BUCKETS_PER_MINUTE: Final = 60_000 // limits.SERIES_BUCKET_MS

SERIES_MINUTES_MAX: Final = limits.SERIES_BUCKETS_MAX // _BUCKETS_PER_MINUTE

_AT: Final = "2026-01-02T03:04:05.678Z"
_SERIES: Final[dict[str, Any]] = {
    "at": _AT,
    "begins_at": "2026-01-02T03:03:50.000Z",
    "bucket_s": 10,
    "buckets": 2,
    "stages": [
        {
            "stage": "evaluator",
            "received": [120, 61],
            "published": [14, 7],
            "rejected": [0, 0],
            "errors": [0, 0],
            "lag": [3, 0],
            "counts": {"alerts-matched": [12, 6], "alerts-unmatched": [108, 55]},
        }
    ],
}


class StageSeriesShown(ResponseModel):
    """What one stage did, in all processes together: one number per span of time, the oldest first."""

    stage: str
    received: list[int]
    published: list[int]
    rejected: list[int]
    errors: list[int]
    lag: Annotated[list[int | None], Field(description="As last measured in each span; null: it was not.")]
    counts: Annotated[dict[str, list[int]], Field(description="What the stage counts beside, by stable name.")]

    @classmethod
    def between(cls, one: StageSeries, *, first: int, count: int) -> "StageSeriesShown":
        """Read *count* spans of *one*, from number *first* since 1970 on; a span in which nothing was done is 0."""
        held = {bucket.begins_at_ms // limits.SERIES_BUCKET_MS - first: bucket for bucket in one.buckets}
        names = sorted({name for place, bucket in held.items() if 0 <= place < count for name in bucket.counts})

        def column(read: Callable[[SeriesBucket], T], empty: T) -> list[T]:
            return [read(held[place]) if place in held else empty for place in range(count)]

        def of_count(name: str) -> list[int]:
            return column(lambda bucket: bucket.counts.get(name, 0), 0)

        return cls(
            stage=one.stage,
            received=column(lambda bucket: bucket.received, 0),
            published=column(lambda bucket: bucket.published, 0),
            rejected=column(lambda bucket: bucket.rejected, 0),
            errors=column(lambda bucket: bucket.errors, 0),
            lag=column(lambda bucket: bucket.lag, None),
            counts={name: of_count(name) for name in names},
        )


class SeriesShown(ResponseModel):
    """What the stages did lately. The last span is not over yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SERIES]})

    at: Time
    begins_at: Annotated[Time, Field(description="When the first span begins.")]
    bucket_s: Annotated[int, Field(description="Seconds of a span.")]
    buckets: Annotated[int, Field(description="How many spans, and so how many numbers in each list.")]
    stages: Annotated[list[StageSeriesShown], Field(description="In pipeline order. Empty for a client's key.")]


class SeriesQuery(QueryModel):
    """How far to look back."""

    minutes: Annotated[int, Field(ge=1, le=SERIES_MINUTES_MAX, description="How far to look back.")] = (
        SERIES_MINUTES_MAX
    )


@router.get("/api/v1/metrics/series", responses=refusals(*CALLER, ProblemKind.INVALID_INPUT))
async def get_metrics_series(
    parts: Parts, caller: NotificationReader, query: Annotated[SeriesQuery, Query()]
) -> SeriesShown:
    """Return what each stage did lately, for charts.

    In spans of ten seconds, up to an hour back, as far as the processes remember. Notifications by the hour are among
    the totals of `/api/v1/metrics`. How the platform's stages are doing is for operators: a client's key gets none.
    """
    now_ms, series = await parts.dashboard.series(caller.scope)
    count = query.minutes * _BUCKETS_PER_MINUTE
    first = now_ms // limits.SERIES_BUCKET_MS - count + 1
    return SeriesShown.model_validate(
        {
            "at_ms": now_ms,
            "begins_at_ms": max(0, first * limits.SERIES_BUCKET_MS),
            "bucket_s": limits.SERIES_BUCKET_MS // 1_000,
            "buckets": count,
            "stages": [StageSeriesShown.between(one, first=first, count=count) for one in series],
        }
    )
