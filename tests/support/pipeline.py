"""Alerts, matches, plans and outcomes with boring defaults, for whoever drives the pipeline's stores."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.domain.claim import Claim, Outcome, Plan
from alerting_core.domain.delivery import (
    Attempt,
    Delivery,
    DeliveryEvent,
    DeliveryStatus,
    Reason,
    derive_attempt_id,
    derive_delivery_id,
)
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification
from alerting_core.ports.stream import Outgoing
from tests.support.catalog import NOW_MS

LEASE_MS = 60_000

_numbers = count(1)


def make_alert(alert_id: str | None = None, **changes: Any) -> Alert:
    """Return an alert, with an id of its own when none is given."""
    alert_id = alert_id if alert_id is not None else f"alert-{next(_numbers)}"
    return replace(Alert(alert_id, Severity.HIGH, "api", "timeout", NOW_MS // 1_000, {"region": "eu"}), **changes)


def make_match(client_id: str = "acme", *, alert: Alert | None = None, rule_ids: Sequence[str] = ("r1",)) -> Match:
    """Return a match of a new alert, or of *alert*."""
    return Match(alert if alert is not None else make_alert(), client_id, tuple(rule_ids))


def make_output(topic: str = "t", key: bytes = b"k", value: bytes = b"v", **changes: Any) -> Outgoing:
    """Return a record to be written."""
    return replace(Outgoing(topic, key, value), **changes)


def make_delivery(notification: Notification, endpoint: Endpoint, **changes: Any) -> Delivery:
    """Return a PENDING delivery of *notification* to the first target of *endpoint*, due now."""
    target = endpoint.targets[0]
    delivery = Delivery(
        delivery_id=derive_delivery_id(notification.notification_id, endpoint.type, target),
        notification_id=notification.notification_id,
        client_id=notification.client_id,
        endpoint_id=endpoint.endpoint_id,
        type=endpoint.type,
        target=target,
        host="hooks.acme.io",
        status=DeliveryStatus.PENDING,
        attempts=0,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
        next_attempt_at_ms=NOW_MS,
    )
    return replace(delivery, **changes)


def make_skipped(notification: Notification, endpoint: Endpoint, **changes: Any) -> Delivery:
    """Return a delivery that was skipped when it was planned."""
    skipped = {"status": DeliveryStatus.SKIPPED, "reason": Reason.ENDPOINT_DISABLED, "next_attempt_at_ms": None}
    return make_delivery(notification, endpoint, **{**skipped, **changes})


def make_plan(notification: Notification, *deliveries: Delivery) -> Plan:
    """Return a plan."""
    return Plan(notification.ref, deliveries)


def make_attempt(claim: Claim, reason: Reason = Reason.DELIVERED, **changes: Any) -> Attempt:
    """Return the attempt that *claim* made."""
    attempt = Attempt(
        attempt_id=derive_attempt_id(claim.delivery.delivery_id, claim.owner),
        delivery_id=claim.delivery.delivery_id,
        number=claim.delivery.attempts + 1,
        reason=reason,
        started_at_ms=NOW_MS + 10 * claim.delivery.attempts,
        latency_ms=7,
        status_code=200,
        response="ok",
    )
    return replace(attempt, **changes)


def accepted(claim: Claim) -> Outcome:
    """Return the outcome of a delivery that arrived."""
    return Outcome(claim, Reason.DELIVERED, DeliveryEvent.ACCEPTED, make_attempt(claim))


def to_retry(claim: Claim, *, at_ms: int) -> Outcome:
    """Return the outcome of a failure that is tried again at *at_ms*."""
    reason = Reason.HTTP_SERVER_ERROR
    attempt = make_attempt(claim, reason, status_code=500)
    return Outcome(claim, reason, DeliveryEvent.RETRY_LATER, attempt, next_attempt_at_ms=at_ms)


def given_up(claim: Claim, **changes: Any) -> Outcome:
    """Return the outcome of the last failure."""
    reason = Reason.HTTP_SERVER_ERROR
    outcome = Outcome(claim, reason, DeliveryEvent.GIVEN_UP, make_attempt(claim, reason, status_code=500))
    return replace(outcome, **changes)


def not_wanted(claim: Claim) -> Outcome:
    """Return the outcome of a claim whose endpoint was disabled meanwhile."""
    return Outcome(claim, Reason.ENDPOINT_DISABLED, DeliveryEvent.NOT_WANTED)


def postponed(claim: Claim, *, until_ms: int) -> Outcome:
    """Return the outcome of a claim that was not acted on because its host is given a rest."""
    return Outcome(claim, Reason.CIRCUIT_OPEN, None, next_attempt_at_ms=until_ms)
