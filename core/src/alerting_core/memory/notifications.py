"""Notifications in memory, and which of them still have an end to be told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nsmallest

from alerting_core.domain.alert import AlertKey, Match
from alerting_core.domain.notification import (
    NOTIFICATION_MOVES,
    Notification,
    NotificationEvent,
    NotificationRef,
    NotificationStatus,
    derive_notification_id,
    resolved_notification,
    settled_by,
)
from alerting_core.memory.database import MemoryDatabase
from alerting_core.ports.delivery import Recorded, RecordedEnds


class MemoryNotificationStore:
    """Stores one notification per client and alert; its id is derived from both, so that the key is the id."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        """Store a RECEIVED notification per match that has none yet."""
        return [self._record(match, now_ms=now_ms) for match in matches]

    async def record_ends(self, ends: Mapping[AlertKey, int], *, now_ms: int, limit: int) -> RecordedEnds:
        """Store a RESOLVED notification for each FIRING one that does not tell the end itself."""
        recorded: list[Recorded] = []
        left = dict(ends)
        for key, ends_at in ends.items():
            ids = self._database.notifications.firing.get(key, {})
            firing = [one for one in map(self._database.notifications.__getitem__, ids) if one.ends_at is None]
            if recorded and len(recorded) + len(firing) > limit:
                break
            recorded += [self._record_end(one, ends_at, now_ms=now_ms) for one in firing]
            del left[key]
        return RecordedEnds(recorded, left)

    async def load(self, refs: Sequence[NotificationRef]) -> Sequence[Notification]:
        """Return those that exist, each once."""
        found = (find(self._database, ref) for ref in dict.fromkeys(refs))
        return [notification for notification in found if notification is not None]

    async def take_unfinished(self, *, older_than_ms: int, now_ms: int, limit: int) -> Sequence[NotificationRef]:
        """Return the oldest RECEIVED notifications without a delivery that will finish them; note that they were."""
        rows = self._database.notifications
        received = (rows[id_] for id_ in rows.received)
        old = (n for n in received if n.updated_at_ms < older_than_ms and not is_under_way(self._database, n))
        oldest = nsmallest(limit, old, key=lambda n: (n.updated_at_ms, n.notification_id))
        for notification in oldest:
            rows[notification.notification_id] = replace(notification, updated_at_ms=now_ms)
        return [NotificationRef(n.client_id, n.notification_id) for n in oldest]

    def _record(self, match: Match, *, now_ms: int) -> Recorded:
        alert = match.alert
        notification_id = derive_notification_id(match.client_id, alert.alert_id, alert.owner)
        ref = NotificationRef(match.client_id, notification_id)
        if match.client_id not in self._database.clients:
            return Recorded(ref, alert.alert_id, None, created=False)
        stored = self._database.notifications.get(notification_id)
        if stored is not None:
            return Recorded(ref, alert.alert_id, stored.status, created=False)
        status = NotificationStatus.RECEIVED
        self._database.notifications[notification_id] = Notification(
            notification_id=notification_id,
            client_id=match.client_id,
            alert_id=alert.alert_id,
            severity=alert.severity,
            source=alert.source,
            name=alert.name,
            event_ts=alert.event_ts,
            rule_ids=match.rule_ids,
            status=status,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            context=dict(alert.context),
            annotations=dict(alert.annotations),
            owner=alert.owner,
            fingerprint=alert.fingerprint,
            ends_at=alert.ends_at,
        )
        return Recorded(ref, alert.alert_id, status, created=True)

    def _record_end(self, firing: Notification, ends_at: int, *, now_ms: int) -> Recorded:
        rows = self._database.notifications
        resolved = resolved_notification(firing, ends_at=ends_at, now_ms=now_ms)
        stored = rows.get(resolved.notification_id)
        if stored is not None:
            return Recorded(stored.ref, stored.alert_id, stored.status, created=False)
        rows[resolved.notification_id] = resolved
        rows[firing.notification_id] = replace(firing, resolved_notification_id=resolved.notification_id)
        return Recorded(resolved.ref, resolved.alert_id, resolved.status, created=True)


def find(database: MemoryDatabase, ref: NotificationRef) -> Notification | None:
    """Return the notification if it exists and is that client's."""
    notification = database.notifications.get(ref.notification_id)
    return notification if notification is not None and notification.client_id == ref.client_id else None


def is_under_way(database: MemoryDatabase, notification: Notification) -> bool:
    """Whether one of its deliveries is not final."""
    ids = database.deliveries_of_notification.get(notification.notification_id, {})
    return any(not database.deliveries[id_].delivery.status.is_final for id_ in ids)


def what_settles(database: MemoryDatabase, notification: Notification) -> NotificationEvent | None:
    """Say what its deliveries make of it; None while one is under way."""
    ids = database.deliveries_of_notification.get(notification.notification_id, {})
    return settled_by(database.deliveries[id_].delivery.status for id_ in ids)


def move(
    database: MemoryDatabase,
    notification: Notification,
    event: NotificationEvent,
    *,
    now_ms: int,
) -> None:
    """Move a notification by the table of allowed moves."""
    status = NOTIFICATION_MOVES[notification.status, event]
    database.notifications[notification.notification_id] = replace(notification, status=status, updated_at_ms=now_ms)


def has_end_to_tell(database: MemoryDatabase, firing: Notification) -> bool:
    """Whether the end of the alert, of which *firing* told, is still to be told or under way."""
    if not firing.has_life or firing.ends_at is not None:
        return False
    resolved = database.notifications.get(firing.resolved_notification_id or "")
    return not firing.is_followed or (resolved is not None and resolved.status is NotificationStatus.RECEIVED)


def is_needed_for_ends(database: MemoryDatabase, endpoint_id: str) -> bool:
    """Whether the end of an alert is to be told through an endpoint, since it was told through it that it fires."""
    rows = database.notifications
    return any(
        database.deliveries[delivery_id].delivery.endpoint_id == endpoint_id
        for notification_id in _firing(database)
        if has_end_to_tell(database, rows[notification_id])
        for delivery_id in database.deliveries_of_notification.get(notification_id, ())
    )


def _firing(database: MemoryDatabase) -> Iterator[str]:
    return (id_ for ids in database.notifications.firing.values() for id_ in ids)
