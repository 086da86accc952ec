"""What happened, on Postgres: notifications with their deliveries and attempts, paged, resent and counted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import asyncpg

from alerting_backend.adapters.postgres.connection import Connection, Pools
from alerting_backend.adapters.postgres.rows import ATTEMPTS, DELIVERIES, NOTIFICATIONS
from alerting_backend.adapters.postgres.tables import Conditions, NewestFirst, all_storable, at_client, scoped, within
from alerting_core.codec.records import is_uuid
from alerting_core.domain.alert import Severity
from alerting_core.domain.delivery import Attempt
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import NOTIFICATION_MOVES, Notification, NotificationEvent
from alerting_core.errors import Conflict, NotFound
from alerting_core.ports import history
from alerting_core.ports.catalog import Page, PageRequest, Scope, TimeKey, decode_time_cursor, encode_time_cursor

NAME: Final = "notifications"
"""Of the list, in its cursors."""

_SELECT: Final = f"SELECT {NOTIFICATIONS.columns} FROM notifications"
_LIST: Final = NewestFirst(NAME, _SELECT, "notification_id", NOTIFICATIONS.read)

_CLIENT_OF_RULE: Final = "SELECT client_id FROM rules WHERE rule_id = $1"


async def list_page(
    pools: Pools, scope: Scope, page: PageRequest, where: history.NotificationFilter, *, looks_max: int
) -> Page[Notification]:
    """Return a page of what meets *where*.

    Args:
        looks_max: How many notifications of the client a page of one rule looks at.
    """
    if not _may_be_met(where):
        return Page([])
    if where.rule_id is None:
        return await _LIST.page(pools, scope, _conditions(scope, where), page)
    if scope is None and where.client_id is None:
        where = replace(where, client_id=await _client_of(pools, where.rule_id))
    end = await _last_looked_at(pools, scope, page, where, looks_max)
    conditions = _conditions(scope, where)
    if end is not None:
        conditions.add("(created_at, notification_id) >= ({}::timestamptz, {}::uuid)", end.at_ms, end.id)
    found = await _LIST.page(pools, scope, conditions, page)
    if end is None or found.next_cursor is not None:
        return found
    return Page(found.items, encode_time_cursor(NAME, end))


def _may_be_met(where: history.NotificationFilter) -> bool:
    """Whether any row could have what is asked for."""
    texts = (where.client_id, where.source, where.name, where.alert_id, where.rule_id, where.owner)
    return all_storable(*texts) and (where.severity is None or where.severity in Severity.__members__)


def _conditions(scope: Scope, where: history.NotificationFilter) -> Conditions:
    conditions = _stretch(scope, where)
    conditions.add_equal(
        status=where.status,
        kind=where.kind,
        severity=None if where.severity is None else int(Severity[where.severity]),
        source=where.source,
        name=where.name,
        alert_id=where.alert_id,
        owner=where.owner,
    )
    if where.alert_id is not None:
        at_client(conditions, scope)
    if where.rule_id is not None:
        conditions.add("{} = ANY (rule_ids)", where.rule_id)
    return conditions


def _stretch(scope: Scope, where: history.NotificationFilter) -> Conditions:
    """Return what an index knows: whose they are, and when they were created."""
    conditions = Conditions(scope)
    conditions.add_equal(client_id=where.client_id)
    if where.since_ms is not None:
        conditions.add("created_at >= {}", within(where.since_ms))
    if where.until_ms is not None:
        conditions.add("created_at < {}", within(where.until_ms))
    return conditions


async def _client_of(pools: Pools, rule_id: str) -> str | None:
    """Return whose rule it is; None for one that was deleted, which is sought among the notifications of all."""
    if not is_uuid(rule_id):
        return None
    async with scoped(pools, None, "client_of_rule") as connection:
        client_id: str | None = await connection.fetchval(_CLIENT_OF_RULE, rule_id)
        return client_id


async def _last_looked_at(
    pools: Pools, scope: Scope, page: PageRequest, where: history.NotificationFilter, looks_max: int
) -> TimeKey | None:
    """Return where *page* ends at the latest; None when what is left is not too much to look at."""
    conditions = _stretch(scope, where)
    if page.cursor is not None:
        after = decode_time_cursor(NAME, page.cursor)
        conditions.add("(created_at, notification_id) < ({}::timestamptz, {}::uuid)", after.at_ms, after.id)
    keys = "SELECT created_at, notification_id FROM notifications"
    order = f" ORDER BY created_at DESC, notification_id DESC OFFSET {looks_max - 1} LIMIT 2"
    async with scoped(pools, scope, "end_of_look") as connection:
        rows = await connection.fetch(keys + conditions.sql + order, *conditions.arguments)
    return TimeKey(rows[0]["created_at"], rows[0]["notification_id"]) if len(rows) == 2 else None


_DELIVERIES: Final = f"""
SELECT {DELIVERIES.columns}, lease_owner FROM deliveries WHERE client_id = $1 AND notification_id = $2
ORDER BY created_at, delivery_id
"""

_ATTEMPTS: Final = f"""
SELECT {ATTEMPTS.columns} FROM attempts WHERE client_id = $1 AND delivery_id = ANY ($2::uuid[])
ORDER BY started_at, attempt_id
"""

_RESEND: Final = f"""
UPDATE notifications AS n SET status = $3, updated_at = $4, ends_at = coalesce(n.ends_at, (
    SELECT o.ends_at FROM notifications AS o
    WHERE o.client_id = $1 AND o.notification_id = n.resolved_notification_id OFFSET 0
))
WHERE client_id = $1 AND notification_id = $2
RETURNING {NOTIFICATIONS.columns}
"""

_RESEND_DELIVERIES: Final = """
UPDATE deliveries SET
    status = 'PENDING', attempts = 0, reason = NULL, due_at = $3, lease_owner = NULL, updated_at = $3
WHERE client_id = $1 AND notification_id = $2
"""

_INSERT: Final = f"""
INSERT INTO notifications ({NOTIFICATIONS.columns}) VALUES ({NOTIFICATIONS.places})
"""

_INSERT_DELIVERY: Final = f"""
INSERT INTO deliveries ({DELIVERIES.columns}) VALUES ({DELIVERIES.places})
"""


_HOUR_MS: Final = 3_600_000

_COUNT_CLIENTS: Final = "SELECT count(*) FROM clients"
_COUNT_RULES: Final = "SELECT enabled, count(*) FROM rules"
_COUNT_ENDPOINTS: Final = "SELECT type, count(*) FROM endpoints"
_COUNT_NOTIFICATIONS: Final = "SELECT status, count(*) FROM notifications"
_COUNT_DELIVERIES: Final = "SELECT status, count(*) FROM deliveries"
_BY_HOUR: Final = """
SELECT floor(extract(epoch FROM $1::timestamptz - created_at) / 3600)::integer AS hours_ago, count(*) AS created
FROM notifications
WHERE created_at > $2 AND created_at <= $1 AND ($3::text IS NULL OR client_id = $3)
GROUP BY 1
"""


class PgNotificationHistory:
    """Reads notifications, and does to them what people ask for.

    Args:
        looks_max: How many notifications a page of one rule looks at.
    """

    def __init__(self, pools: Pools, *, looks_max: int = history.RULE_LOOKS_MAX) -> None:
        self._pools = pools
        self._looks_max = looks_max

    async def list(self, scope: Scope, page: PageRequest, where: history.NotificationFilter) -> Page[Notification]:
        """Return a page of notifications."""
        return await list_page(self._pools, scope, page, where, looks_max=self._looks_max)

    async def detail(self, scope: Scope, notification_id: str) -> history.NotificationDetail:
        """Return one notification with all that was tried."""
        async with scoped(self._pools, scope, "notification_detail") as connection:
            notification = await _find(connection, scope, notification_id)
            rows = await connection.fetch(_DELIVERIES, notification.client_id, notification_id)
            ids = [row["delivery_id"] for row in rows]
            tries = await connection.fetch(_ATTEMPTS, notification.client_id, ids)
        attempts: defaultdict[str, list[Attempt]] = defaultdict(list)
        for row in tries:
            attempts[row["delivery_id"]].append(ATTEMPTS.read(row))
        return history.NotificationDetail(
            notification, [_read_detail(row, attempts[row["delivery_id"]]) for row in rows]
        )

    async def resend(self, scope: Scope, notification_id: str, *, now_ms: int) -> Notification:
        """Make a finished notification RECEIVED again, and its deliveries due."""
        async with scoped(self._pools, scope, "resend") as connection:
            stored = await _find(connection, scope, notification_id, lock=" FOR UPDATE")
            status = NOTIFICATION_MOVES.get((stored.status, NotificationEvent.RESENT))
            if status is None:
                raise Conflict("the notification is still under way")
            row = await connection.fetchrow(_RESEND, stored.client_id, notification_id, str(status), now_ms)
            assert row is not None, "the row is locked"
            await connection.execute(_RESEND_DELIVERIES, stored.client_id, notification_id, now_ms)
        return NOTIFICATIONS.read(row)

    async def add_test(self, scope: Scope, endpoint: Endpoint, test: history.NewNotification) -> None:
        """Store a test notification with its deliveries."""
        stored = "SELECT 1 FROM endpoints WHERE client_id = $1 AND endpoint_id = $2"
        if scope not in {None, endpoint.client_id}:
            raise NotFound("there is no such endpoint")
        async with scoped(self._pools, scope, "add_test") as connection:
            if await connection.fetchval(stored, endpoint.client_id, endpoint.endpoint_id) is None:
                raise NotFound("there is no such endpoint")
            await connection.execute(_INSERT, *NOTIFICATIONS.row(test.notification))
            await connection.executemany(_INSERT_DELIVERY, [DELIVERIES.row(each) for each in test.deliveries])

    async def totals(self, scope: Scope, *, now_ms: int) -> history.Totals:
        """Return the dashboard's counts."""
        of_scope = Conditions(scope)
        async with scoped(self._pools, scope, "totals") as connection:
            clients = await connection.fetchval(_COUNT_CLIENTS + of_scope.sql, *of_scope.arguments)
            rules = await _counts(connection, _COUNT_RULES, of_scope)
            endpoints = await _counts(connection, _COUNT_ENDPOINTS, of_scope)
            notifications = await _counts(connection, _COUNT_NOTIFICATIONS, of_scope)
            deliveries = await _counts(connection, _COUNT_DELIVERIES, of_scope)
            rows = await connection.fetch(_BY_HOUR, now_ms, now_ms - 24 * _HOUR_MS, scope)
        hours = {row["hours_ago"]: row["created"] for row in rows}
        return history.Totals(
            clients=clients,
            rules_enabled=rules.get(True, 0),
            rules_disabled=rules.get(False, 0),
            endpoints_by_type=endpoints,
            notifications_by_status=notifications,
            deliveries_by_status=deliveries,
            last_hour=hours.get(0, 0),
            by_hour=[hours.get(hour, 0) for hour in reversed(range(24))],
            counted_at_ms=now_ms,
        )


def _read_detail(row: asyncpg.Record, attempts: Sequence[Attempt]) -> history.DeliveryDetail:
    delivery = DELIVERIES.read(row)
    if row["lease_owner"] is None:
        return history.DeliveryDetail(delivery, attempts)
    return history.DeliveryDetail(replace(delivery, next_attempt_at_ms=None), attempts, row["due_at"])


async def _counts(connection: Connection, select: str, conditions: Conditions) -> dict[Any, int]:
    rows = await connection.fetch(select + conditions.sql + " GROUP BY 1", *conditions.arguments)
    return {row[0]: row[1] for row in rows}


async def _find(connection: Connection, scope: Scope, notification_id: str, *, lock: str = "") -> Notification:
    conditions = Conditions(scope)
    conditions.add_equal(notification_id=notification_id)
    at_client(conditions, scope)
    row = None
    if is_uuid(notification_id):
        row = await connection.fetchrow(_SELECT + conditions.sql + lock, *conditions.arguments)
    if row is None:
        raise NotFound("there is no such notification")
    return NOTIFICATIONS.read(row)
