"""The platform's own figures as JSON."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from alerting_backend.api.schema.base import ResponseModel, Time
from alerting_core.api.shapes.metrics import metrics_shape
from alerting_core.ports.journal import Totals
from alerting_core.ports.metrics import StageFigures, StageState

_EXAMPLE: Final[dict[str, Any]] = {
    "clients": 3,
    "rules_enabled": 12,
    "rules_disabled": 1,
    "endpoints_by_type": {"email": 4, "webhook": 8},
    "notifications_by_status": {"SENT": 120, "RECEIVED": 2},
    "last_hour": 7,
    "by_hour": [*([0] * 23), 7],
}


class TotalsShown(ResponseModel):
    """Exact counts, of one client or of all."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    clients: int
    rules_enabled: int
    rules_disabled: int
    endpoints_by_type: dict[str, int]
    notifications_by_status: dict[str, int]
    last_hour: Annotated[int, Field(description="Notifications created in the last 60 minutes.")]
    by_hour: Annotated[
        list[int], Field(description="Notifications created in each of the last 24 hours, oldest first.")
    ]


class StageShown(ResponseModel):
    """One stage of the pipeline in one process, since that process started."""

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
    counts: dict[str, int]


class MetricsShown(ResponseModel):
    """The dashboard."""

    at: Time
    totals: TotalsShown
    stages: Annotated[list[StageShown], Field(description="In pipeline order. Empty for a client's key.")]


def show_metrics(totals: Totals, stages: Sequence[StageFigures], *, now_ms: int) -> MetricsShown:
    """Write the dashboard as JSON."""
    return MetricsShown.model_validate(metrics_shape(totals, stages, now_ms=now_ms))
