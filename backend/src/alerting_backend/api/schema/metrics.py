"""The platform's own figures as JSON."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from alerting_backend.api.schema.base import ResponseModel, Time
from alerting_core.api.shapes.metrics import metrics_shape, series_shape
from alerting_core.app.dashboard import Figures
from alerting_core.ports.metrics import StageState
from alerting_core.ports.stage_series import StageSeries

_EXAMPLE: Final[dict[str, Any]] = {
    "clients": 3,
    "rules_enabled": 12,
    "rules_disabled": 1,
    "endpoints_by_type": {"email": 4, "webhook": 8},
    "notifications_by_status": {"SENT": 120, "RECEIVED": 2},
    "deliveries_by_status": {"DELIVERED": 240, "PENDING": 3, "RETRYING": 1},
    "last_hour": 7,
    "by_hour": [*([0] * 23), 7],
    "counted_at": "2026-01-02T03:04:05.678Z",
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
_SUMMARY: Final = _DONE | {"instances": {"healthy": 2, "unhealthy": 0, "offline": 0}}
_STAGE: Final = _DONE | {
    "instance": "evaluator-1",
    "last_seen": "2026-01-02T03:04:05.678Z",
    "counts": {"alerts-matched": 524, "alerts-unmatched": 4685},
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
    rate_per_s: Annotated[float, Field(description="Received a second, mean of the last minute.")]
    lag: Annotated[int | None, Field(description="Records that wait for it; null when nothing was measured.")]
    last_seen: Time
    step_times: StepTimesShown
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
    rate_per_s: Annotated[float, Field(description="Received a second, mean of the last minute.")]
    lag: Annotated[
        int | None,
        Field(description="Records that wait for it; for the deliverer, deliveries that were never tried."),
    ]
    step_times: StepTimesShown
    gauges: Annotated[dict[str, int], Field(description="What it has at this moment, by stable name.")]


class CircuitShown(ResponseModel):
    """A host that a sender leaves alone because it did not answer, or tries out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"instance": "sender-1", "host": "hooks.acme.io:443", "state": "open"}]}
    )

    instance: str
    host: str
    state: Literal["open", "half-open"]


class StageWiringShown(ResponseModel):
    """How a stage of the pipeline is wired, whether or not any process reports it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WIRING]})

    stage: str
    worker: Annotated[str, Field(description="The kind of worker that runs it in the distributed mode.")]
    does: Annotated[str, Field(description="For people.")]
    reads: Annotated[
        str | None,
        Field(description="Where its work waits: a topic if it is in a group, else a table; null: it waits nowhere."),
    ]
    group: Annotated[str | None, Field(description="The consumer group in which it reads.")]
    on_path: Annotated[bool, Field(description="Whether alerts wait for it; the others work beside their path.")]
    handles: Annotated[
        Literal["alerts", "rules"],
        Field(description="rules: it carries edited rules to evaluators in other processes, and may not be needed."),
    ]


class MetricsShown(ResponseModel):
    """The dashboard."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-01-02T03:04:05.678Z",
                    "totals": _EXAMPLE,
                    "pipeline": [_SUMMARY],
                    "stages": [_STAGE],
                    "circuits": [],
                    "stages_unavailable": False,
                    "topology": [_WIRING],
                }
            ]
        }
    )

    at: Time
    totals: TotalsShown
    pipeline: Annotated[
        list[StageSummaryShown], Field(description="Stage by stage, in pipeline order. Empty for a client's key.")
    ]
    stages: Annotated[list[StageShown], Field(description="The same process by process. Empty for a client's key.")]
    circuits: Annotated[list[CircuitShown], Field(description="Empty for a client's key.")]
    stages_unavailable: Annotated[
        bool, Field(description="Whether the stages' figures could not be had: what keeps them is away.")
    ]
    topology: Annotated[list[StageWiringShown], Field(description="All stages that there can be, in pipeline order.")]


class StageSeriesShown(ResponseModel):
    """What one stage did, in all processes together: one number per span of time, the oldest first."""

    stage: str
    received: list[int]
    published: list[int]
    rejected: list[int]
    errors: list[int]
    lag: Annotated[list[int | None], Field(description="As last measured in each span; null: it was not.")]
    counts: Annotated[dict[str, list[int]], Field(description="What the stage counts beside, by stable name.")]


class SeriesShown(ResponseModel):
    """What the stages did lately. The last span is not over yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-01-02T03:04:05.678Z",
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
            ]
        }
    )

    at: Time
    begins_at: Annotated[Time, Field(description="When the first span begins.")]
    bucket_s: Annotated[int, Field(description="Seconds of a span.")]
    buckets: Annotated[int, Field(description="How many spans, and so how many numbers in each list.")]
    stages: Annotated[list[StageSeriesShown], Field(description="In pipeline order. Empty for a client's key.")]


def show_metrics(figures: Figures) -> MetricsShown:
    """Write the dashboard as JSON."""
    return MetricsShown.model_validate(metrics_shape(figures))


def show_series(series: Sequence[StageSeries], *, now_ms: int, minutes: int) -> SeriesShown:
    """Write what the stages did lately as JSON."""
    return SeriesShown.model_validate(series_shape(series, now_ms=now_ms, minutes=minutes))
