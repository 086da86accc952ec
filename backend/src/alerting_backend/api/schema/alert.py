"""Alerts as JSON."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from alerting_backend.api.schema.base import (
    AlertSeverity,
    Identifier,
    RequestModel,
    ResponseModel,
    ShownSeverity,
    Text,
    Time,
    Uuid,
    checked_by,
)
from alerting_backend.api.validation import UNION_TAG
from alerting_core import limits
from alerting_core.api.shapes.alert import alert_detail_shape, alert_shape
from alerting_core.app.insight import AlertDetail
from alerting_core.app.submit import AlertDraft
from alerting_core.domain.alert import EVENT_TS_MAX, check_context
from alerting_core.domain.notification import NotificationStatus
from alerting_core.ports.alerts import StoredAlert
from alerting_core.problem import Problem

_EXAMPLE: Final[Mapping[str, Any]] = {
    "severity": "CRITICAL",
    "source": "api",
    "name": "timeout",
    "context": {"environment": "prod", "region": "us-east-1"},
}
_ALERT_ID: Final = "order-4711-timeout"


def _check_context(context: dict[str, str]) -> Iterator[Problem]:
    for problem in check_context(context):
        path = problem.path.removeprefix("context").removeprefix(".")
        yield Problem(path, problem.code, problem.detail)


Context: TypeAlias = Annotated[
    dict[str, str],
    Field(description="Labels and annotations, text to text.", max_length=limits.CONTEXT_ENTRIES_MAX),
    checked_by(_check_context),
]


class NewAlert(RequestModel):
    """One alert to take in."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_EXAMPLE)]})

    alert_id: Annotated[
        Identifier | None,
        Field(description="Unique per occurrence: the same id again is the same alert again. Left out: one is made."),
    ] = None
    severity: AlertSeverity
    source: Annotated[Text, Field(description="System that reports.")]
    name: Annotated[Text, Field(description="What happened.")]
    event_ts: Annotated[
        int | None, Field(ge=0, le=EVENT_TS_MAX, description="When it happened, unix seconds. Left out: now.")
    ] = None
    context: Context = Field(default_factory=dict)

    def draft(self) -> AlertDraft:
        """Return the same for the use case."""
        return AlertDraft(self.severity, self.source, self.name, self.context, self.alert_id, self.event_ts)


AlertList: TypeAlias = Annotated[list[NewAlert], Field(min_length=1, max_length=limits.ALERTS_PER_REQUEST_MAX)]


class AlertBatch(RequestModel):
    """Several alerts to take in, all or none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"alerts": [dict(_EXAMPLE)]}]})

    alerts: AlertList


def _shape(body: Any) -> str:
    if isinstance(body, list):
        return UNION_TAG + "list"
    return UNION_TAG + ("batch" if isinstance(body, dict) and "alerts" in body else "one")


AlertBody: TypeAlias = Annotated[
    Annotated[NewAlert, Tag(UNION_TAG + "one")]
    | Annotated[AlertBatch, Tag(UNION_TAG + "batch")]
    | Annotated[AlertList, Tag(UNION_TAG + "list")],
    Discriminator(_shape),
]
"""One alert, or several in either of two forms."""


class AlertsAccepted(ResponseModel):
    """Alerts that are durable now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"accepted": 1, "alert_ids": [_ALERT_ID]}]})

    accepted: int
    alert_ids: Annotated[list[str], Field(description="In the order of the request.")]


class AlertShown(ResponseModel):
    """An alert as it was taken in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"alert_id": _ALERT_ID, **_EXAMPLE, "event_ts": 1767323045, "received_at": "2026-01-02T03:04:05.678Z"}
            ]
        }
    )

    alert_id: str
    severity: ShownSeverity
    source: str
    name: str
    context: dict[str, str]
    event_ts: int
    received_at: Time


class NotifiedShown(ResponseModel):
    """A notification that was made of an alert."""

    notification_id: Uuid
    client_id: str
    rule_ids: Annotated[list[Uuid], Field(description="The client's rules that matched, the most specific first.")]
    status: NotificationStatus
    created_at: Time
    updated_at: Time


class AlertDetailShown(AlertShown):
    """An alert, and whom it notified."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "alert_id": _ALERT_ID,
                    **_EXAMPLE,
                    "event_ts": 1767323045,
                    "received_at": "2026-01-02T03:04:05.678Z",
                    "notifications": [
                        {
                            "notification_id": "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa",
                            "client_id": "acme",
                            "rule_ids": ["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"],
                            "status": "SENT",
                            "created_at": "2026-01-02T03:04:05.678Z",
                            "updated_at": "2026-01-02T03:04:05.912Z",
                        }
                    ],
                    "more_notifications": False,
                }
            ]
        }
    )

    notifications: Annotated[list[NotifiedShown], Field(description="The caller's own, newest first, 50 at the most.")]
    more_notifications: Annotated[
        bool, Field(description="Whether there are more: the list of notifications has them, by `alert_id`.")
    ]


def show_alert_detail(detail: AlertDetail) -> AlertDetailShown:
    """Write an alert with its notifications as JSON."""
    return AlertDetailShown.model_validate(alert_detail_shape(detail))


def show_alert(stored: StoredAlert) -> AlertShown:
    """Write a stored alert as JSON."""
    return AlertShown.model_validate(alert_shape(stored))
