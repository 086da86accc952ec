"""The platform's own figures, now and span by span, for the dashboard."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AliasPath, BeforeValidator, ConfigDict, Field

from alerting_api.auth import NotificationReader, Parts
from alerting_api.route import ApiRoute
from alerting_api.schema import QueryModel, ResponseModel, Time
from alerting_core import limits
from alerting_core.ports.metrics import STEP_MS_BOUNDS, SeriesBucket, StageSeries, StageState, StepTimes
from alerting_core.topology import ALERT_WORKERS, RULE_WORKERS

router = APIRouter(tags=["metrics"], route_class=ApiRoute)

_AT: Final = "2026-01-02T03:04:05.678Z"
_EXAMPLE: Final[dict[str, Any]] = {
    "clients": 3,
    "rules_enabled": 12,
    "rules_disabled": 1,
    "endpoints_by_type": {"email": 4, "webhook": 8},
    "notifications_by_status": {"SENT": 120, "RECEIVED": 2},
    "deliveries_by_status": {"DELIVERED": 240, "PENDING": 3, "RETRYING": 1},
    "last_hour": 7,
    "by_hour": [*([0] * 23), 7],
    "counted_at": _AT,
}
_DONE: Final[dict[str, Any]] = {
    "stage": "evaluator",
    "state": "healthy",
    "received": 5210,
    "processed": 5209,
    "published": 611,
    "rejected": 1,
    "errors": 0,
    "last_error": None,
    "rate_per_s": 61.5,
    "lag": 3,
    "step_times": {
        "p50_ms": 3.5,
        "p99_ms": 18.2,
        "up_to_ms": [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000],
        "counts": [0, 12, 40, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
    "gauges": {"rules-indexed": 28800, "rules-age-ms": 240},
}
_WIRING: Final[dict[str, Any]] = {
    "stage": "evaluator",
    "worker": "evaluator",
    "does": "Matches alerts against the rules of all clients",
    "reads": "alerts.new",
    "group": "evaluator-group",
    "on_path": True,
    "handles": "alerts",
}
_SUMMARY: Final[dict[str, Any]] = _DONE | {"instances": {"healthy": 2, "unhealthy": 0, "offline": 0}}
_STAGE: Final[dict[str, Any]] = _DONE | {
    "instance": "evaluator-1",
    "last_seen": _AT,
    "counts": {"alerts-matched": 524, "alerts-unmatched": 4685},
}
_CIRCUIT: Final[dict[str, Any]] = {"instance": "sender-1", "host": "hooks.acme.io:443", "state": "open", "targets": 2}
_METRICS: Final[dict[str, Any]] = {
    "at": _AT,
    "totals": _EXAMPLE,
    "pipeline": [_SUMMARY],
    "stages": [_STAGE],
    "circuits": [],
    "stages_unavailable": False,
    "topology": [_WIRING],
}


class TotalsShown(ResponseModel):
    """Exact counts, of one client or of all."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    clients: int
    rules_enabled: int
    rules_disabled: int
    endpoints_by_type: dict[str, int]
    notifications_by_status: dict[str, int]
    deliveries_by_status: Annotated[
        dict[str, int], Field(description="PENDING: never tried. RETRYING: waits for its next attempt. DEAD: given up.")
    ]
    last_hour: Annotated[int, Field(description="Notifications created in the last 60 minutes.")]
    by_hour: Annotated[
        list[int], Field(description="Notifications created in each of the last 24 hours, oldest first.")
    ]
    counted_at: Annotated[Time, Field(description="Counts that take long are kept for some seconds.")]


class StepTimesShown(ResponseModel):
    """How long the steps of the last minute took that had something to do.

    From the records in hand to their work committed.
    """

    p50_ms: Annotated[float | None, Field(description="Half of them took no longer; null: there was none.")]
    p99_ms: float | None
    up_to_ms: Annotated[list[int], Field(description="Upper ends of the histogram's buckets.")]
    counts: Annotated[list[int], Field(description="Steps in each bucket, and at the end those that took longer.")]


def _step_times(times: object) -> object:
    if not isinstance(times, StepTimes):
        return times
    p50, p99 = (None if ms is None else round(ms, 1) for ms in (times.quantile_ms(0.5), times.quantile_ms(0.99)))
    return StepTimesShown(p50_ms=p50, p99_ms=p99, up_to_ms=list(STEP_MS_BOUNDS), counts=list(times.counts))


_Rate = Annotated[float, AfterValidator(lambda rate: round(rate, 3))]
_StepTimes = Annotated[StepTimesShown, BeforeValidator(_step_times)]


class StageShown(ResponseModel):
    """One stage of the pipeline in one process, since that process started."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STAGE]})

    stage: str
    instance: str
    state: Annotated[
        StageState,
        Field(description="unhealthy: the latest step failed. offline: nothing was heard for two minutes."),
    ]
    received: int
    processed: Annotated[int, Field(description="Received, and not rejected.")]
    published: int
    rejected: Annotated[int, Field(description="Poison records, which went to the dead-letter topic.")]
    errors: Annotated[int, Field(description="Steps that failed and were tried again.")]
    last_error: str | None
    rate_per_s: Annotated[_Rate, Field(description="Received a second, mean of the last minute.")]
    lag: Annotated[int | None, Field(description="Records that wait for it; null when nothing was measured.")]
    last_seen: Annotated[Time, Field(validation_alias="last_seen_ms")]
    step_times: _StepTimes
    counts: Annotated[dict[str, int], Field(description="What the stage counts beside, by stable name.")]
    gauges: Annotated[dict[str, int], Field(description="What it has at this moment, by stable name.")]


class StageSummaryShown(ResponseModel):
    """One stage of the pipeline in all processes together."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY]})

    stage: str
    state: Annotated[
        StageState, Field(description="healthy: one instance is. offline: all are. unhealthy: anything between.")
    ]
    instances: Annotated[dict[StageState, int], Field(description="How many have each state.")]
    received: int
    processed: Annotated[int, Field(description="Received, and not rejected.")]
    published: int
    rejected: Annotated[int, Field(description="Poison records, which went to the dead-letter topic.")]
    errors: Annotated[int, Field(description="Steps that failed and were tried again.")]
    last_error: str | None
    rate_per_s: Annotated[_Rate, Field(description="Received a second, mean of the last minute.")]
    lag: Annotated[
        int | None,
        Field(description="Records that wait for it; for the deliverer, deliveries that were never tried."),
    ]
    step_times: _StepTimes
    gauges: Annotated[dict[str, int], Field(description="What it has at this moment, by stable name.")]


class CircuitShown(ResponseModel):
    """A host, or single targets there, that a sender leaves alone because they failed, or tries out."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CIRCUIT]})

    instance: str
    host: Annotated[str, Field(validation_alias=AliasPath("circuit", "host"))]
    state: Annotated[Literal["open", "half-open"], Field(validation_alias=AliasPath("circuit", "state"))]
    targets: Annotated[
        int,
        Field(
            validation_alias=AliasPath("circuit", "targets"),
            description="How many URLs or addresses there, each of one client; 0: the host as a whole.",
        ),
    ]


class StageWiringShown(ResponseModel):
    """How a stage of the pipeline is wired, whether or not any process reports it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WIRING]})

    stage: Annotated[str, Field(validation_alias="name")]
    worker: Annotated[str, Field(description="The kind of worker that runs it in the distributed mode.")]
    does: Annotated[str, Field(description="For people.")]
    reads: Annotated[
        str | None,
        Field(description="Where its work waits: a topic if it is in a group, else a table; null: it waits nowhere."),
    ]
    group: Annotated[str | None, Field(description="The consumer group in which it reads.")]
    on_path: Annotated[
        bool,
        Field(
            validation_alias="is_on_path", description="Whether alerts wait for it; the others work beside their path."
        ),
    ]
    handles: Annotated[
        Literal["alerts", "rules"],
        Field(description="rules: it carries edited rules to evaluators in other processes, and may not be needed."),
    ]


def topology_shown() -> list[StageWiringShown]:
    """Return how every stage is wired, in pipeline order."""
    return [
        StageWiringShown.of(spec, worker=kind, handles=handles)
        for handles, workers in (("alerts", ALERT_WORKERS), ("rules", RULE_WORKERS))
        for kind, specs in workers.items()
        for spec in specs
    ]


class MetricsShown(ResponseModel):
    """The dashboard."""

    model_config = ConfigDict(json_schema_extra={"examples": [_METRICS]})

    at: Time
    totals: TotalsShown
    pipeline: Annotated[
        list[StageSummaryShown], Field(description="Stage by stage, in pipeline order. Empty for a client's key.")
    ]
    stages: Annotated[list[StageShown], Field(description="The same process by process. Empty for a client's key.")]
    circuits: Annotated[list[CircuitShown], Field(description="Empty for a client's key.")]
    stages_unavailable: Annotated[
        bool,
        Field(
            validation_alias="unavailable",
            description="Whether the stages' figures could not be had: what keeps them is away.",
        ),
    ]
    topology: Annotated[list[StageWiringShown], Field(description="All stages that there can be, in pipeline order.")]


@router.get("/api/v1/metrics")
async def get_metrics(parts: Parts, caller: NotificationReader) -> MetricsShown:
    """Return the dashboard's figures.

    A client's key gets its own totals; how the platform's stages are doing is for operators.
    """
    return MetricsShown.of(await parts.dashboard.read(caller.scope), topology=topology_shown())


T = TypeVar("T")

_BUCKETS_PER_MINUTE: Final = 60_000 // limits.SERIES_BUCKET_MS

SERIES_MINUTES_MAX: Final = limits.SERIES_BUCKETS_MAX // _BUCKETS_PER_MINUTE

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


@router.get("/api/v1/metrics/series")
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
