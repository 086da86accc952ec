"""Notifications in Postgres as the pipeline needs them: one for each match, and one for each end that is told apart."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg

from alerting_backend.adapters.postgres.connection import Connection, Pool, connected, transaction
from alerting_backend.adapters.postgres.delivery.ends import Unnamed, firing_of, insert_ends, resolved_ref, that_fit
from alerting_backend.adapters.postgres.rows import NOTIFICATIONS
from alerting_backend.adapters.postgres.tables import batches, fetch_unless_clients_go, stored_texts, unless_clients_go
from alerting_core.domain.alert import AlertKey, Match
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus, derive_notification_id
from alerting_core.ports.delivery import Recorded, RecordedEnds

_MATCH: Final = {
    "client_id": "text",
    "notification_id": "uuid",
    "alert_id": "text",
    "severity": "smallint",
    "source": "text",
    "name": "text",
    "context": "jsonb",
    "annotations": "jsonb",
    "rule_ids": "jsonb",
    "event_ts": "bigint",
    "owner": "text",
}
_LIFE: Final = {"fingerprint": "text", "ends_at": "bigint"}
"""Of an alert with a life, beside the others."""


def _record(columns: Mapping[str, str]) -> str:
    """Return the statement that stores notifications of matches.

    In one order, so that two aggregators with the same matches wait for each other instead of locking each other out.
    """
    names, count = ", ".join(columns), len(columns)
    arrays = ", ".join(f"${at}::{type_}[]" for at, type_ in enumerate(columns.values(), start=1))
    values = ", ".join(f"m.{name}" for name in columns)
    values = values.replace("m.rule_ids", "ARRAY(SELECT jsonb_array_elements_text(m.rule_ids))")
    return f"""
        INSERT INTO notifications ({names}, status, created_at, updated_at)
        SELECT {values}, ${count + 1}, ${count + 2}, ${count + 2}
        FROM unnest({arrays}) AS m ({names})
        JOIN clients USING (client_id)
        ORDER BY m.client_id, m.notification_id
        ON CONFLICT DO NOTHING
        RETURNING notification_id
    """


_RECORD_EVENTS: Final = _record(_MATCH)
_RECORD_LIVES: Final = _record(_MATCH | _LIFE)

_STATUSES: Final = """
SELECT n.notification_id, n.status
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id)
JOIN notifications AS n USING (client_id, notification_id)
"""

# OFFSET 0: each is looked up by its key, whatever the planner thinks of the table's size.
_LOAD: Final = f"""
SELECT n.*
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id)) AS w
CROSS JOIN LATERAL (
    SELECT {NOTIFICATIONS.columns} FROM notifications AS o
    WHERE o.client_id = w.client_id AND o.notification_id = w.notification_id
    OFFSET 0
) AS n
"""

LOOKS_MAX: Final = 2_000
"""RECEIVED notifications that one statement looks at. Most of a backlog waits for its deliveries, and each costs a look
into another index."""

# Deliveries are looked up by their notification, with no condition that would make another index look cheaper.
_OLD_RECEIVED: Final = """
SELECT n.client_id, n.notification_id, n.updated_at, EXISTS (
    SELECT FROM (
        SELECT d.due_at FROM deliveries AS d
        WHERE d.client_id = n.client_id AND d.notification_id = n.notification_id
        OFFSET 0
    ) AS own WHERE own.due_at IS NOT NULL
) AS will_be_finished
FROM (
    SELECT client_id, notification_id, updated_at FROM notifications
    WHERE status = 'RECEIVED' AND updated_at < $1 AND (updated_at, notification_id) > ($2, $3)
    ORDER BY updated_at, notification_id LIMIT $4
) AS n
ORDER BY n.updated_at, n.notification_id
"""

_TAKE: Final = """
UPDATE notifications AS n SET updated_at = $4
FROM (
    SELECT o.client_id, o.notification_id, o.updated_at
    FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id)
    CROSS JOIN LATERAL (
        SELECT u.client_id, u.notification_id, u.status, u.updated_at FROM notifications AS u
        WHERE u.client_id = w.client_id AND u.notification_id = w.notification_id
        OFFSET 0
        FOR UPDATE SKIP LOCKED
    ) AS o
    WHERE o.status = 'RECEIVED' AND o.updated_at < $3
) AS old
WHERE n.client_id = old.client_id AND n.notification_id = old.notification_id
RETURNING n.client_id, n.notification_id, old.updated_at AS changed_at
"""

_BEFORE_ALL: Final = (0, str(UUID(int=0)))
"""(updated_at, notification_id)."""


class PgNotificationStore:
    """Stores one notification per client and alert; its id is derived from both, so that the key is the id.

    Args:
        pool: Of the worker's role.
        looks_max: RECEIVED notifications that one statement looks at.
    """

    def __init__(self, pool: Pool, *, looks_max: int = LOOKS_MAX) -> None:
        self._pool = pool
        self._looks_max = looks_max

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        """Store a RECEIVED notification per match that has none yet."""
        refs = [_ref_of(match) for match in matches]
        first = dict(zip(reversed(refs), reversed(matches), strict=True))
        if not first:
            return []
        async with connected(self._pool, "record_notifications") as connection:
            created = set[str]()
            for batch in batches(first.items()):
                for has_life in (False, True):
                    found = {ref: match for ref, match in batch if match.alert.has_life is has_life}
                    created |= await _insert(connection, found, now_ms=now_ms) if found else set()
            known = [ref for ref in first if ref.notification_id not in created]
            stored = await _statuses(connection, known) if known else {}
        recorded: list[Recorded] = []
        for ref, match in zip(refs, matches, strict=True):
            is_new = ref.notification_id in created
            status = NotificationStatus.RECEIVED if is_new else stored.get(ref.notification_id)
            recorded.append(Recorded(ref, match.alert.alert_id, status, created=is_new))
            if is_new:
                created.discard(ref.notification_id)
                stored[ref.notification_id] = NotificationStatus.RECEIVED
        return recorded

    async def record_ends(self, ends: Mapping[AlertKey, int], *, now_ms: int, limit: int) -> RecordedEnds:
        """Store a RESOLVED notification for each FIRING one that does not tell the end itself."""
        async with connected(self._pool, "ends_to_tell") as connection:
            keys = await that_fit(connection, list(ends), limit=limit)
            firing = {resolved_ref(row): row for row in await firing_of(connection, keys)}
        new = [
            Unnamed(ref.client_id, ref.notification_id, row["notification_id"], ends[row["owner"], row["alert_id"]])
            for ref, row in firing.items()
            if row["resolved_notification_id"] is None
        ]
        created = set[str]()
        for batch in batches(sorted(new)):
            created |= await unless_clients_go(partial(self._record_ends, batch, now_ms=now_ms))
        known = [ref for ref in firing if ref.notification_id not in created]
        async with connected(self._pool, "status_of_ends") as connection:
            stored = await _statuses(connection, known) if known else {}
        stored |= dict.fromkeys(created, NotificationStatus.RECEIVED)
        recorded = [
            Recorded(ref, row["alert_id"], stored[ref.notification_id], created=ref.notification_id in created)
            for ref, row in firing.items()
            # One of a client that was deleted meanwhile is gone.
            if ref.notification_id in stored
        ]
        return RecordedEnds(recorded, {key: ends_at for key, ends_at in ends.items() if key not in keys})

    async def _record_ends(self, ends: Sequence[Unnamed], *, now_ms: int) -> set[str]:
        async with transaction(self._pool, "record_ends") as connection:
            return await insert_ends(connection, ends, now_ms=now_ms)

    async def load(self, refs: Sequence[NotificationRef]) -> Sequence[Notification]:
        """Return those that exist, each once."""
        async with connected(self._pool, "load_notifications") as connection:
            return await load(connection, refs)

    async def take_unfinished(self, *, older_than_ms: int, now_ms: int, limit: int) -> Sequence[NotificationRef]:
        """Return the oldest RECEIVED notifications without a delivery that will finish them; note that they were."""
        after, rows = _BEFORE_ALL, list[asyncpg.Record]()
        async with transaction(self._pool, "take_unfinished") as connection:
            while not rows:
                old = await connection.fetch(_OLD_RECEIVED, older_than_ms, *after, self._looks_max)
                unfinished = [_ref(row) for row in old if not row["will_be_finished"]][:limit]
                if unfinished:
                    rows = await connection.fetch(_TAKE, *columns_of(unfinished), older_than_ms, now_ms)
                if len(old) < self._looks_max:
                    break
                after = old[-1]["updated_at"], old[-1]["notification_id"]
        oldest_first = sorted(rows, key=lambda row: (row["changed_at"], row["notification_id"]))
        return list(map(_ref, oldest_first))


async def load(connection: Connection, refs: Iterable[NotificationRef]) -> Sequence[Notification]:
    """Return those of *refs* that exist, each once."""
    rows = await connection.fetch(_LOAD, *columns_of(refs))
    return [NOTIFICATIONS.read(row) for row in rows]


def columns_of(refs: Iterable[NotificationRef]) -> tuple[Sequence[str], Sequence[str]]:
    """Return client ids and notification ids, as a statement takes them."""
    refs = list(refs)
    return [ref.client_id for ref in refs], [ref.notification_id for ref in refs]


def _ref(row: asyncpg.Record) -> NotificationRef:
    return NotificationRef(row["client_id"], row["notification_id"])


def _ref_of(match: Match) -> NotificationRef:
    owner, alert_id = match.alert.key
    return NotificationRef(match.client_id, derive_notification_id(match.client_id, alert_id, owner))


async def _insert(connection: Connection, matches: dict[NotificationRef, Match], *, now_ms: int) -> set[str]:
    """Return the ids of those that were stored by this call; either all or none of *matches* are of events."""
    alerts = [match.alert for match in matches.values()]
    has_life = alerts[0].has_life
    life = ([alert.fingerprint for alert in alerts], [alert.ends_at for alert in alerts]) if has_life else ()
    arguments = (
        *columns_of(matches),
        [alert.alert_id for alert in alerts],
        [int(alert.severity) for alert in alerts],
        [alert.source for alert in alerts],
        [alert.name for alert in alerts],
        [dict(alert.context) for alert in alerts],
        [stored_texts(alert.annotations) for alert in alerts],
        [match.rule_ids for match in matches.values()],
        [alert.event_ts for alert in alerts],
        [alert.owner for alert in alerts],
        *life,
        str(NotificationStatus.RECEIVED),
        now_ms,
    )
    statement = _RECORD_LIVES if has_life else _RECORD_EVENTS
    rows = await fetch_unless_clients_go(lambda: nullcontext(connection), statement, *arguments)
    return {row["notification_id"] for row in rows}


async def _statuses(connection: Connection, refs: Iterable[NotificationRef]) -> dict[str, NotificationStatus]:
    rows = await connection.fetch(_STATUSES, *columns_of(refs))
    return {row["notification_id"]: NotificationStatus(row["status"]) for row in rows}
