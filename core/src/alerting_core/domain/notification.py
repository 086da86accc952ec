"""A notification: one client is told of one alert. Its table of allowed moves between states, and its id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from alerting_core.domain.alert import AlertKey, Severity
from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.domain.text import derive_uuid


def derive_notification_id(client_id: str, alert_id: str, owner: str = "") -> str:
    """Return the id of the one notification that *client_id* gets for *alert_id* of *owner* (empty: shared)."""
    # What is derived of a shared alert is what it was before there were others.
    parts = (client_id, owner, alert_id) if owner else (client_id, alert_id)
    return derive_uuid("notification", *parts)


class NotificationStatus(StrEnum):
    """Where a notification is."""

    RECEIVED = "RECEIVED"
    """Deliveries are still to be planned, or under way."""
    SENT = "SENT"
    """Every delivery that could be made was delivered."""
    PARTIAL = "PARTIAL"
    """Some were delivered, others are dead."""
    FAILED = "FAILED"
    """None was delivered, at least one is dead."""
    SKIPPED = "SKIPPED"
    """There was nothing to deliver to."""


class NotificationEvent(StrEnum):
    """What moves a notification."""

    ALL_DELIVERED = "all-delivered"
    SOME_DELIVERED = "some-delivered"
    NONE_DELIVERED = "none-delivered"
    NOTHING_TO_DELIVER = "nothing-to-deliver"
    RESENT = "resent"


_S = NotificationStatus
_E = NotificationEvent

NOTIFICATION_MOVES: Final[Mapping[tuple[NotificationStatus, NotificationEvent], NotificationStatus]] = {
    (_S.RECEIVED, _E.ALL_DELIVERED): _S.SENT,
    (_S.RECEIVED, _E.SOME_DELIVERED): _S.PARTIAL,
    (_S.RECEIVED, _E.NONE_DELIVERED): _S.FAILED,
    (_S.RECEIVED, _E.NOTHING_TO_DELIVER): _S.SKIPPED,
    (_S.SENT, _E.RESENT): _S.RECEIVED,
    (_S.PARTIAL, _E.RESENT): _S.RECEIVED,
    (_S.FAILED, _E.RESENT): _S.RECEIVED,
    (_S.SKIPPED, _E.RESENT): _S.RECEIVED,
}
"""Every allowed move; a pair that is not here is not allowed. RECEIVED cannot be resent: it is still under way."""


@dataclass(frozen=True, slots=True)
class NotificationRef:
    """Names one notification: its client first, since nothing is looked up without one."""

    client_id: str
    notification_id: str


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification with the alert that caused it.

    Attributes:
        rule_ids: The client's rules that matched, most specific first.
        owner: Of the alert: the client itself when the alert is private to it, empty when it is shared.
    """

    notification_id: str
    client_id: str
    alert_id: str
    severity: Severity
    source: str
    name: str
    event_ts: int
    rule_ids: tuple[str, ...]
    status: NotificationStatus
    created_at_ms: int
    updated_at_ms: int
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str = ""

    @property
    def ref(self) -> NotificationRef:
        """The notification's name."""
        return NotificationRef(self.client_id, self.notification_id)

    @property
    def is_private(self) -> bool:
        """Whether the alert is private to the client; else it is shared."""
        return bool(self.owner)

    @property
    def alert_key(self) -> AlertKey:
        """The key of the alert that caused it."""
        return (self.owner, self.alert_id)


def settled_by(deliveries: Iterable[DeliveryStatus]) -> NotificationEvent | None:
    """Say what the states of all deliveries of a notification make of it; None while one is still under way."""
    delivered = dead = 0
    for status in deliveries:
        if not status.is_final:
            return None
        delivered += status is DeliveryStatus.DELIVERED
        dead += status is DeliveryStatus.DEAD
    if not delivered and not dead:
        return NotificationEvent.NOTHING_TO_DELIVER
    if not dead:
        return NotificationEvent.ALL_DELIVERED
    return NotificationEvent.SOME_DELIVERED if delivered else NotificationEvent.NONE_DELIVERED
