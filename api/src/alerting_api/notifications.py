"""Notifications with their deliveries and attempts: what was told to whom, and once more when asked."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import NotificationReader, NotificationResender, Parts, Use
from alerting_api.endpoints import TypeName
from alerting_api.problems import ProblemKind, refusals
from alerting_api.route import ApiRoute, Once, TraceParent
from alerting_core import limits
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.notification import Notification, NotificationKind, NotificationStatus
from alerting_core.ports.history import RULE_LOOKS_MAX, DeliveryDetail, NotificationFilter

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"], route_class=ApiRoute)

NotificationId = Annotated[
    str, Path(json_schema_extra={"format": "uuid"}, examples=["5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa"])
]

_AT: Final = "2026-01-02T03:04:05.678Z"
_EXAMPLE: Final[Mapping[str, Any]] = {
    "notification_id": "5f7f1a0c-0c52-8d11-9b8e-3d7a1c1de0aa",
    "client_id": "acme",
    "alert_id": "order-4711-timeout",
    "severity": "CRITICAL",
    "source": "api",
    "name": "timeout",
    "context": {"environment": "prod", "region": "us-east-1"},
    "annotations": {"summary": "Checkout waits for the API"},
    "private": False,
    "rule_ids": ["8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1"],
    "event_ts": 1767323045,
    "status": "SENT",
    "kind": "FIRING",
    "fingerprint": None,
    "ends_at": None,
    "firing_notification_id": None,
    "resolved_notification_id": None,
    "created_at": _AT,
    "updated_at": _AT,
}
_RESOLVED: Final[Mapping[str, Any]] = {
    **_EXAMPLE,
    "notification_id": "0e9b8c7d-6a5f-8e4d-9c3b-2a1f0e9d8c7b",
    "kind": "RESOLVED",
    "fingerprint": "9d3f0c1ab2e84f5d8e6a7b1c2d3e4f50",
    "ends_at": "2026-01-02T03:24:05.000Z",
    "firing_notification_id": _EXAMPLE["notification_id"],
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


class NotificationShown(schema.ResponseModel):
    """The decision to tell a client about an alert: exactly one per client, alert and kind."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_EXAMPLE), dict(_RESOLVED)]})

    notification_id: Annotated[schema.Uuid, Field(description="Also the `webhook-id` of every attempt.")]
    client_id: str
    alert_id: str
    severity: schema.ShownSeverity
    source: str
    name: str
    context: Annotated[dict[str, str], Field(description="Labels.")]
    annotations: Annotated[dict[str, str], Field(description="What the source of the alert says of it to people.")]
    private: Annotated[
        bool,
        Field(validation_alias="is_private", description="Whether the alert is private to the client; else shared."),
    ]
    rule_ids: Annotated[
        list[schema.Uuid], Field(description="The client's rules that matched, the most specific first.")
    ]
    event_ts: Annotated[int, Field(description="When it happened, unix seconds.")]
    status: Annotated[
        NotificationStatus,
        Field(
            description="RECEIVED: under way. SENT: all delivered. PARTIAL: some delivered, others given up. "
            "FAILED: all given up. SKIPPED: there was nothing to deliver to."
        ),
    ]
    kind: Annotated[
        NotificationKind,
        Field(description="FIRING: the alert has occurred, or fires. RESOLVED: it is over, and the client knew of it."),
    ]
    fingerprint: Annotated[
        str | None, Field(description="Of an alert with a life, which fires and is resolved; null: it is an event.")
    ]
    ends_at: Annotated[
        schema.Time | None,
        Field(
            description="When the alert ended, if this notification says so: a RESOLVED one, or a FIRING one of an "
            "alert that was over before anybody could be told of it, which says both.",
        ),
    ]
    firing_notification_id: Annotated[
        schema.Uuid | None, Field(description="Of a RESOLVED one: the notification by which the client learned of it.")
    ]
    resolved_notification_id: Annotated[
        schema.Uuid | None, Field(description="Of a FIRING one: the notification of the end, once there is one.")
    ]
    created_at: schema.Time
    updated_at: schema.Time

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read a notification."""
        if isinstance(value, Notification):
            return super().of(value, fingerprint=value.fingerprint or None, **more)
        return super().of(value, **more)


class AttemptShown(schema.ResponseModel):
    """One try to deliver."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_ATTEMPT)]})

    attempt_id: schema.Uuid
    number: Annotated[int, Field(description="1 for the first.")]
    reason: Annotated[Reason, Field(description="What it came to.")]
    status_code: Annotated[int | None, Field(description="HTTP status or SMTP reply code; null: no answer came.")]
    response: Annotated[str, Field(description="The start of the answer.")]
    detail: str
    started_at: schema.Time
    latency_ms: int


class DeliveryShown(schema.ResponseModel):
    """Telling one target."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_DELIVERY)]})

    delivery_id: schema.Uuid
    endpoint_id: schema.Uuid
    type: TypeName
    target: Annotated[str, Field(description="The URL, or the one address.")]
    status: DeliveryStatus
    reason: Annotated[Reason | None, Field(description="Of the latest attempt, or why none was made.")]
    attempt_count: Annotated[int, Field(description="Since it was planned or resent.")]
    next_attempt_at: Annotated[
        schema.Time | None, Field(description="null while it is being sent, and when it has ended.")
    ]
    is_being_sent: Annotated[bool, Field(description="Whether a sender is at it.")]
    created_at: schema.Time
    updated_at: schema.Time
    attempts: Annotated[list[AttemptShown], Field(description="All that were ever made, the first one first.")]

    @classmethod
    def at(cls, detail: DeliveryDetail, *, now_ms: int) -> "DeliveryShown":
        """Read a delivery as it is at *now_ms*."""
        delivery, is_being_sent = detail.delivery, detail.is_being_sent(now_ms=now_ms)
        # A lease that has run out: its sender is gone, and the delivery is due since.
        due_at_ms = delivery.next_attempt_at_ms if detail.leased_until_ms is None else detail.leased_until_ms
        return cls.of(
            delivery,
            attempt_count=delivery.attempts,
            attempts=detail.attempts,
            is_being_sent=is_being_sent,
            next_attempt_at_ms=None if is_being_sent else due_at_ms,
        )


class NotificationDetailShown(NotificationShown):
    """A notification with all that was tried."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "deliveries": [dict(_DELIVERY)]}]})

    deliveries: list[DeliveryShown]


class NotificationQuery(schema.PageQuery):
    """Which notifications to list."""

    client_id: schema.Exact = None
    status: NotificationStatus | None = None
    kind: NotificationKind | None = None
    severity: schema.ShownSeverity | None = None
    source: schema.Exact = None
    name: schema.Exact = None
    alert_id: schema.Exact = None
    rule_id: Annotated[
        str | None,
        Field(
            max_length=limits.ID_CHARS_MAX,
            description=f"A rule that led to it, also one that was deleted since. A page looks at {RULE_LOOKS_MAX:,} "
            "notifications of its client (of all, for a deleted rule without `client_id`): it may hold fewer than "
            "`limit`, even none, and the list still goes on while `next_cursor` is not null.",
        ),
    ] = None
    since: Annotated[schema.Moment | None, Field(description="Created then or later; RFC 3339 with an offset.")] = None
    until: Annotated[schema.Moment | None, Field(description="Created before then.")] = None

    @property
    def where(self) -> NotificationFilter:
        """The same in the words of the port."""
        return NotificationFilter(
            client_id=self.client_id,
            status=self.status,
            kind=self.kind,
            severity=self.severity,
            source=self.source,
            name=self.name,
            alert_id=self.alert_id,
            rule_id=self.rule_id,
            since_ms=schema.clamped_ms(self.since),
            until_ms=schema.clamped_ms(self.until),
        )


@router.get("")
async def list_notifications(
    use: Use, caller: NotificationReader, query: Annotated[NotificationQuery, Query()]
) -> schema.ItemPage[NotificationShown]:
    """List notifications, newest first."""
    return schema.page_of(await use.notifications.list(caller.scope, query.page, query.where), NotificationShown)


@router.get("/{notification_id}")
async def get_notification(
    parts: Parts, caller: NotificationReader, notification_id: NotificationId
) -> NotificationDetailShown:
    """Return one notification with its deliveries and all their attempts."""
    detail = await parts.use.notifications.detail(caller.scope, notification_id)
    now_ms = parts.clock.now_ms()
    deliveries = [DeliveryShown.at(each, now_ms=now_ms) for each in detail.deliveries]
    return NotificationDetailShown.of(detail.notification, deliveries=deliveries)


@router.post("/{notification_id}/resend", status_code=202, responses=refusals(ProblemKind.CONFLICT))
async def resend_notification(
    use: Use,
    caller: NotificationResender,
    _once: Once,
    notification_id: NotificationId,
    traceparent: TraceParent,
) -> NotificationShown:
    """Tell every target of a finished notification again.

    Also those that its rules have gained since. Receivers see the same `webhook-id`. While it is still under way (409)
    there is nothing to send again. Attempts made before stay recorded.
    """
    return NotificationShown.of(await use.notifications.resend(caller.scope, notification_id, traceparent=traceparent))
