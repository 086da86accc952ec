"""Notifications in Postgres as the pipeline needs them; before that the tables, with the columns of each attribute.

What people edit (clients, rules, endpoints, keys) is among the tables: deliveries are planned and sent by it.
"""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Final
from uuid import UUID

import asyncpg

from alerting_backend.adapters.postgres.connection import Connection, Pool, connected, transaction
from alerting_backend.adapters.postgres.tables import Columns, Table, batches, column, fetch_unless_clients_go
from alerting_core.domain import client, delivery, endpoint, rule
from alerting_core.domain.alert import Match, Severity
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus, derive_notification_id
from alerting_core.ports.delivery import Recorded

CLIENTS: Final = Table(
    "clients",
    client.Client,
    {
        "client_id": column("client_id", "text"),
        "name": column("name", "text"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
    },
)

RULES: Final = Table(
    "rules",
    rule.Rule,
    {
        "client_id": column("client_id", "text"),
        "rule_id": column("rule_id", "uuid"),
        "severity": column("severity", "text"),
        "source": column("source", "text"),
        "name": column("name", "text"),
        "enabled": column("enabled", "boolean"),
        "version": column("version", "integer"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "description": column("description", "text"),
        "name_shown": column("name_shown", "text"),
    },
)

DECIDING_RULES: Final = RULES.only(rule.DECIDING_FIELDS)
"""The rules as evaluators read them, by the hundred thousand: without what is for people alone."""


def _secret_columns(secret: endpoint.SigningSecret | None) -> tuple[str | None, str | None, int | None]:
    if secret is None:
        return (None, None, None)
    return (secret.current, secret.previous, None if secret.previous is None else secret.previous_until_ms)


def read_secret(
    current: str | None, previous: str | None, previous_until_ms: int | None
) -> endpoint.SigningSecret | None:
    """Return the secret that the three columns of an endpoint hold."""
    return None if current is None else endpoint.SigningSecret(current, previous, previous_until_ms or 0)


ENDPOINTS: Final = Table(
    "endpoints",
    endpoint.Endpoint,
    {
        "client_id": column("client_id", "text"),
        "endpoint_id": column("endpoint_id", "uuid"),
        "rule_id": column("rule_id", "uuid"),
        "type": column("type", "text", write=str, read=endpoint.EndpointType),
        "value": column("value", "text"),
        "headers": column("headers", "jsonb", write=dict),
        "secret": Columns(
            {"secret": "text", "previous_secret": "text", "previous_secret_until": "timestamptz"},
            write=_secret_columns,
            read=read_secret,
        ),
        "enabled": column("enabled", "boolean"),
        "disabled_reason": column("disabled_reason", "text", write=str, read=endpoint.DisableReason, nullable=True),
        "version": column("version", "integer"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "description": column("description", "text"),
    },
)

API_KEYS: Final = Table(
    "api_keys",
    client.ApiKey,
    {
        "key_id": column("key_id", "uuid"),
        "client_id": column("client_id", "text"),
        "name": column("name", "text"),
        "prefix": column("prefix", "text"),
        "hash": column("hash", "bytea"),
        "scopes": column("scopes", "text[]", write=sorted, read=lambda scopes: frozenset(map(client.KeyScope, scopes))),
        "created_at_ms": column("created_at", "timestamptz"),
        "expires_at_ms": column("expires_at", "timestamptz"),
        "revoked_at_ms": column("revoked_at", "timestamptz"),
        "last_used_at_ms": column("last_used_at", "timestamptz"),
    },
)

NOTIFICATIONS: Final = Table(
    "notifications",
    Notification,
    {
        "client_id": column("client_id", "text"),
        "notification_id": column("notification_id", "uuid"),
        "alert_id": column("alert_id", "text"),
        "severity": column("severity", "smallint", write=int, read=Severity),
        "source": column("source", "text"),
        "name": column("name", "text"),
        "context": column("context", "jsonb", write=dict),
        "rule_ids": column("rule_ids", "text[]", write=list, read=tuple),
        "event_ts": column("event_ts", "bigint"),
        "status": column("status", "text", write=str, read=NotificationStatus),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "owner": column("owner", "text"),
    },
)

DELIVERIES: Final = Table(
    "deliveries",
    delivery.Delivery,
    {
        "client_id": column("client_id", "text"),
        "delivery_id": column("delivery_id", "uuid"),
        "notification_id": column("notification_id", "uuid"),
        "endpoint_id": column("endpoint_id", "uuid"),
        "type": column("type", "text", write=str, read=endpoint.EndpointType),
        "target": column("target", "text"),
        "host": column("host", "text"),
        "status": column("status", "text", write=str, read=delivery.DeliveryStatus),
        "reason": column("reason", "text", write=str, read=delivery.Reason, nullable=True),
        "attempts": column("attempts", "integer"),
        "next_attempt_at_ms": column("due_at", "timestamptz"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
    },
)
"""While a delivery is leased, it is due when the lease ends."""

UNFINISHED: Final = "status IN ('PENDING', 'RETRYING')"
"""Deliveries that are due at some time, in the words of the index deliveries_next_due: by time, over all clients."""

ATTEMPTS: Final = Table(
    "attempts",
    delivery.Attempt,
    {
        "attempt_id": column("attempt_id", "uuid"),
        "delivery_id": column("delivery_id", "uuid"),
        "number": column("number", "integer"),
        "reason": column("reason", "text", write=str, read=delivery.Reason),
        "status_code": column("status_code", "integer"),
        "response": column("response", "text"),
        "detail": column("detail", "text"),
        "started_at_ms": column("started_at", "timestamptz"),
        "latency_ms": column("latency_ms", "integer"),
    },
)


# In one order, so that two aggregators with the same matches wait for each other instead of locking each other out.
_RECORD: Final = """
INSERT INTO notifications (
    client_id, notification_id, alert_id, severity, source, name, context, rule_ids, event_ts, owner, status,
    created_at, updated_at
)
SELECT
    m.client_id, m.notification_id, m.alert_id, m.severity, m.source, m.name, m.context,
    ARRAY(SELECT jsonb_array_elements_text(m.rule_ids)), m.event_ts, m.owner, $11, $12, $12
FROM unnest(
    $1::text[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[], $9::bigint[],
    $10::text[]
) AS m (client_id, notification_id, alert_id, severity, source, name, context, rule_ids, event_ts, owner)
JOIN clients USING (client_id)
ORDER BY m.client_id, m.notification_id
ON CONFLICT DO NOTHING
RETURNING notification_id
"""

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
                created |= await _insert(connection, dict(batch), now_ms=now_ms)
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
    """Return the ids of those that were stored by this call."""
    alerts = [match.alert for match in matches.values()]
    arguments = (
        *columns_of(matches),
        [alert.alert_id for alert in alerts],
        [int(alert.severity) for alert in alerts],
        [alert.source for alert in alerts],
        [alert.name for alert in alerts],
        [dict(alert.context) for alert in alerts],
        [match.rule_ids for match in matches.values()],
        [alert.event_ts for alert in alerts],
        [alert.owner for alert in alerts],
        str(NotificationStatus.RECEIVED),
        now_ms,
    )
    rows = await fetch_unless_clients_go(lambda: nullcontext(connection), _RECORD, *arguments)
    return {row["notification_id"] for row in rows}


async def _statuses(connection: Connection, refs: Iterable[NotificationRef]) -> dict[str, NotificationStatus]:
    rows = await connection.fetch(_STATUSES, *columns_of(refs))
    return {row["notification_id"]: NotificationStatus(row["status"]) for row in rows}
