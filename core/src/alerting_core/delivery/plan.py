"""Who is told about a notification, one delivery per channel and target; and how a claim becomes what is sent."""

from collections.abc import Collection, Sequence
from typing import assert_never

from alerting_core import limits
from alerting_core.delivery.email import render_email
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS, host_of, is_placeholder
from alerting_core.delivery.slack import render_slack
from alerting_core.delivery.webhook import render_webhook
from alerting_core.domain.claim import Claim, Message, Plan
from alerting_core.domain.delivery import Delivery, DeliveryStatus, Reason, derive_delivery_id
from alerting_core.domain.endpoint import Endpoint, EndpointType
from alerting_core.domain.notification import Notification, NotificationRef

Target = tuple[EndpointType, str]


def plan_deliveries(
    notification: Notification,
    endpoints: Sequence[Endpoint],
    *,
    now_ms: int,
    placeholders: Collection[str] = PLACEHOLDER_DOMAINS,
) -> Plan:
    """Decide the deliveries of *notification*, each (type, target) once, in a stable order.

    What will not be told is planned too, as SKIPPED with its reason, so that people see why nothing came. Where
    several endpoints hold the same target, an enabled one wins over a disabled one, then the first by id.

    Args:
        notification: Any; its id is part of each delivery's.
        endpoints: Those of all its rules, of its own client alone, in any order.
        now_ms: When the deliveries are created and first due.
        placeholders: Hosts never contacted, each with all names below it; `localhost` where policy says so.
    """
    holders: dict[Target, Endpoint] = {}
    for endpoint in sorted(endpoints, key=lambda each: (not each.enabled, each.endpoint_id)):
        assert endpoint.client_id == notification.client_id, "an endpoint of another client"
        for target in endpoint.targets:
            holders.setdefault((endpoint.type, target), endpoint)

    deliveries: list[Delivery] = []
    wanted = 0
    for (kind, target), endpoint in sorted(holders.items(), key=_in_order):
        reason = _skip_reason(endpoint, kind, target, placeholders)
        if reason is None:
            wanted += 1
            if wanted > limits.RECIPIENTS_PER_NOTIFICATION_MAX:
                reason = Reason.TOO_MANY_RECIPIENTS
        deliveries.append(_delivery(notification, endpoint, target, reason, now_ms=now_ms))
    return Plan(NotificationRef(notification.client_id, notification.notification_id), tuple(deliveries))


def _in_order(item: tuple[Target, Endpoint]) -> tuple[str, str, str]:
    (kind, target), endpoint = item
    return (endpoint.endpoint_id, kind, target)


def _skip_reason(endpoint: Endpoint, kind: EndpointType, target: str, placeholders: Collection[str]) -> Reason | None:
    if not endpoint.enabled:
        return Reason.ENDPOINT_DISABLED
    if is_placeholder(kind, target, placeholders):
        return Reason.PLACEHOLDER_DOMAIN
    return None


def _delivery(
    notification: Notification,
    endpoint: Endpoint,
    target: str,
    skipped: Reason | None,
    *,
    now_ms: int,
) -> Delivery:
    return Delivery(
        delivery_id=derive_delivery_id(notification.notification_id, endpoint.type, target),
        notification_id=notification.notification_id,
        client_id=notification.client_id,
        endpoint_id=endpoint.endpoint_id,
        type=endpoint.type,
        target=target,
        host=host_of(endpoint.type, target),
        status=DeliveryStatus.SKIPPED if skipped else DeliveryStatus.PENDING,
        attempts=0,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        next_attempt_at_ms=None if skipped else now_ms,
        reason=skipped,
    )


def render(claim: Claim, *, now_ms: int) -> Message:
    """Return the message of a claimed delivery.

    Args:
        claim: Still wanted (`delivery.retry.skip` and `delivery.ends.hold_for_firing` find nothing against it).
        now_ms: When the attempt begins: what a webhook is signed for, and which of two secrets still sign.
    """
    match claim.delivery.type:
        case EndpointType.WEBHOOK:
            return render_webhook(claim, now_ms=now_ms)
        case EndpointType.SLACK:
            return render_slack(claim)
        case EndpointType.EMAIL:
            return render_email(claim)
        case _:
            assert_never(claim.delivery.type)
