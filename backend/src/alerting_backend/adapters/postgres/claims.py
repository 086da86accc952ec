"""Claiming due deliveries: a lease for each, fair between clients, bounded per host."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.notifications import load
from alerting_backend.adapters.postgres.pools import Connection
from alerting_backend.adapters.postgres.rows import DELIVERY_COLUMNS, read_delivery
from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import EndpointState
from alerting_core.domain.endpoint import EndpointType, SigningSecret, split_addresses
from alerting_core.domain.notification import Notification, NotificationRef

# `places` steps through the index deliveries_due from one (client, host) to the next, so that the cost is that of the
# places with something open, not of all that waits there. From each place the earliest few are looked at, twice its
# even share of the limit: what a very uneven rest leaves over, the next claim takes. `rank` is a delivery's turn within
# its client, and `host_rank` its turn within its host, so that all first turns come before any second turn. Rows that
# another sender is just leasing are passed over, and those that it has leased are due no more.
_CLAIM: Final = f"""
WITH RECURSIVE places (client_id, host) AS (
    (
        SELECT client_id, host FROM deliveries WHERE due_at IS NOT NULL ORDER BY client_id, host LIMIT 1
    )
    UNION ALL
    SELECT next.client_id, next.host
    FROM places
    CROSS JOIN LATERAL (
        SELECT d.client_id, d.host FROM deliveries AS d
        WHERE d.due_at IS NOT NULL AND (d.client_id, d.host) > (places.client_id, places.host)
        ORDER BY d.client_id, d.host LIMIT 1
    ) AS next
), due AS (
    SELECT
        d.client_id, d.delivery_id, d.host, d.due_at,
        row_number() OVER (PARTITION BY d.client_id ORDER BY d.due_at, d.delivery_id) AS rank
    FROM places
    CROSS JOIN LATERAL (
        SELECT o.client_id, o.delivery_id, o.host, o.due_at FROM deliveries AS o
        WHERE o.due_at IS NOT NULL AND o.client_id = places.client_id AND o.host = places.host AND o.due_at <= $2
        ORDER BY o.due_at
        LIMIT (SELECT least($4::integer, $5::integer, greatest(8, 2 * $4::integer / count(*))) FROM places)
    ) AS d
    WHERE places.host <> ALL ($6::text[])
), turns AS (
    SELECT *, row_number() OVER (PARTITION BY host ORDER BY rank, due_at, delivery_id) AS host_rank FROM due
), taken AS (
    SELECT d.client_id, d.delivery_id, d.due_at AS was_due_at
    FROM turns JOIN deliveries AS d USING (client_id, delivery_id)
    WHERE turns.host_rank <= $5 AND d.due_at <= $2
    ORDER BY turns.rank, turns.due_at, turns.delivery_id
    LIMIT $4
    FOR NO KEY UPDATE OF d SKIP LOCKED
), leased AS (
    UPDATE deliveries AS d SET due_at = $3, lease_owner = $1
    FROM taken WHERE d.client_id = taken.client_id AND d.delivery_id = taken.delivery_id
    RETURNING d.*, taken.was_due_at
)
SELECT
    {", ".join(f"leased.{column}" for column in DELIVERY_COLUMNS.split(", "))}, leased.was_due_at,
    e.endpoint_id AS found_id, e.enabled, e.value, e.headers, e.secret, e.previous_secret, e.previous_secret_until
FROM leased LEFT JOIN endpoints AS e ON e.client_id = leased.client_id AND e.endpoint_id = leased.endpoint_id
ORDER BY leased.was_due_at, leased.delivery_id
"""  # noqa: S608 - constants alone


async def claim_due(
    connection: Connection,
    *,
    owner: str,
    now_ms: int,
    lease_ms: int,
    limit: int,
    per_host_max: int,
    hosts_excluded: Collection[str],
) -> Sequence[Claim]:
    """Lease due deliveries in the transaction that *connection* is in, as `DeliveryStore.claim_due` says."""
    rows = await connection.fetch(_CLAIM, owner, now_ms, now_ms + lease_ms, limit, per_host_max, list(hosts_excluded))
    refs = {NotificationRef(row["client_id"], row["notification_id"]) for row in rows}
    notifications = {notification.ref: notification for notification in await load(connection, refs)} if refs else {}
    return [_claim(owner, row, notifications) for row in rows]


def _claim(owner: str, row: asyncpg.Record, notifications: Mapping[NotificationRef, Notification]) -> Claim:
    delivery = read_delivery(row)
    ref = NotificationRef(delivery.client_id, delivery.notification_id)
    return Claim(owner, delivery, notifications[ref], _endpoint_state(row, delivery.type))


def _endpoint_state(row: asyncpg.Record, endpoint_type: EndpointType) -> EndpointState | None:
    if row["found_id"] is None:
        return None
    value = row["value"]
    targets = split_addresses(value) if endpoint_type is EndpointType.EMAIL else (value,)
    secret = None
    if row["secret"] is not None:
        secret = SigningSecret(row["secret"], row["previous_secret"], row["previous_secret_until"] or 0)
    return EndpointState(row["enabled"], targets, row["headers"], secret)
