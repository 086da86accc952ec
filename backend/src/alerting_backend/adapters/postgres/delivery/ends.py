"""How the ends of alerts are told, in Postgres: notifications and deliveries that follow others, and what is kept of
deleted rules.

Nothing of this is asked for events.
"""

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from alerting_backend.adapters.postgres.connection import Connection
from alerting_backend.adapters.postgres.rows import ENDPOINT_STATES, OPEN_END
from alerting_core.domain.alert import AlertKey
from alerting_core.domain.delivery import Delivery, DeliveryStatus, EndpointState, FollowedDelivery
from alerting_core.domain.notification import NotificationKind, NotificationRef, derive_notification_id

Key: TypeAlias = tuple[str, str]
"""(client_id, id)."""


def _columns_of(keys: Collection[Key]) -> tuple[Sequence[str], Sequence[str]]:
    """Return client ids and other ids, as a statement takes them."""
    return [client_id for client_id, _ in keys], [id_ for _, id_ in keys]


# By the alert, in an index that holds no event. One that tells the end itself is passed over.
_OF_ALERT: Final = """
FROM notifications AS o
WHERE o.fingerprint IS NOT NULL AND o.kind = 'FIRING' AND o.alert_id = w.alert_id AND o.owner = w.owner
    AND o.ends_at IS NULL
"""

_COUNTS: Final = f"""
SELECT w.at, (SELECT count(*) FROM (SELECT {_OF_ALERT} LIMIT $3) AS first) AS firing
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (owner, alert_id, at)
"""

_FIRING: Final = f"""
SELECT n.*
FROM unnest($1::text[], $2::text[]) AS w (owner, alert_id)
CROSS JOIN LATERAL (
    SELECT o.client_id, o.notification_id, o.owner, o.alert_id, o.resolved_notification_id {_OF_ALERT} OFFSET 0
) AS n
"""


async def that_fit(connection: Connection, keys: Sequence[AlertKey], *, limit: int) -> Collection[AlertKey]:
    """Return as many of *keys*, in their order, as have *limit* firing notifications together; one at least."""
    if len(keys) < 2:
        return keys
    counts = await connection.fetch(_COUNTS, *_columns_of(keys), limit + 1)
    total, fitting = 0, list[AlertKey]()
    for row in sorted(counts, key=itemgetter("at")):
        total += row["firing"]
        if fitting and total > limit:
            break
        fitting.append(keys[row["at"] - 1])
    return set(fitting)


async def firing_of(connection: Connection, keys: Collection[AlertKey]) -> Sequence[asyncpg.Record]:
    """Return the notifications that alerts fire, as far as they do not tell the end themselves."""
    return await connection.fetch(_FIRING, *_columns_of(keys)) if keys else ()


def resolved_ref(firing: asyncpg.Record) -> NotificationRef:
    """Return the name of the notification that tells the end of what *firing* told."""
    client_id, resolved = firing["client_id"], NotificationKind.RESOLVED
    return NotificationRef(client_id, derive_notification_id(client_id, firing["alert_id"], firing["owner"], resolved))


class Unnamed(NamedTuple):
    """An end of which the firing notification does not know yet. `ends_at` is in unix seconds."""

    client_id: str
    resolved_id: str
    firing_id: str
    ends_at: int


# What `resolved_notification` makes, without carrying each context here and back.
_RECORD_ENDS: Final = """
INSERT INTO notifications (
    client_id, notification_id, alert_id, severity, source, name, context, annotations, rule_ids, event_ts, owner,
    fingerprint, kind, ends_at, firing_notification_id, status, created_at, updated_at
)
SELECT
    n.client_id, w.resolved_id, n.alert_id, n.severity, n.source, n.name, n.context, n.annotations, n.rule_ids,
    n.event_ts, n.owner, n.fingerprint, 'RESOLVED', greatest(w.ends_at, n.event_ts), n.notification_id, 'RECEIVED',
    $5, $5
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[]) AS w (client_id, resolved_id, firing_id, ends_at)
CROSS JOIN LATERAL (
    SELECT * FROM notifications AS o WHERE o.client_id = w.client_id AND o.notification_id = w.firing_id OFFSET 0
) AS n
WHERE n.ends_at IS NULL
ORDER BY n.client_id, w.resolved_id
ON CONFLICT DO NOTHING
RETURNING notification_id
"""

_NAME_ENDS: Final = """
UPDATE notifications AS n SET resolved_notification_id = w.resolved_id
FROM (
    SELECT w.client_id, w.firing_id, w.resolved_id
    FROM (
        SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS u (client_id, resolved_id, firing_id)
        ORDER BY u.client_id, u.firing_id
    ) AS w
    CROSS JOIN LATERAL (
        SELECT FROM notifications AS o
        WHERE o.client_id = w.client_id AND o.notification_id = w.firing_id OFFSET 0 FOR NO KEY UPDATE
    ) AS locked
) AS w
WHERE n.client_id = w.client_id AND n.notification_id = w.firing_id AND n.resolved_notification_id IS NULL
"""


async def insert_ends(connection: Connection, ends: Sequence[Unnamed], *, now_ms: int) -> set[str]:
    """Store notifications of *ends*, in the transaction that *connection* is in; return the ids of the new ones.

    First the new row, which locks its client, then the one that it follows: in the order of who deletes a client.
    """
    clients, ids = [one.client_id for one in ends], [one.resolved_id for one in ends]
    firing = [one.firing_id for one in ends]
    rows = await connection.fetch(_RECORD_ENDS, clients, ids, firing, [one.ends_at for one in ends], now_ms)
    await connection.execute(_NAME_ENDS, clients, ids, firing)
    return {row["notification_id"] for row in rows}


_FOLLOWED: Final = """
SELECT f.client_id, f.delivery_id, f.status, CASE WHEN f.lease_owner IS NULL THEN f.due_at END AS due_at, EXISTS (
    SELECT FROM (
        SELECT a.reason FROM attempts AS a WHERE a.client_id = f.client_id AND a.delivery_id = f.delivery_id OFFSET 0
    ) AS own WHERE own.reason = 'delivered'
) AS has_arrived
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, delivery_id)
CROSS JOIN LATERAL (
    SELECT o.client_id, o.delivery_id, o.status, o.due_at, o.lease_owner FROM deliveries AS o
    WHERE o.client_id = w.client_id AND o.delivery_id = w.delivery_id OFFSET 0
) AS f
"""


async def followed(connection: Connection, deliveries: Collection[Delivery]) -> Mapping[str, FollowedDelivery]:
    """Return delivery_id → what became of the delivery that it follows, for those that follow one that is kept."""
    keys = {(one.client_id, one.follows): one.delivery_id for one in deliveries if one.follows is not None}
    rows = await connection.fetch(_FOLLOWED, *_columns_of(keys)) if keys else ()
    return {
        keys[row["client_id"], row["delivery_id"]]: FollowedDelivery(
            DeliveryStatus(row["status"]), row["due_at"], row["has_arrived"]
        )
        for row in rows
    }


# A row that somebody else has locked is being claimed or recorded: it looks again by itself. To wait for it could lock
# out whoever records the outcomes of both.
_WAKE: Final = """
UPDATE deliveries AS d SET due_at = $3, updated_at = $3
FROM (
    SELECT o.client_id, o.delivery_id, o.status, o.lease_owner, o.due_at
    FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[]) AS w (client_id, follows)) AS w
    CROSS JOIN LATERAL (
        SELECT f.client_id, f.delivery_id, f.status, f.lease_owner, f.due_at FROM deliveries AS f
        WHERE f.client_id = w.client_id AND f.follows = w.follows
        OFFSET 0
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS o
    WHERE NOT EXISTS (
        SELECT FROM (
            SELECT t.due_at FROM deliveries AS t WHERE t.client_id = w.client_id AND t.delivery_id = w.follows OFFSET 0
        ) AS told WHERE told.due_at IS NOT NULL
    )
) AS waiting
WHERE d.client_id = waiting.client_id AND d.delivery_id = waiting.delivery_id
    AND waiting.status = 'PENDING' AND waiting.lease_owner IS NULL AND waiting.due_at > $3
"""


async def wake(connection: Connection, keys: Collection[Key], *, now_ms: int) -> None:
    """Make due what follows the deliveries of *keys*, of those that have ended, unless it was tried or is held."""
    await connection.execute(_WAKE, *_columns_of(keys), now_ms)


_RETIRED: Final = """
SELECT e.*
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, endpoint_id)
CROSS JOIN LATERAL (
    SELECT * FROM retired_endpoints AS o
    WHERE o.client_id = w.client_id AND o.endpoint_id = w.endpoint_id OFFSET 0
) AS e
"""


async def retired(connection: Connection, deliveries: Sequence[Delivery]) -> Mapping[str, EndpointState]:
    """Return delivery_id → what its endpoint was when it was deleted with its rule, for those of which that is kept."""
    if not deliveries:
        return {}
    keys = {(one.client_id, one.endpoint_id) for one in deliveries}
    rows = {(row["client_id"], row["endpoint_id"]): row for row in await connection.fetch(_RETIRED, *_columns_of(keys))}
    found: dict[str, EndpointState] = {}
    for one in deliveries:
        if (row := rows.get((one.client_id, one.endpoint_id))) is not None:
            found[one.delivery_id] = ENDPOINT_STATES.read(row)
    return found


_RETIRE: Final = f"""
WITH told AS MATERIALIZED (
    SELECT DISTINCT d.endpoint_id
    FROM (
        SELECT coalesce(firing_notification_id, notification_id) AS notification_id
        FROM notifications WHERE client_id = $1 AND {OPEN_END} AND $3 = ANY (rule_ids) OFFSET 0
    ) AS n
    CROSS JOIN LATERAL (
        SELECT o.endpoint_id FROM deliveries AS o
        WHERE o.client_id = $1 AND o.notification_id = n.notification_id OFFSET 0
    ) AS d
)
INSERT INTO retired_endpoints (
    client_id, endpoint_id, rule_id, type, value, headers, secret, previous_secret, previous_secret_until, enabled,
    send_resolved, format, retired_at
)
SELECT
    client_id, endpoint_id, rule_id, type, value, headers, secret, previous_secret, previous_secret_until, enabled,
    send_resolved, format, $4
FROM endpoints WHERE client_id = $1 AND rule_id = $2 AND endpoint_id IN (SELECT endpoint_id FROM told)
"""


async def retire_endpoints(connection: Connection, client_id: str, rule_id: str, *, now_ms: int) -> None:
    """Keep those of a rule, which is to be deleted, through which alerts were told whose end is still to be told."""
    await connection.execute(_RETIRE, client_id, rule_id, rule_id, now_ms)
