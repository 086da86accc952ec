"""The recent alerts in Postgres: recorded by the pipeline, and shown on behalf of whoever asks."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.connection import Pool, Pools, connected
from alerting_backend.adapters.postgres.tables import Conditions, all_storable, fetch_unless_clients_go, scoped, within
from alerting_core.domain.alert import Alert, Severity
from alerting_core.ports import catalog, history

# In one order, so that two writers of the same alerts wait for each other instead of locking each other out. No
# client is looked up for an alert that is shared.
_RECORD: Final = """
INSERT INTO alerts (alert_id, severity, source, name, context, event_ts, client_id, received_at)
SELECT a.*, $8
FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::jsonb[], $6::bigint[], $7::text[])
    AS a (alert_id, severity, source, name, context, event_ts, client_id)
WHERE a.client_id IS NULL OR EXISTS (SELECT FROM clients AS c WHERE c.client_id = a.client_id)
ORDER BY a.alert_id, a.client_id
ON CONFLICT DO NOTHING
"""

_COLUMNS: Final = "alert_id, severity, source, name, context, event_ts, client_id, received_at"

_NEWEST: Final = "ORDER BY received_at DESC, alert_id DESC, coalesce(client_id, '') DESC"

SHARED: Final = "client_id IS NULL"
PRIVATE: Final = "client_id IS NOT NULL"
"""Each has an index by age: what is asked of both is asked of one after the other."""

# OFFSET 0: all of one id are looked up by it, however few of its own a client is thought to have.
_OF_ID: Final = "(SELECT * FROM alerts AS o WHERE o.alert_id = {} OFFSET 0)"

_NOTIFIED: Final = f"""(SELECT * FROM {_OF_ID} AS a WHERE a.client_id IS NULL AND EXISTS (
    SELECT FROM notifications AS n WHERE n.client_id = {{}} AND n.alert_id = a.alert_id AND n.owner = ''
)) AS alerts"""

# Few of many alerts notified a client: they are looked up by its notifications, one row at a time.
_LATELY_NOTIFIED: Final = f"""(
    SELECT n.alert_id AS notified_id FROM notifications AS n WHERE n.client_id = {{}} AND n.owner = ''
    ORDER BY n.created_at DESC, n.notification_id DESC LIMIT {history.NOTIFIED_LOOKS_MAX}
) AS lately CROSS JOIN LATERAL (
    SELECT * FROM alerts AS a WHERE a.alert_id = lately.notified_id AND a.client_id IS NULL OFFSET 0
) AS alerts"""


class PgAlertLog:
    """Keeps alerts until the janitor trims them.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*; those known already stay as they are."""
        if not alerts:
            return
        first = {alert.key: alert for alert in reversed(alerts)}.values()
        async with connected(self._pool, "record_alerts") as connection:
            await fetch_unless_clients_go(
                connection,
                _RECORD,
                [alert.alert_id for alert in first],
                [int(alert.severity) for alert in first],
                [alert.source for alert in first],
                [alert.name for alert in first],
                [dict(alert.context) for alert in first],
                [alert.event_ts for alert in first],
                [alert.owner or None for alert in first],
                now_ms,
            )


class PgAlertHistory:
    """Shows alerts, on behalf of whoever asks."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def get(
        self, access: history.AlertAccess, alert_id: str, *, owner: str | None = None
    ) -> history.StoredAlert | None:
        """Return the alert, or None."""
        if not all_storable(alert_id, owner):
            return None
        conditions = Conditions(None)
        place = conditions.argument(alert_id)
        sources = _sources(access, owner, conditions, _NOTIFIED.format(place, "{}"), table=_OF_ID.format(place))
        # A client's own before the shared one; for an operator the shared one before the latest private one.
        first = "client_id IS NOT NULL, received_at DESC" if access.scope is None else "client_id IS NULL"
        statement = _first_of(sources, conditions, f"ORDER BY {first} LIMIT 1")
        async with scoped(self._pools, access.scope, "get_alert") as connection:
            row = await connection.fetchrow(statement, *conditions.arguments)
        return None if row is None else _read(row)

    async def recent(self, access: history.AlertAccess, *, limit: int) -> Sequence[history.StoredAlert]:
        """Return the latest alerts, newest first."""
        conditions = Conditions(None)
        sources = _sources(access, None, conditions, _LATELY_NOTIFIED)
        statement = _first_of(sources, conditions, f"{_NEWEST} LIMIT {limit:d}")
        async with scoped(self._pools, access.scope, "recent_alerts") as connection:
            rows = await connection.fetch(statement, *conditions.arguments)
        return [_read(row) for row in rows]

    async def list(
        self, access: history.AlertAccess, page: catalog.PageRequest, where: history.AlertFilter
    ) -> catalog.Page[history.StoredAlert]:
        """Return a page of alerts, newest first."""
        conditions = Conditions(None)
        severity = None if where.severity is None else Severity.__members__.get(where.severity)
        conditions.add_equal(severity=None if severity is None else int(severity), source=where.source, name=where.name)
        if where.since_ms is not None:
            conditions.add("received_at >= {}", within(where.since_ms))
        if where.until_ms is not None:
            conditions.add("received_at < {}", within(where.until_ms))
        if page.cursor is not None:
            after = catalog.decode_owned_cursor("alerts", page.cursor)
            place = "(received_at, alert_id, coalesce(client_id, '')) < ({}::timestamptz, {}::text, {}::text)"
            conditions.add(place, after.at_ms, after.id, after.owner)
        nobodys = where.severity is not None and severity is None
        if nobodys or not all_storable(where.source, where.name, where.owner):
            return catalog.Page([])
        sources = _sources(access, where.owner, conditions, _LATELY_NOTIFIED)
        statement = _first_of(sources, conditions, f"{_NEWEST} LIMIT {page.limit + 1}")
        async with scoped(self._pools, access.scope, "list_alerts") as connection:
            rows = await connection.fetch(statement, *conditions.arguments)
        shown = [_read(row) for row in rows[: page.limit]]
        if len(rows) <= page.limit:
            return catalog.Page(shown)
        last = catalog.OwnedKey(shown[-1].received_at_ms, shown[-1].alert.alert_id, shown[-1].alert.owner)
        return catalog.Page(shown, catalog.encode_owned_cursor("alerts", last))


def _first_of(sources: Sequence[str], conditions: Conditions, order: str) -> str:
    """Return the statement for the first by *order*, with its LIMIT, of what meets *conditions* in any of *sources*."""
    parts = [f"(SELECT {_COLUMNS} FROM {source}{conditions.sql} {order})" for source in sources]
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS alerts {order}"


def _sources(
    access: history.AlertAccess, owner: str | None, conditions: Conditions, notified: str, *, table: str = "alerts"
) -> Sequence[str]:
    """Return what holds the alerts that *access* sees, shared and private apart; *owner* leaves one of both.

    Args:
        conditions: Take the arguments.
        notified: Where the shared ones are that notified a client.
        table: Where all are.
    """
    sources: list[str] = []
    if not owner:
        only = access.notified_only
        sources.append(
            notified.format(conditions.argument(access.scope))
            if only
            else f"(SELECT * FROM {table} AS a WHERE {SHARED}) AS alerts"
        )
    if owner != "":
        whose = [f"client_id = {conditions.argument(one)}" for one in (access.scope, owner) if one is not None]
        sources.append(f"(SELECT * FROM {table} AS a WHERE {' AND '.join(whose) or PRIVATE}) AS alerts")
    return sources


def _read(row: asyncpg.Record) -> history.StoredAlert:
    alert = Alert(
        alert_id=row["alert_id"],
        severity=Severity.from_number(row["severity"]),
        source=row["source"],
        name=row["name"],
        event_ts=row["event_ts"],
        context=row["context"],
        owner=row["client_id"] or "",
    )
    return history.StoredAlert(alert, row["received_at"])
