"""Builders with boring defaults for the tests of delivery."""

from typing import Any

from alerting_core.delivery.hosts import host_of
from alerting_core.domain.alert import Severity
from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import Delivery, DeliveryStatus, EndpointState, derive_delivery_id
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.endpoint_check import new_secret
from alerting_core.domain.notification import Notification, NotificationStatus

NOW_MS = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z"""

URL = "https://hooks.acme.dev/alerts"
SECRET = new_secret(bytes(range(32)))
NEXT_SECRET = new_secret(bytes(range(100, 124)))


def make_notification(**changes: Any) -> Notification:
    values: dict[str, Any] = {
        "notification_id": "5d0d6a4e-0000-8000-8000-000000000001",
        "client_id": "acme",
        "alert_id": "alert-1",
        "severity": Severity.HIGH,
        "source": "api",
        "name": "timeout",
        "event_ts": 1_767_323_045,
        "rule_ids": ("rule-1", "rule-2"),
        "status": NotificationStatus.RECEIVED,
        "created_at_ms": NOW_MS,
        "updated_at_ms": NOW_MS,
        "context": {"region": "eu-west-1", "environment": "prod"},
    }
    return Notification(**values | changes)


def make_endpoint(endpoint_id: str = "endpoint-1", value: str = URL, **changes: Any) -> Endpoint:
    values: dict[str, Any] = {
        "endpoint_id": endpoint_id,
        "client_id": "acme",
        "rule_id": "rule-1",
        "type": EndpointType.WEBHOOK,
        "value": value,
        "enabled": True,
        "version": 1,
        "created_at_ms": NOW_MS,
        "updated_at_ms": NOW_MS,
    }
    return Endpoint(**values | changes)


def make_delivery(target: str = URL, **changes: Any) -> Delivery:
    kind = changes.get("type", EndpointType.WEBHOOK)
    notification_id = changes.get("notification_id", make_notification().notification_id)
    values: dict[str, Any] = {
        "delivery_id": derive_delivery_id(notification_id, kind, target),
        "notification_id": notification_id,
        "client_id": "acme",
        "endpoint_id": "endpoint-1",
        "type": kind,
        "target": target,
        "host": host_of(kind, target),
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "created_at_ms": NOW_MS,
        "updated_at_ms": NOW_MS,
        "next_attempt_at_ms": NOW_MS,
    }
    return Delivery(**values | changes)


def make_state(*targets: str, **changes: Any) -> EndpointState:
    values: dict[str, Any] = {"enabled": True, "targets": targets or (URL,), "secret": SigningSecret(SECRET)}
    return EndpointState(**values | changes)


def make_claim(
    delivery: Delivery | None = None,
    notification: Notification | None = None,
    *,
    owner: str = "sender-1",
    endpoint: EndpointState | None = None,
) -> Claim:
    """Claim *delivery*, whose endpoint holds its target unless another *endpoint* is given."""
    delivery = delivery or make_delivery()
    return Claim(
        owner=owner,
        delivery=delivery,
        notification=notification or make_notification(),
        endpoint=endpoint or make_state(delivery.target),
    )
