"""Notifications, deliveries and attempts as JSON."""

from alerting_core.api.shapes.base import JsonObject, time_or_none
from alerting_core.domain.delivery import Attempt
from alerting_core.domain.notification import Notification
from alerting_core.domain.timestamp import rfc3339
from alerting_core.ports.journal import DeliveryDetail, NotificationDetail


def notification_shape(notification: Notification) -> JsonObject:
    """Write *notification*."""
    return {
        "notification_id": notification.notification_id,
        "client_id": notification.client_id,
        "alert_id": notification.alert_id,
        "severity": notification.severity.name,
        "source": notification.source,
        "name": notification.name,
        "context": dict(notification.context),
        "rule_ids": list(notification.rule_ids),
        "event_ts": notification.event_ts,
        "status": notification.status,
        "created_at": rfc3339(notification.created_at_ms),
        "updated_at": rfc3339(notification.updated_at_ms),
    }


def notification_detail_shape(detail: NotificationDetail, *, now_ms: int) -> JsonObject:
    """Write a notification with all that was tried."""
    deliveries = [_delivery_shape(each, now_ms=now_ms) for each in detail.deliveries]
    return notification_shape(detail.notification) | {"deliveries": deliveries}


def _delivery_shape(detail: DeliveryDetail, *, now_ms: int) -> JsonObject:
    delivery, is_being_sent = detail.delivery, detail.is_being_sent(now_ms=now_ms)
    # A lease that has run out: its sender is gone, and the delivery is due since.
    due_at_ms = delivery.next_attempt_at_ms if detail.leased_until_ms is None else detail.leased_until_ms
    return {
        "delivery_id": delivery.delivery_id,
        "endpoint_id": delivery.endpoint_id,
        "type": delivery.type.value,
        "target": delivery.target,
        "status": delivery.status,
        "reason": delivery.reason,
        "attempt_count": delivery.attempts,
        "next_attempt_at": None if is_being_sent else time_or_none(due_at_ms),
        "is_being_sent": is_being_sent,
        "created_at": rfc3339(delivery.created_at_ms),
        "updated_at": rfc3339(delivery.updated_at_ms),
        "attempts": [_attempt_shape(attempt) for attempt in detail.attempts],
    }


def _attempt_shape(attempt: Attempt) -> JsonObject:
    return {
        "attempt_id": attempt.attempt_id,
        "number": attempt.number,
        "reason": attempt.reason,
        "status_code": attempt.status_code,
        "response": attempt.response,
        "detail": attempt.detail,
        "started_at": rfc3339(attempt.started_at_ms),
        "latency_ms": attempt.latency_ms,
    }
