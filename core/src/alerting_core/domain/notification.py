"""A notification: one client is told of one alert, and of its end when it has one.

Its table of allowed moves between states, its ids, and what the notification of the end takes from that of the firing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from alerting_core.domain.alert import AlertKey, Severity
from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.domain.text import derive_uuid


class NotificationKind(StrEnum):
    """What a notification says."""

    FIRING = "FIRING"
    """The alert has occurred. Of an alert with a life: it fires."""
    RESOLVED = "RESOLVED"
    """The alert, of which the client was notified before, is over."""


def derive_notification_id(
    client_id: str, alert_id: str, owner: str = "", kind: NotificationKind = NotificationKind.FIRING
) -> str:
    """Return the id of the one notification of *kind* that *client_id* gets for an alert of *owner* (empty: shared)."""
    if kind is NotificationKind.RESOLVED:
        return derive_uuid("notification", client_id, owner, alert_id, kind)
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

    The end of an alert with a life is told once: by a second notification, or, when it was over before anybody could be
    told that it fires, by the first one, which then says both.

    Attributes:
        event_ts: When the alert happened, or began to fire; unix seconds.
        rule_ids: The client's rules that matched, most specific first.
        owner: Of the alert: the client itself when the alert is private to it, empty when it is shared.
        fingerprint: Of an alert with a life; empty for an event.
        ends_at: When the alert ended, unix seconds, if this notification says so; else None.
        firing_notification_id: Of a RESOLVED one: the notification by which the client learned that the alert fires.
        resolved_notification_id: Of a FIRING one: that of the end, once it is stored.
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
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str = ""
    kind: NotificationKind = NotificationKind.FIRING
    fingerprint: str = ""
    ends_at: int | None = None
    firing_notification_id: str | None = None
    resolved_notification_id: str | None = None

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

    @property
    def ends_at_ms(self) -> int | None:
        """The same as `ends_at`, in unix milliseconds."""
        return None if self.ends_at is None else self.ends_at * 1_000

    @property
    def has_life(self) -> bool:
        """Whether the alert fires and is resolved; else it is an event."""
        return bool(self.fingerprint)

    @property
    def firing_ref(self) -> NotificationRef | None:
        """Of a RESOLVED one: the name of the notification that it follows."""
        id_ = self.firing_notification_id
        return None if id_ is None else NotificationRef(self.client_id, id_)

    @property
    def is_followed(self) -> bool:
        """Whether the end is told by a notification of its own, which goes where this one went."""
        return self.resolved_notification_id is not None


def resolved_notification(firing: Notification, *, ends_at: int, now_ms: int) -> Notification:
    """Return the notification of the end of the alert that *firing* is about, still to be planned.

    Args:
        firing: Of an alert with a life, whose end it does not say.
        ends_at: When the alert ended, unix seconds.
        now_ms: When the notification is made.
    """
    assert firing.kind is NotificationKind.FIRING, "an end is told after a firing"
    resolved = NotificationKind.RESOLVED
    return replace(
        firing,
        notification_id=derive_notification_id(firing.client_id, firing.alert_id, firing.owner, resolved),
        kind=resolved,
        ends_at=max(ends_at, firing.event_ts),
        firing_notification_id=firing.notification_id,
        resolved_notification_id=None,
        status=NotificationStatus.RECEIVED,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )


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
