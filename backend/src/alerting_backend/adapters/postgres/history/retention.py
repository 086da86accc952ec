"""Clearing away whatever is old in Postgres."""

from collections.abc import Mapping
from typing import Final

from alerting_backend.adapters.postgres.catalog.rule_distribution import trim_changes
from alerting_backend.adapters.postgres.connection import Pool, connected, transaction
from alerting_backend.adapters.postgres.history.alerts import PRIVATE, SHARED
from alerting_backend.adapters.postgres.rows import OPEN_END
from alerting_core.ports import history

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


_OLDEST_ALERTS: Final = " UNION ALL ".join(
    f"(SELECT ctid FROM alerts WHERE {kind} AND received_at < $1 ORDER BY received_at LIMIT $2)"
    for kind in (SHARED, PRIVATE)
)

# What told of a firing is needed as long as the alert fires, and until its end is told. An episode that is over is kept
# for a day, in which whoever is to tell of its end comes to it. Of events nothing is looked up.
_IS_NEEDED: Final = """
    fingerprint IS NOT NULL AND kind = 'FIRING' AND ends_at IS NULL AND CASE
        WHEN resolved_notification_id IS NULL THEN EXISTS (
            SELECT FROM (
                SELECT e.episode_id FROM alert_episodes AS e
                WHERE e.fingerprint = notifications.fingerprint AND e.owner = notifications.owner OFFSET 0
            ) AS latest WHERE latest.episode_id::text = notifications.alert_id
        )
        ELSE EXISTS (
            SELECT FROM (
                SELECT r.status FROM notifications AS r
                WHERE r.client_id = notifications.client_id
                    AND r.notification_id = notifications.resolved_notification_id OFFSET 0
            ) AS resolved WHERE resolved.status = 'RECEIVED'
        )
    END
"""

_NEEDS_ENDPOINT: Final = f"""
    SELECT FROM (
        SELECT n.rule_ids FROM notifications AS n
        WHERE n.client_id = retired_endpoints.client_id AND {OPEN_END} OFFSET 0
    ) AS told WHERE retired_endpoints.rule_id::text = ANY (told.rule_ids)
"""

# By the rows' places, which leave the planner nothing to join. A row that somebody has changed meanwhile is asked again
# whether it is old.
_CLEAR: Final[Mapping[history.Old, str]] = {
    what: f"""
        DELETE FROM {table} WHERE {is_old}
            AND ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {is_old} ORDER BY {since} LIMIT $2))
    """
    for what, table, since, is_old in (
        (
            history.Old.EPISODES,
            "alert_episodes",
            "changed_at",
            "status <> 'OPEN' AND published_phase >= phase AND changed_at < $1",
        ),
        (
            history.Old.NOTIFICATIONS,
            "notifications",
            "created_at",
            f"status <> 'RECEIVED' AND created_at < $1 AND NOT ({_IS_NEEDED})",
        ),
        (
            history.Old.RETIRED_ENDPOINTS,
            "retired_endpoints",
            "retired_at",
            f"(retired_at < $1 OR NOT EXISTS ({_NEEDS_ENDPOINT}))",
        ),
        (history.Old.IDEMPOTENCY_KEYS, "idempotency_keys", "created_at", "created_at < $1"),
        (history.Old.JOBS, "generator_jobs", "completed_at", "completed_at < $1"),
    )
} | {history.Old.ALERTS: f"DELETE FROM alerts WHERE received_at < $1 AND ctid = ANY (ARRAY({_OLDEST_ALERTS} LIMIT $2))"}

_LATEST: Final = " UNION ALL ".join(
    f"(SELECT received_at FROM alerts WHERE {kind} ORDER BY received_at DESC LIMIT $1 + 1)"
    for kind in (SHARED, PRIVATE)
)
_NEWEST_BEYOND: Final = f"SELECT received_at FROM ({_LATEST}) AS alerts ORDER BY received_at DESC OFFSET $1 LIMIT 1"

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
