"""A sender's view of deliveries: planned, claimed with a lease, and what each claim came to."""

from dataclasses import dataclass

from alerting_core.domain.delivery import Attempt, Delivery, DeliveryEvent, EndpointState, Reason
from alerting_core.domain.notification import Notification, NotificationRef


@dataclass(frozen=True, slots=True)
class Plan:
    """All deliveries of one notification, PENDING or already SKIPPED; none when no endpoint wants it."""

    ref: NotificationRef
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make the next attempt of a delivery until the lease runs out.

    Attributes:
        owner: Who holds it; unique per claim call.
        delivery: As stored, with the attempts made so far.
        endpoint: As it is now; None when it was deleted.
    """

    owner: str
    delivery: Delivery
    notification: Notification
    endpoint: EndpointState | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one claim came to.

    Attributes:
        attempt: The try to record; None when none was made (skipped, postponed).
        event: The move to make; None leaves the state and only sets when it is due (a postponed delivery).
        next_attempt_at_ms: When it is due next; required for RETRY_LATER and for a postponed one, else None.
            Postponing is no move: the delivery keeps its `updated_at_ms`, from which its patience is counted.
        disable_endpoint: The endpoint said that it is gone for good: disable it.
    """

    claim: Claim
    reason: Reason
    event: DeliveryEvent | None
    attempt: Attempt | None = None
    next_attempt_at_ms: int | None = None
    disable_endpoint: bool = False
