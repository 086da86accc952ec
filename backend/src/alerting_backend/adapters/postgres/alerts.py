"""The recent alerts in Postgres."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.pools import Pool, connected
from alerting_backend.adapters.postgres.scoped import Conditions, all_storable, within
from alerting_core.domain.alert import Alert
from alerting_core.domain.severity import Severity
from alerting_core.domain.text import is_storable
from alerting_core.ports.alerts import AlertFilter, StoredAlert
from alerting_core.ports.cursor import TimeKey, decode_time_text_cursor, encode_time_cursor
from alerting_core.ports.paging import Page, PageRequest

# In one order, so that two writers of the same alerts wait for each other instead of locking each other out.
_RECORD: Final = """
INSERT INTO alerts (alert_id, severity, source, name, context, event_ts, received_at)
SELECT a.*, $7
FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::jsonb[], $6::bigint[])
    AS a (alert_id, severity, source, name, context, event_ts)
ORDER BY a.alert_id
ON CONFLICT DO NOTHING
"""

_SELECT: Final = "SELECT alert_id, severity, source, name, context, event_ts, received_at FROM alerts"
_GET: Final = _SELECT + " WHERE alert_id = $1"
_RECENT: Final = _SELECT + " ORDER BY received_at DESC, alert_id DESC LIMIT $1"


class PgAlertLog:
    """Keeps alerts until the janitor trims them.

    Args:
        pool: Of any role to read, of the worker's to write.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*; those known already stay as they are."""
        if not alerts:
            return
        first = {alert.alert_id: alert for alert in reversed(alerts)}.values()
        async with connected(self._pool, "record_alerts") as connection:
            await connection.execute(
                _RECORD,
                [alert.alert_id for alert in first],
                [int(alert.severity) for alert in first],
                [alert.source for alert in first],
                [alert.name for alert in first],
                [dict(alert.context) for alert in first],
                [alert.event_ts for alert in first],
                now_ms,
            )

    async def get(self, alert_id: str) -> StoredAlert | None:
        """Return the alert, or None."""
        if not is_storable(alert_id):
            return None
        async with connected(self._pool, "get_alert") as connection:
            row = await connection.fetchrow(_GET, alert_id)
        return None if row is None else _read(row)

    async def recent(self, *, limit: int) -> Sequence[StoredAlert]:
        """Return the latest alerts, newest first."""
        async with connected(self._pool, "recent_alerts") as connection:
            rows = await connection.fetch(_RECENT, limit)
        return [_read(row) for row in rows]

    async def list(self, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of alerts, newest first."""
        conditions = Conditions(None)
        severity = None if where.severity is None else Severity.__members__.get(where.severity)
        conditions.add_equal(severity=None if severity is None else int(severity), source=where.source, name=where.name)
        if where.since_ms is not None:
            conditions.add("received_at >= {}", within(where.since_ms))
        if where.until_ms is not None:
            conditions.add("received_at < {}", within(where.until_ms))
        if page.cursor is not None:
            after = decode_time_text_cursor("alerts", page.cursor)
            conditions.add("(received_at, alert_id) < ({}::timestamptz, {}::text)", after.at_ms, after.id)
        if (where.severity is not None and severity is None) or not all_storable(where.source, where.name):
            return Page([])
        order = f" ORDER BY received_at DESC, alert_id DESC LIMIT {page.limit + 1}"
        async with connected(self._pool, "list_alerts") as connection:
            rows = await connection.fetch(_SELECT + conditions.sql + order, *conditions.arguments)
        shown = [_read(row) for row in rows[: page.limit]]
        if len(rows) <= page.limit:
            return Page(shown)
        last = TimeKey(shown[-1].received_at_ms, shown[-1].alert.alert_id)
        return Page(shown, encode_time_cursor("alerts", last))


def _read(row: asyncpg.Record) -> StoredAlert:
    alert = Alert(
        alert_id=row["alert_id"],
        severity=Severity.from_number(row["severity"]),
        source=row["source"],
        name=row["name"],
        event_ts=row["event_ts"],
        context=row["context"],
    )
    return StoredAlert(alert, row["received_at"])
