"""The recent alerts in Postgres, and clearing away whatever is old."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.catalog.rule_distribution import trim_changes
from alerting_backend.adapters.postgres.connection import Pool, connected, transaction
from alerting_backend.adapters.postgres.tables import Conditions, all_storable, within
from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.text import is_storable
from alerting_core.ports import catalog, history

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

    async def get(self, alert_id: str) -> history.StoredAlert | None:
        """Return the alert, or None."""
        if not is_storable(alert_id):
            return None
        async with connected(self._pool, "get_alert") as connection:
            row = await connection.fetchrow(_GET, alert_id)
        return None if row is None else _read(row)

    async def recent(self, *, limit: int) -> Sequence[history.StoredAlert]:
        """Return the latest alerts, newest first."""
        async with connected(self._pool, "recent_alerts") as connection:
            rows = await connection.fetch(_RECENT, limit)
        return [_read(row) for row in rows]

    async def list(self, page: catalog.PageRequest, where: history.AlertFilter) -> catalog.Page[history.StoredAlert]:
        """Return a page of alerts, newest first."""
        conditions = Conditions(None)
        severity = None if where.severity is None else Severity.__members__.get(where.severity)
        conditions.add_equal(severity=None if severity is None else int(severity), source=where.source, name=where.name)
        if where.since_ms is not None:
            conditions.add("received_at >= {}", within(where.since_ms))
        if where.until_ms is not None:
            conditions.add("received_at < {}", within(where.until_ms))
        if page.cursor is not None:
            after = catalog.decode_time_text_cursor("alerts", page.cursor)
            conditions.add("(received_at, alert_id) < ({}::timestamptz, {}::text)", after.at_ms, after.id)
        if (where.severity is not None and severity is None) or not all_storable(where.source, where.name):
            return catalog.Page([])
        order = f" ORDER BY received_at DESC, alert_id DESC LIMIT {page.limit + 1}"
        async with connected(self._pool, "list_alerts") as connection:
            rows = await connection.fetch(_SELECT + conditions.sql + order, *conditions.arguments)
        shown = [_read(row) for row in rows[: page.limit]]
        if len(rows) <= page.limit:
            return catalog.Page(shown)
        last = catalog.TimeKey(shown[-1].received_at_ms, shown[-1].alert.alert_id)
        return catalog.Page(shown, catalog.encode_time_cursor("alerts", last))


def _read(row: asyncpg.Record) -> history.StoredAlert:
    alert = Alert(
        alert_id=row["alert_id"],
        severity=Severity.from_number(row["severity"]),
        source=row["source"],
        name=row["name"],
        event_ts=row["event_ts"],
        context=row["context"],
    )
    return history.StoredAlert(alert, row["received_at"])


_PARTITIONS: Final = """
SELECT p.topic, p.partition, min(o.next_offset) AS read_to
FROM stream_partitions AS p JOIN stream_offsets AS o USING (topic, partition)
GROUP BY p.topic, p.partition, p.first_offset
HAVING min(o.next_offset) > p.first_offset
ORDER BY p.topic, p.partition
"""

_CLEAR_RECORDS: Final = """
WITH old AS (
    SELECT "offset" FROM (
        SELECT "offset", created_at FROM stream_records
        WHERE topic = $1 AND partition = $2 AND "offset" < $3
        ORDER BY "offset" LIMIT $5
    ) AS first WHERE created_at < $4
), gone AS (
    DELETE FROM stream_records AS r
    WHERE r.topic = $1 AND r.partition = $2 AND r."offset" = ANY (ARRAY(SELECT "offset" FROM old))
    RETURNING r."offset"
), moved AS (
    UPDATE stream_partitions AS p SET first_offset = greatest(p.first_offset, ends.next_offset)
    FROM (SELECT max("offset") + 1 AS next_offset FROM gone) AS ends
    WHERE p.topic = $1 AND p.partition = $2 AND ends.next_offset IS NOT NULL
)
SELECT count(*) FROM gone
"""


# By the rows' places, which leave the planner nothing to join. A row that somebody has changed meanwhile is asked again
# whether it is old.
_CLEAR: Final[Mapping[history.Old, str]] = {
    what: f"""
        DELETE FROM {table} WHERE {is_old}
            AND ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {is_old} ORDER BY {since} LIMIT $2))
    """
    for what, table, since, is_old in (
        (history.Old.ALERTS, "alerts", "received_at", "received_at < $1"),
        (history.Old.NOTIFICATIONS, "notifications", "created_at", "status <> 'RECEIVED' AND created_at < $1"),
        (history.Old.IDEMPOTENCY_KEYS, "idempotency_keys", "created_at", "created_at < $1"),
        (history.Old.JOBS, "generator_jobs", "completed_at", "completed_at < $1"),
    )
}

_NEWEST_BEYOND: Final = "SELECT received_at FROM alerts ORDER BY received_at DESC, alert_id DESC OFFSET $1 LIMIT 1"

# Of the oldest alone: from the other end, all that are kept would be looked at.
_OLD_CHANGES: Final = """
SELECT max(change_id) AS last, count(*) AS found
FROM (SELECT change_id, created_at FROM outbox ORDER BY change_id LIMIT $2) AS oldest WHERE created_at < $1
"""

CHANGES_MAX: Final = 1_000
"""Changes of rules that one transaction forgets: no writer of rules waits for longer than that takes."""

# By an index that holds the waiting rows alone.
_FIRST_WAITING: Final = "SELECT min(change_id) FROM outbox WHERE published_at IS NULL"


class PgRetention:
    """Clears tables.

    Args:
        pool: Of the worker's role.
        has_relay: Whether changes of rules are published by a relay: then those that still wait for it are kept,
            however old. Where evaluators read the tables themselves, nothing is ever published.
        changes_max: Changes of rules that one transaction forgets.
    """

    def __init__(self, pool: Pool, *, has_relay: bool = False, changes_max: int = CHANGES_MAX) -> None:
        self._pool = pool
        self._changes_max = changes_max
        self._has_relay = has_relay

    async def clear(self, what: history.Old, *, before_ms: int, rows_max: int) -> int:
        """Clear up to *rows_max* of the oldest from before *before_ms*; return how many."""
        async with transaction(self._pool, f"clear_{what}") as connection:
            status = await connection.execute(_CLEAR[what], before_ms, rows_max)
        return int(status.rpartition(" ")[2])

    async def readable_partitions(self) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the offset below which every group has read, where something is to clear."""
        async with connected(self._pool, "readable_partitions") as connection:
            return {(row[0], row[1]): row[2] for row in await connection.fetch(_PARTITIONS)}

    async def clear_records(self, partition: tuple[str, int], *, below: int, before_ms: int, rows_max: int) -> int:
        """Clear up to *rows_max* records of one partition, below an offset and from before a time; return how many."""
        async with transaction(self._pool, "clear_records") as connection:
            return int(await connection.fetchval(_CLEAR_RECORDS, *partition, below, before_ms, rows_max))

    async def alerts_beyond_ms(self, count: int) -> int:
        """Return when the newest of the alerts beyond *count* was received; 0 when there are no more than that."""
        async with connected(self._pool, "count_alerts") as connection:
            return await connection.fetchval(_NEWEST_BEYOND, count) or 0

    async def forget_changes(self, *, before_ms: int) -> None:
        """Forget the changes of rules from before *before_ms*, up to the first that still waits for the relay."""
        while await self._forget_some(before_ms=before_ms):
            pass

    async def _forget_some(self, *, before_ms: int) -> bool:
        """Forget the oldest changes; return whether there may be more to forget."""
        async with transaction(self._pool, "forget_changes") as connection:
            old = await connection.fetchrow(_OLD_CHANGES, before_ms, self._changes_max)
            if old is None or old["last"] is None:
                return False
            waiting = await connection.fetchval(_FIRST_WAITING) if self._has_relay else None
            up_to = old["last"] if waiting is None else min(old["last"], waiting - 1)
            await trim_changes(connection, up_to=up_to)
        return bool(old["found"] == self._changes_max and up_to == old["last"])
