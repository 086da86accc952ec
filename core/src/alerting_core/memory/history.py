"""What happened, in memory: recent alerts, notifications to be read and resent, and how old ones are forgotten."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from itertools import islice
from typing import Final, TypeVar

from alerting_core.domain.alert import Alert
from alerting_core.domain.delivery import DELIVERY_MOVES, DeliveryEvent, DeliveryStatus
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import (
    NOTIFICATION_MOVES,
    Notification,
    NotificationEvent,
    NotificationKind,
    NotificationStatus,
    derive_notification_id,
)
from alerting_core.errors import Conflict, NotFound
from alerting_core.memory.database import DeliveryRow, MemoryDatabase, newest_first, newest_first_of_owners
from alerting_core.memory.notifications import has_end_to_tell, is_needed_for_ends
from alerting_core.ports import history
from alerting_core.ports.catalog import OwnedKey, Page, PageRequest, Scope, TimeKey

ALERTS_KEPT_MAX: Final = 50_000
"""Ten times what a preview looks at; some 50 MB at a kilobyte each, which a browser's tab can bear."""


class MemoryAlertLog:
    """Keeps the alerts that were recorded last, and shows them: an `AlertLog` and an `AlertHistory`."""

    def __init__(self, database: MemoryDatabase, *, alerts_max: int = ALERTS_KEPT_MAX) -> None:
        self._database = database
        self._alerts_max = alerts_max

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*; those known already stay as they are, unless they are of a higher phase."""
        stored = self._database.alerts
        for alert in alerts:
            known = stored.get(alert.key)
            if known is not None and known.alert.phase < alert.phase:
                stored[alert.key] = history.StoredAlert(alert, known.received_at_ms)
            if known is None and (not alert.owner or alert.owner in self._database.clients):
                stored[alert.key] = history.StoredAlert(alert, now_ms)
        while len(stored) > self._alerts_max:
            del stored[next(iter(stored))]

    async def get(
        self, access: history.AlertAccess, alert_id: str, *, owner: str | None = None
    ) -> history.StoredAlert | None:
        """Return the alert, or None."""
        found = [stored for stored in self._of_id(alert_id, owner) if self._may_see(access, stored)]
        if access.scope is None:
            return max(found, key=lambda one: (not one.alert.owner, one.received_at_ms), default=None)
        return max(found, key=lambda one: bool(one.alert.owner), default=None)

    async def recent(self, access: history.AlertAccess, *, limit: int) -> Sequence[history.StoredAlert]:
        """Return the latest alerts, newest first."""
        return nlargest(limit, self._seen(access), key=_place_of)

    async def list(
        self, access: history.AlertAccess, page: PageRequest, where: history.AlertFilter
    ) -> Page[history.StoredAlert]:
        """Return a page of alerts, newest first."""
        found = (stored for stored in self._seen(access) if _meets_alerts(stored, where))
        return newest_first_of_owners("alerts", found, _place_of, page)

    def _seen(self, access: history.AlertAccess) -> Iterator[history.StoredAlert]:
        return (stored for stored in self._database.alerts.values() if self._may_see(access, stored))

    def _may_see(self, access: history.AlertAccess, stored: history.StoredAlert) -> bool:
        client_id, alert = access.scope, stored.alert
        if client_id is None or alert.owner:
            return client_id in {None, alert.owner}
        notified = self._database.notifications
        return not access.notified_only or derive_notification_id(client_id, alert.alert_id) in notified

    def _of_id(self, alert_id: str, owner: str | None) -> Iterator[history.StoredAlert]:
        alerts = self._database.alerts
        owners = ("", *self._database.clients) if owner is None else (owner,)
        return (alerts[key] for one in owners if (key := (one, alert_id)) in alerts)


def _place_of(stored: history.StoredAlert) -> OwnedKey:
    return OwnedKey(stored.received_at_ms, stored.alert.alert_id, stored.alert.owner)


def _meets_alerts(stored: history.StoredAlert, where: history.AlertFilter) -> bool:
    alert = stored.alert
    return (
        where.severity in {None, alert.severity.name}
        and where.source in {None, alert.source}
        and where.name in {None, alert.name}
        and (where.since_ms is None or stored.received_at_ms >= where.since_ms)
        and (where.until_ms is None or stored.received_at_ms < where.until_ms)
        and where.owner in {None, alert.owner}
        and (where.status is None or (alert.has_life and alert.status is where.status))
    )


_HOUR_MS = 3_600_000
_LISTED = "notifications"

StatusT = TypeVar("StatusT", NotificationStatus, DeliveryStatus)


class MemoryNotificationHistory:
    """Reads notifications, and does to them what people ask for."""

    def __init__(self, database: MemoryDatabase, *, looks_max: int = history.RULE_LOOKS_MAX) -> None:
        self._database = database
        self._looks_max = looks_max

    async def list(self, scope: Scope, page: PageRequest, where: history.NotificationFilter) -> Page[Notification]:
        """Return a page of notifications."""
        rows = (n for n in self._database.notifications.values() if scope in {None, n.client_id})
        if where.rule_id is None:
            return newest_first(_LISTED, (n for n in rows if _meets_notifications(n, where)), _key_of, page)
        rule = self._database.rules.get(where.rule_id)
        if scope is None and where.client_id is None and rule is not None:
            where = replace(where, client_id=rule.client_id)
        stretch = (n for n in rows if _is_in_stretch(n, where))
        looked = newest_first(_LISTED, stretch, _key_of, PageRequest(self._looks_max, page.cursor))
        found = newest_first(_LISTED, (n for n in looked.items if _meets_notifications(n, where)), _key_of, page)
        return found if found.next_cursor is not None else Page(found.items, looked.next_cursor)

    async def detail(self, scope: Scope, notification_id: str) -> history.NotificationDetail:
        """Return one notification with all that was tried."""
        notification = self._get(scope, notification_id)
        rows = [self._database.deliveries[id_] for id_ in self._delivery_ids(notification_id)]
        rows.sort(key=lambda row: (row.delivery.created_at_ms, row.delivery.delivery_id))
        details: list[history.DeliveryDetail] = []
        for row in rows:
            is_leased = row.lease_owner is not None
            delivery = replace(row.delivery, next_attempt_at_ms=None if is_leased else row.due_at_ms)
            attempts = self._database.attempts_of_delivery.get(delivery.delivery_id, {}).values()
            first_to_last = sorted(attempts, key=lambda attempt: (attempt.started_at_ms, attempt.attempt_id))
            details.append(history.DeliveryDetail(delivery, first_to_last, row.due_at_ms if is_leased else None))
        return history.NotificationDetail(notification, details)

    async def resend(self, scope: Scope, notification_id: str, *, now_ms: int) -> Notification:
        """Make a finished notification RECEIVED again, and its deliveries due."""
        notification = self._get(scope, notification_id)
        status = NOTIFICATION_MOVES.get((notification.status, NotificationEvent.RESENT))
        if status is None:
            raise Conflict("the notification is still under way")
        ends_at = notification.ends_at
        if ends_at is None and (
            resolved := self._database.notifications.get(notification.resolved_notification_id or "")
        ):
            ends_at = resolved.ends_at
        resent = replace(notification, status=status, ends_at=ends_at, updated_at_ms=now_ms)
        self._database.notifications[notification_id] = resent
        for delivery_id in self._delivery_ids(notification_id):
            delivery = self._database.deliveries[delivery_id].delivery
            pending = replace(
                delivery,
                status=DELIVERY_MOVES[delivery.status, DeliveryEvent.RESENT],
                attempts=0,
                reason=None,
                next_attempt_at_ms=now_ms,
                updated_at_ms=now_ms,
            )
            self._database.deliveries[delivery_id] = DeliveryRow(pending, now_ms)
        return resent

    async def add_test(self, scope: Scope, endpoint: Endpoint, test: history.NewNotification) -> None:
        """Store a test notification with its deliveries."""
        stored = self._database.endpoints.get(endpoint.endpoint_id)
        if stored is None or stored.client_id != endpoint.client_id or scope not in {None, stored.client_id}:
            raise NotFound("there is no such endpoint")
        notification_id = test.notification.notification_id
        self._database.notifications[notification_id] = test.notification
        ids = self._database.deliveries_of_notification.setdefault(notification_id, {})
        for delivery in test.deliveries:
            self._database.deliveries[delivery.delivery_id] = DeliveryRow(delivery, delivery.next_attempt_at_ms)
            ids[delivery.delivery_id] = None

    async def totals(self, scope: Scope, *, now_ms: int) -> history.Totals:
        """Return the dashboard's counts."""
        database = self._database
        enabled = [rule.enabled for rule in database.rules.values() if scope in {None, rule.client_id}]
        endpoints = Counter(str(e.type) for e in database.endpoints.values() if scope in {None, e.client_id})
        by_hour = [0] * 24
        for notification in database.notifications.values():
            if scope is not None and notification.client_id != scope:
                continue
            hours_ago = (now_ms - notification.created_at_ms) // _HOUR_MS
            if 0 <= hours_ago < 24:
                by_hour[23 - hours_ago] += 1
        return history.Totals(
            clients=sum(scope in {None, client_id} for client_id in database.clients),
            rules_enabled=sum(enabled),
            rules_disabled=len(enabled) - sum(enabled),
            endpoints_by_type=endpoints,
            notifications_by_status=_summed(database.notifications.by_status, scope),
            deliveries_by_status=_summed(database.deliveries.by_status, scope),
            last_hour=by_hour[23],
            by_hour=by_hour,
            counted_at_ms=now_ms,
        )

    def _get(self, scope: Scope, notification_id: str) -> Notification:
        notification = self._database.notifications.get(notification_id)
        if notification is None or scope not in {None, notification.client_id}:
            raise NotFound("there is no such notification")
        return notification

    def _delivery_ids(self, notification_id: str) -> tuple[str, ...]:
        return tuple(self._database.deliveries_of_notification.get(notification_id, {}))


def _summed(by_status: Mapping[tuple[str, StatusT], int], scope: Scope) -> Mapping[str, int]:
    """Return status → how many of *scope* have it, without those that none has."""
    sums = Counter[str]()
    for (client_id, status), number in by_status.items():
        if number and scope in {None, client_id}:
            sums[str(status)] += number
    return sums


def _key_of(notification: Notification) -> TimeKey:
    return TimeKey(notification.created_at_ms, notification.notification_id)


def _meets_notifications(notification: Notification, where: history.NotificationFilter) -> bool:
    return (
        _is_in_stretch(notification, where)
        and where.status in {None, notification.status}
        and where.kind in {None, notification.kind}
        and where.severity in {None, notification.severity.name}
        and where.source in {None, notification.source}
        and where.name in {None, notification.name}
        and where.alert_id in {None, notification.alert_id}
        and where.owner in {None, notification.owner}
        and (where.rule_id is None or where.rule_id in notification.rule_ids)
    )


def _is_in_stretch(notification: Notification, where: history.NotificationFilter) -> bool:
    """Whether it is of the client and the times asked for."""
    created_at_ms = notification.created_at_ms
    return (
        where.client_id in {None, notification.client_id}
        and (where.since_ms is None or created_at_ms >= where.since_ms)
        and (where.until_ms is None or created_at_ms < where.until_ms)
    )


NOTIFICATIONS_KEPT_MAX: Final = 20_000
"""With two deliveries and attempts each some 100 MB, which a browser's tab can bear."""

EPISODES_KEPT_MAX: Final = 10_000
"""Identities of alerts with a life of which the latest episode is over: some 10 MB."""

CHANGES_KEPT_MAX: Final = 10_000
"""Of rules, for evaluators to follow; one that is further behind takes all rules anew."""


def forget_old(
    database: MemoryDatabase,
    *,
    notifications_max: int = NOTIFICATIONS_KEPT_MAX,
    episodes_max: int = EPISODES_KEPT_MAX,
    changes_max: int = CHANGES_KEPT_MAX,
) -> int:
    """Drop the oldest finished notifications with all that was tried, episodes that are over, and old changes of rules.

    Return how many notifications were dropped. What is under way is never dropped, nor is the latest change: the
    version of the rules goes on from it.
    """
    excess = len(database.notifications) - notifications_max
    doomed: list[str] = []
    for notification_id, notification in database.notifications.items():
        if len(doomed) >= excess:
            break
        if notification.status is not NotificationStatus.RECEIVED and not _has_open_end(database, notification):
            doomed.append(notification_id)
    for notification_id in doomed:
        for delivery_id in database.deliveries_of_notification.pop(notification_id, {}):
            database.attempts_of_delivery.pop(delivery_id, None)
            del database.deliveries[delivery_id]
        del database.notifications[notification_id]
    _forget_episodes(database, len(database.episodes) - episodes_max)
    for endpoint_id in [id_ for id_ in database.retired_endpoints if not is_needed_for_ends(database, id_)]:
        del database.retired_endpoints[endpoint_id]
    del database.outbox[: -max(1, changes_max)]
    return len(doomed)


def _forget_episodes(database: MemoryDatabase, excess: int) -> None:
    """Drop up to *excess* episodes that are over and published, those whose identities came first."""
    if excess > 0:
        over = (key for key, one in database.episodes.items() if not one.is_open and one.is_published)
        for key in list(islice(over, excess)):
            del database.episodes[key]


def _has_open_end(database: MemoryDatabase, notification: Notification) -> bool:
    """Whether the alert of a FIRING notification still fires, or its end is still to be told.

    While its episode is kept, whoever is to tell of the end may not have come to it.
    """
    if notification.kind is not NotificationKind.FIRING or not has_end_to_tell(database, notification):
        return False
    episode = database.episodes.get((notification.owner, notification.fingerprint))
    return notification.is_followed or (episode is not None and episode.episode_id == notification.alert_id)
