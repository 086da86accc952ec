"""The recent alerts in Postgres: recorded by the pipeline, and shown on behalf of whoever asks."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.connection import Pool, Pools, connected
from alerting_backend.adapters.postgres.tables import (
    Conditions,
    all_storable,
    fetch_unless_clients_go,
    scoped,
    stored_texts,
    within,
)
from alerting_core.domain.alert import Alert, AlertLife, AlertStatus, Severity
from alerting_core.ports import catalog, history

_EVENT: Final = {
    "alert_id": "text",
    "severity": "smallint",
    "source": "text",
    "name": "text",
    "context": "jsonb",
    "annotations": "jsonb",
    "event_ts": "bigint",
    "client_id": "text",
}

_LIFE: Final = {"fingerprint": "text", "phase": "integer", "status": "smallint", "ends_at": "bigint"}
"""NULL, all of them, for an event."""

_COLUMNS: Final = ", ".join([*_EVENT, *_LIFE, "received_at"])


def _record(columns: Mapping[str, str], on_conflict: str) -> str:
    """Return the statement that stores alerts.

    In one order, so that two writers of the same alerts wait for each other instead of locking each other out. No
    client is looked up for an alert that is shared.
    """
    names, arrays = ", ".join(columns), [f"${at}::{type_}[]" for at, type_ in enumerate(columns.values(), start=1)]
    return f"""
        INSERT INTO alerts ({names}, received_at)
        SELECT a.*, ${len(columns) + 1} FROM unnest({", ".join(arrays)}) AS a ({names})
        WHERE a.client_id IS NULL OR EXISTS (SELECT FROM clients AS c WHERE c.client_id = a.client_id)
        ORDER BY a.alert_id, a.client_id
        ON CONFLICT {on_conflict}
    """


_RECORD_EVENTS: Final = _record(_EVENT, "DO NOTHING")

_CHANGES: Final = ", ".join(
    f"{name} = excluded.{name}" for name in _EVENT | _LIFE if name not in {"alert_id", "client_id"}
)

_RECORD_LIVES: Final = _record(
    _EVENT | _LIFE,
    f"""ON CONSTRAINT alerts_one_per_id_and_owner
        DO UPDATE SET {_CHANGES}
        WHERE coalesce(alerts.phase, 0) < excluded.phase""",
)
"""Apart from events: to ask whether a phase is higher locks what is known already, even where it stays as it is. What
an index has does not change, so that no index is written."""

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
        """Store *alerts*; those known already stay as they are, unless they are of a higher phase."""
        # Of events the first of each key, of lives the first of the highest phase.
        events = {alert.key: alert for alert in reversed(alerts) if alert.life is None}.values()
        living = (alert for alert in reversed(alerts) if alert.life is not None)
        lives = {alert.key: alert for alert in sorted(living, key=lambda alert: alert.phase)}.values()
        connect = partial(connected, self._pool, "record_alerts")
        if events:
            await fetch_unless_clients_go(connect, _RECORD_EVENTS, *_event_columns(events), now_ms)
        if lives:
            columns = *_event_columns(lives), *_life_columns(lives)
            await fetch_unless_clients_go(connect, _RECORD_LIVES, *columns, now_ms)


def _event_columns(alerts: Collection[Alert]) -> Sequence[Sequence[object]]:
    return (
        [alert.alert_id for alert in alerts],
        [int(alert.severity) for alert in alerts],
        [alert.source for alert in alerts],
        [alert.name for alert in alerts],
        [dict(alert.context) for alert in alerts],
        [stored_texts(alert.annotations) for alert in alerts],
        [alert.event_ts for alert in alerts],
        [alert.owner or None for alert in alerts],
    )


def _life_columns(alerts: Collection[Alert]) -> Sequence[Sequence[object]]:
    return (
        [alert.fingerprint for alert in alerts],
        [alert.phase for alert in alerts],
        [int(alert.status) for alert in alerts],
        [alert.ends_at for alert in alerts],
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
        if where.status is not None:
            conditions.add_equal(status=int(where.status))
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
    life = None
    if row["phase"] is not None:
        life = AlertLife(row["fingerprint"], row["phase"], AlertStatus.from_number(row["status"]), row["ends_at"])
    alert = Alert(
        alert_id=row["alert_id"],
        severity=Severity.from_number(row["severity"]),
        source=row["source"],
        name=row["name"],
        event_ts=row["event_ts"],
        context=row["context"],
        owner=row["client_id"] or "",
        life=life,
        annotations=row["annotations"] or {},
    )
    return history.StoredAlert(alert, row["received_at"])
