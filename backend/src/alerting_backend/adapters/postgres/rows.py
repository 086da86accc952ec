"""Notifications, deliveries and attempts as rows."""

from typing import Any, Final

import asyncpg

from alerting_core.domain.delivery import Attempt, Delivery, DeliveryStatus, Reason
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.notification import Notification, NotificationStatus
from alerting_core.domain.severity import Severity

NOTIFICATION_COLUMNS: Final = (
    "client_id, notification_id, alert_id, severity, source, name, context, rule_ids, event_ts, status, created_at, "
    "updated_at"
)

DELIVERY_COLUMNS: Final = (
    "client_id, delivery_id, notification_id, endpoint_id, type, target, host, status, reason, attempts, due_at, "
    "created_at, updated_at"
)

UNFINISHED: Final = "status IN ('PENDING', 'RETRYING')"
"""Deliveries that are due at some time, in the words of the index deliveries_next_due: by time, over all clients."""

ATTEMPT_COLUMNS: Final = (
    "attempt_id, delivery_id, number, reason, status_code, response, detail, started_at, latency_ms"
)


def notification_row(notification: Notification) -> tuple[Any, ...]:
    """Return the values of `NOTIFICATION_COLUMNS`."""
    return (
        notification.client_id,
        notification.notification_id,
        notification.alert_id,
        int(notification.severity),
        notification.source,
        notification.name,
        dict(notification.context),
        list(notification.rule_ids),
        notification.event_ts,
        str(notification.status),
        notification.created_at_ms,
        notification.updated_at_ms,
    )


def read_notification(row: asyncpg.Record) -> Notification:
    """Return the notification of a row with `NOTIFICATION_COLUMNS`."""
    return Notification(
        notification_id=row["notification_id"],
        client_id=row["client_id"],
        alert_id=row["alert_id"],
        severity=Severity(row["severity"]),
        source=row["source"],
        name=row["name"],
        event_ts=row["event_ts"],
        rule_ids=tuple(row["rule_ids"]),
        status=NotificationStatus(row["status"]),
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
        context=row["context"],
    )


def delivery_row(delivery: Delivery) -> tuple[Any, ...]:
    """Return the values of `DELIVERY_COLUMNS`."""
    return (
        delivery.client_id,
        delivery.delivery_id,
        delivery.notification_id,
        delivery.endpoint_id,
        str(delivery.type),
        delivery.target,
        delivery.host,
        str(delivery.status),
        delivery.reason,
        delivery.attempts,
        delivery.next_attempt_at_ms,
        delivery.created_at_ms,
        delivery.updated_at_ms,
    )


def read_delivery(row: asyncpg.Record) -> Delivery:
    """Return the delivery of a row with `DELIVERY_COLUMNS`. While it is leased, it is due when the lease ends."""
    return Delivery(
        delivery_id=row["delivery_id"],
        notification_id=row["notification_id"],
        client_id=row["client_id"],
        endpoint_id=row["endpoint_id"],
        type=EndpointType(row["type"]),
        target=row["target"],
        host=row["host"],
        status=DeliveryStatus(row["status"]),
        attempts=row["attempts"],
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
        next_attempt_at_ms=row["due_at"],
        reason=None if row["reason"] is None else Reason(row["reason"]),
    )


def read_attempt(row: asyncpg.Record) -> Attempt:
    """Return the attempt of a row with `ATTEMPT_COLUMNS`."""
    return Attempt(
        attempt_id=row["attempt_id"],
        delivery_id=row["delivery_id"],
        number=row["number"],
        reason=Reason(row["reason"]),
        started_at_ms=row["started_at"],
        latency_ms=row["latency_ms"],
        status_code=row["status_code"],
        response=row["response"],
        detail=row["detail"],
    )
