"""Notifications page by page.

No index has the ids of rules. It would make the aggregator's insert and the sender's settling 8 % dearer each, and be
of no use to a client's key: row-level security lets no operator of arrays near an index. So a rule's notifications are
sought among its client's, newest first, and a page looks at so many of them at most.
"""

from dataclasses import replace
from typing import Final

from alerting_backend.adapters.postgres.pages import NewestFirst
from alerting_backend.adapters.postgres.pools import Pools
from alerting_backend.adapters.postgres.rows import NOTIFICATIONS
from alerting_backend.adapters.postgres.scoped import Conditions, all_storable, look_by_client, scoped, within
from alerting_core.codec.notification import is_uuid
from alerting_core.domain.notification import Notification
from alerting_core.domain.severity import Severity
from alerting_core.ports.cursor import TimeKey, decode_time_cursor, encode_time_cursor
from alerting_core.ports.journal import NotificationFilter
from alerting_core.ports.paging import Page, PageRequest, Scope

NAME: Final = "notifications"
"""Of the list, in its cursors."""

_SELECT: Final = f"SELECT {NOTIFICATIONS.columns} FROM notifications"
_LIST: Final = NewestFirst(NAME, _SELECT, "notification_id", NOTIFICATIONS.read)

_CLIENT_OF_RULE: Final = "SELECT client_id FROM rules WHERE rule_id = $1"


async def list_page(
    pools: Pools, scope: Scope, page: PageRequest, where: NotificationFilter, *, looks_max: int
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


def _may_be_met(where: NotificationFilter) -> bool:
    """Whether any row could have what is asked for."""
    texts = (where.client_id, where.source, where.name, where.alert_id, where.rule_id)
    return all_storable(*texts) and (where.severity is None or where.severity in Severity.__members__)


def _conditions(scope: Scope, where: NotificationFilter) -> Conditions:
    conditions = _stretch(scope, where)
    conditions.add_equal(
        status=where.status,
        severity=None if where.severity is None else int(Severity[where.severity]),
        source=where.source,
        name=where.name,
        alert_id=where.alert_id,
    )
    if where.alert_id is not None:
        look_by_client(conditions, scope)
    if where.rule_id is not None:
        conditions.add("{} = ANY (rule_ids)", where.rule_id)
    return conditions


def _stretch(scope: Scope, where: NotificationFilter) -> Conditions:
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
    pools: Pools, scope: Scope, page: PageRequest, where: NotificationFilter, looks_max: int
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
