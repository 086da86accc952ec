"""Where the end of an alert is told: wherever it was told that the alert fires, after that, and nowhere else.

Deliveries of an end are planned from those of the firing, not from endpoints, so that edits of rules in between change
nothing. Each follows one of them. Whether it is made is decided when it is claimed, by what became of that one: here
alone, since a delivery that is under way now, or dead and resent later, is not known at the time of the plan.
"""

from collections.abc import Iterable
from typing import Final

from alerting_core.domain.claim import Claim, Outcome, Plan
from alerting_core.domain.delivery import Delivery, DeliveryEvent, DeliveryStatus, Reason, derive_delivery_id
from alerting_core.domain.notification import Notification, NotificationKind

FIRING_LOOK_MS_MIN: Final = 1_000
"""Pause before a delivery that waits for another one looks at it again.

What it waits for wakes it, but not where both are recorded in the same moment: neither sees the other then. So it looks
again soon while an attempt is under way, which ends within seconds, and not before the next one otherwise.
"""


def plan_end(resolved: Notification, firing: Iterable[Delivery], *, now_ms: int) -> Plan:
    """Return a delivery of *resolved* for each of *firing*, PENDING, in their order.

    Args:
        resolved: Tells the end.
        firing: The deliveries of the notification that it follows, whatever their states.
        now_ms: When the deliveries are created. Each is due now if that which it follows has ended, else soon.
    """
    assert resolved.kind is NotificationKind.RESOLVED, "a firing is planned from endpoints"
    return Plan(resolved.ref, tuple(_following(one, resolved, now_ms=now_ms) for one in firing))


def _following(firing: Delivery, resolved: Notification, *, now_ms: int) -> Delivery:
    assert firing.client_id == resolved.client_id, "a delivery of another client"
    return Delivery(
        delivery_id=derive_delivery_id(resolved.notification_id, firing.type, firing.target),
        notification_id=resolved.notification_id,
        client_id=resolved.client_id,
        endpoint_id=firing.endpoint_id,
        type=firing.type,
        target=firing.target,
        host=firing.host,
        status=DeliveryStatus.PENDING,
        attempts=0,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        next_attempt_at_ms=now_ms if firing.status.is_final else now_ms + FIRING_LOOK_MS_MIN,
        follows=firing.delivery_id,
    )


def hold_for_firing(claim: Claim, *, now_ms: int) -> Outcome | None:
    """Return the outcome of a claimed delivery that its target is not to get, or not yet, for the one that it follows.

    None when the attempt is to be made: it follows none, or that one has ended and had arrived.
    """
    if claim.delivery.follows is None:
        return None
    firing = claim.followed
    if firing is not None and not firing.status.is_final:
        due_at_ms = max(firing.due_at_ms or 0, now_ms + FIRING_LOOK_MS_MIN)
        return Outcome(claim, Reason.WAITS_FOR_FIRING, None, next_attempt_at_ms=due_at_ms)
    if firing is None or not firing.has_arrived:
        return Outcome(claim, Reason.FIRING_NOT_TOLD, DeliveryEvent.NOT_WANTED)
    return None
