"""Alerts as JSON, and the decisions about them."""

from alerting_core.api.shapes.base import JsonObject
from alerting_core.app.insight import AlertDetail, ExplainedRule, Explanation, Preview
from alerting_core.domain.notification import Notification
from alerting_core.domain.timestamp import rfc3339
from alerting_core.ports.alerts import StoredAlert


def alert_shape(stored: StoredAlert) -> JsonObject:
    """Write an alert as it was taken in."""
    alert = stored.alert
    return {
        "alert_id": alert.alert_id,
        "severity": alert.severity.name,
        "source": alert.source,
        "name": alert.name,
        "context": dict(alert.context),
        "event_ts": alert.event_ts,
        "received_at": rfc3339(stored.received_at_ms),
    }


def alert_detail_shape(detail: AlertDetail) -> JsonObject:
    """Write an alert with the notifications that were made of it."""
    return alert_shape(detail.stored) | {
        "notifications": [_notified_shape(notification) for notification in detail.notifications],
        "more_notifications": detail.has_more,
    }


def explanation_shape(explanation: Explanation, *, rules_max: int) -> JsonObject:
    """Write the decisions about the rules of a client, the first *rules_max* of them."""
    return {
        "alert": alert_shape(explanation.stored),
        "client_id": explanation.client_id,
        "examined": len(explanation.rules),
        "matched": sum(one.explanation.matched for one in explanation.rules),
        "rules": [_explained_rule_shape(one) for one in explanation.rules[:rules_max]],
    }


def preview_shape(preview: Preview) -> JsonObject:
    """Write what a draft rule would have matched."""
    return {
        "examined": preview.examined,
        "matched": preview.matched,
        "items": [alert_shape(stored) for stored in preview.alerts],
    }


def _notified_shape(notification: Notification) -> JsonObject:
    return {
        "notification_id": notification.notification_id,
        "client_id": notification.client_id,
        "rule_ids": list(notification.rule_ids),
        "status": notification.status,
        "created_at": rfc3339(notification.created_at_ms),
        "updated_at": rfc3339(notification.updated_at_ms),
    }


def _explained_rule_shape(one: ExplainedRule) -> JsonObject:
    rule = one.rule
    return {
        "rule_id": rule.rule_id,
        "severity": rule.severity,
        "source": rule.source,
        "name": rule.name,
        "enabled": rule.enabled,
        "matched": one.explanation.matched,
        "findings": [
            {"reason": f.reason, "field": f.field, "expected": f.expected, "actual": f.actual, "detail": f.detail}
            for f in one.explanation.findings
        ],
    }
