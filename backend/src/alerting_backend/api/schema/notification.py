"""Notifications, deliveries and attempts as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from alerting_backend.api.schema.base import ResponseModel, ShownSeverity, Time, Uuid
from alerting_backend.api.schema.endpoint import TypeName
from alerting_core.api.shapes.notification import notification_detail_shape, notification_shape
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.notification import Notification, NotificationStatus
from alerting_core.ports.journal import NotificationDetail

_AT: Final = "2026-01-02T03:04:05.678Z"
_ID: Final = "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa"
_EXAMPLE: Final[Mapping[str, Any]] = {
    "notification_id": _ID,
    "client_id": "acme",
    "alert_id": "order-4711-timeout",
    "severity": "CRITICAL",
    "source": "api",
    "name": "timeout",
    "context": {"environment": "prod", "region": "us-east-1"},
    "rule_ids": ["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"],
    "event_ts": 1767323045,
    "status": "SENT",
    "created_at": _AT,
    "updated_at": _AT,
}
_ATTEMPT: Final[Mapping[str, Any]] = {
    "attempt_id": "1c0a7a52-6f0e-8b8e-9c37-1b1a3b0a9f10",
    "number": 1,
    "reason": "delivered",
    "status_code": 200,
    "response": "ok",
    "detail": "",
    "started_at": _AT,
    "latency_ms": 42,
}
_DELIVERY: Final[Mapping[str, Any]] = {
    "delivery_id": "aa0d5a84-33a5-8a3e-8f2b-6d3f3f6c2a11",
    "endpoint_id": "b3a1cc0e-5a53-46a6-b5c4-2a7e1f8f1d9e",
    "type": "webhook",
    "target": "https://example.com/hooks/alerts",
    "status": "DELIVERED",
    "reason": "delivered",
    "attempt_count": 1,
    "next_attempt_at": None,
    "is_being_sent": False,
    "created_at": _AT,
    "updated_at": _AT,
    "attempts": [dict(_ATTEMPT)],
}


class NotificationShown(ResponseModel):
    """The decision to tell a client about an alert: exactly one per client and alert."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_EXAMPLE)]})

    notification_id: Annotated[Uuid, Field(description="Also the `webhook-id` of every attempt.")]
    client_id: str
    alert_id: str
    severity: ShownSeverity
    source: str
    name: str
    context: dict[str, str]
    rule_ids: Annotated[list[Uuid], Field(description="The client's rules that matched, the most specific first.")]
    event_ts: Annotated[int, Field(description="When it happened, unix seconds.")]
    status: Annotated[
        NotificationStatus,
        Field(
            description="RECEIVED: under way. SENT: all delivered. PARTIAL: some delivered, others given up. "
            "FAILED: all given up. SKIPPED: there was nothing to deliver to."
        ),
    ]
    created_at: Time
    updated_at: Time


class AttemptShown(ResponseModel):
    """One try to deliver."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_ATTEMPT)]})

    attempt_id: Uuid
    number: Annotated[int, Field(description="1 for the first.")]
    reason: Annotated[Reason, Field(description="What it came to.")]
    status_code: Annotated[int | None, Field(description="HTTP status or SMTP reply code; null: no answer came.")]
    response: Annotated[str, Field(description="The start of the answer.")]
    detail: str
    started_at: Time
    latency_ms: int


class DeliveryShown(ResponseModel):
    """Telling one target."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_DELIVERY)]})

    delivery_id: Uuid
    endpoint_id: Uuid
    type: TypeName
    target: Annotated[str, Field(description="The URL, or the one address.")]
    status: DeliveryStatus
    reason: Annotated[Reason | None, Field(description="Of the latest attempt, or why none was made.")]
    attempt_count: Annotated[int, Field(description="Since it was planned or resent.")]
    next_attempt_at: Annotated[Time | None, Field(description="null while it is being sent, and when it has ended.")]
    is_being_sent: Annotated[bool, Field(description="Whether a sender is at it.")]
    created_at: Time
    updated_at: Time
    attempts: Annotated[list[AttemptShown], Field(description="All that were ever made, the first one first.")]


class NotificationDetailShown(NotificationShown):
    """A notification with all that was tried."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "deliveries": [dict(_DELIVERY)]}]})

    deliveries: list[DeliveryShown]


def show_notification(notification: Notification) -> NotificationShown:
    """Write *notification* as JSON."""
    return NotificationShown.model_validate(notification_shape(notification))


def show_detail(detail: NotificationDetail, *, now_ms: int) -> NotificationDetailShown:
    """Write a notification with all that was tried as JSON."""
    return NotificationDetailShown.model_validate(notification_detail_shape(detail, now_ms=now_ms))
