"""What happened, in memory."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from alerting_core.domain.delivery import DELIVERY_MOVES, DeliveryEvent, DeliveryStatus
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import NOTIFICATION_MOVES, Notification, NotificationEvent, NotificationStatus
from alerting_core.errors import Conflict, NotFound
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.pages import newest_first
from alerting_core.memory.tables import DeliveryRow
from alerting_core.ports.cursor import TimeKey
from alerting_core.ports.journal import (
    RULE_LOOKS_MAX,
    DeliveryDetail,
    NewNotification,
    NotificationDetail,
    NotificationFilter,
    Totals,
)
from alerting_core.ports.paging import Page, PageRequest, Scope

_HOUR_MS = 3_600_000
_LISTED = "notifications"

StatusT = TypeVar("StatusT", NotificationStatus, DeliveryStatus)


class MemoryJournal:
    """Reads notifications, and does to them what people ask for."""

    def __init__(self, database: MemoryDatabase, *, looks_max: int = RULE_LOOKS_MAX) -> None:
        self._database = database
        self._looks_max = looks_max

    async def list(self, scope: Scope, page: PageRequest, where: NotificationFilter) -> Page[Notification]:
        """Return a page of notifications."""
        rows = (n for n in self._database.notifications.values() if scope in {None, n.client_id})
        if where.rule_id is None:
            return newest_first(_LISTED, (n for n in rows if _meets(n, where)), _key_of, page)
        rule = self._database.rules.get(where.rule_id)
        if scope is None and where.client_id is None and rule is not None:
            where = replace(where, client_id=rule.client_id)
        stretch = (n for n in rows if _is_in_stretch(n, where))
        looked = newest_first(_LISTED, stretch, _key_of, PageRequest(self._looks_max, page.cursor))
        found = newest_first(_LISTED, (n for n in looked.items if _meets(n, where)), _key_of, page)
        return found if found.next_cursor is not None else Page(found.items, looked.next_cursor)

    async def detail(self, scope: Scope, notification_id: str) -> NotificationDetail:
        """Return one notification with all that was tried."""
        notification = self._get(scope, notification_id)
        rows = [self._database.deliveries[id_] for id_ in self._delivery_ids(notification_id)]
        rows.sort(key=lambda row: (row.delivery.created_at_ms, row.delivery.delivery_id))
        details: list[DeliveryDetail] = []
        for row in rows:
            is_leased = row.lease_owner is not None
            delivery = replace(row.delivery, next_attempt_at_ms=None if is_leased else row.due_at_ms)
            attempts = self._database.attempts_of_delivery.get(delivery.delivery_id, {}).values()
            first_to_last = sorted(attempts, key=lambda attempt: (attempt.started_at_ms, attempt.attempt_id))
            details.append(DeliveryDetail(delivery, first_to_last, row.due_at_ms if is_leased else None))
        return NotificationDetail(notification, details)

    async def resend(self, scope: Scope, notification_id: str, *, now_ms: int) -> Notification:
        """Make a finished notification RECEIVED again, and its deliveries due."""
        notification = self._get(scope, notification_id)
        status = NOTIFICATION_MOVES.get((notification.status, NotificationEvent.RESENT))
        if status is None:
            raise Conflict("the notification is still under way")
        resent = replace(notification, status=status, updated_at_ms=now_ms)
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

    async def add_test(self, scope: Scope, endpoint: Endpoint, test: NewNotification) -> None:
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

    async def totals(self, scope: Scope, *, now_ms: int) -> Totals:
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
        return Totals(
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


def _meets(notification: Notification, where: NotificationFilter) -> bool:
    return (
        _is_in_stretch(notification, where)
        and where.status in {None, notification.status}
        and where.severity in {None, notification.severity.name}
        and where.source in {None, notification.source}
        and where.name in {None, notification.name}
        and where.alert_id in {None, notification.alert_id}
        and (where.rule_id is None or where.rule_id in notification.rule_ids)
    )


def _is_in_stretch(notification: Notification, where: NotificationFilter) -> bool:
    """Whether it is of the client and the times asked for."""
    created_at_ms = notification.created_at_ms
    return (
        where.client_id in {None, notification.client_id}
        and (where.since_ms is None or created_at_ms >= where.since_ms)
        and (where.until_ms is None or created_at_ms < where.until_ms)
    )
