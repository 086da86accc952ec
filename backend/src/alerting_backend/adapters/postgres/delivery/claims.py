"""Claims of deliveries in Postgres.

A claim is a lease on each of its deliveries, fair between clients and bounded per host: it looks at one client and host
after the other, and takes the first turns of all before any second turn.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import asyncpg

from alerting_backend.adapters.postgres import rows as stored
from alerting_backend.adapters.postgres.connection import Connection
from alerting_backend.adapters.postgres.delivery import ends
from alerting_backend.adapters.postgres.delivery.notifications import load
from alerting_core.domain.claim import Claim, interrupted_attempt
from alerting_core.domain.delivery import Delivery, EndpointState, Place
from alerting_core.domain.notification import Notification, NotificationRef

_RECORD_INTERRUPTED: Final = """
INSERT INTO attempts (client_id, attempt_id, delivery_id, number, reason, response, detail, started_at, latency_ms)
SELECT w.client_id, w.attempt_id, w.delivery_id, w.number, w.reason, '', w.detail, w.started_at, w.latency_ms
FROM unnest(
    $1::text[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[], $8::integer[]
) AS w (client_id, attempt_id, delivery_id, number, reason, detail, started_at, latency_ms)
ON CONFLICT DO NOTHING
"""


class LostLease(NamedTuple):
    """A lease that *owner* had on *delivery*, which is locked."""

    delivery: Delivery
    owner: str
    ends_at_ms: int


async def record_interrupted(connection: Connection, lost: Sequence[LostLease], *, lease_ms: int, now_ms: int) -> None:
    """Record an INTERRUPTED attempt for each of *lost*, unless its owner has recorded the attempt itself."""
    if not lost:
        return
    attempts = [
        interrupted_attempt(
            lease.delivery, lease.owner, lease_ends_at_ms=lease.ends_at_ms, lease_ms=lease_ms, now_ms=now_ms
        )
        for lease in lost
    ]
    await connection.execute(
        _RECORD_INTERRUPTED,
        [lease.delivery.client_id for lease in lost],
        [attempt.attempt_id for attempt in attempts],
        [attempt.delivery_id for attempt in attempts],
        [attempt.number for attempt in attempts],
        [str(attempt.reason) for attempt in attempts],
        [attempt.detail for attempt in attempts],
        [attempt.started_at_ms for attempt in attempts],
        [attempt.latency_ms for attempt in attempts],
    )


BEFORE_ALL: Final = Place("", "")
"""One run of the index deliveries_due is about one place."""

PLACES_MAX: Final = 1_000
"""Places that one claim looks at, some ten microseconds each. A claim goes on where the one before it stopped."""

# Steps through the index from the earliest delivery of one place to the earliest of the next, so that the cost is that
# of the places with something open, however much waits at each.
_PLACES: Final = """
WITH RECURSIVE places (client_id, host, due_at) AS (
    (
        SELECT client_id, host, due_at FROM deliveries
        WHERE due_at IS NOT NULL AND (client_id, host) > ($1, $2)
        ORDER BY client_id, host, due_at LIMIT 1
    )
    UNION ALL
    SELECT next.client_id, next.host, next.due_at
    FROM places
    CROSS JOIN LATERAL (
        SELECT d.client_id, d.host, d.due_at FROM deliveries AS d
        WHERE d.due_at IS NOT NULL AND (d.client_id, d.host) > (places.client_id, places.host)
        ORDER BY d.client_id, d.host, d.due_at LIMIT 1
    ) AS next
)
SELECT client_id, host, due_at FROM places LIMIT $3
"""

# From each place the earliest few are looked at; `rank` is a delivery's turn within its client, and `host_rank` its
# turn within its host, so that all first turns come before any second turn. Rows that another sender is just leasing
# are passed over, and those that it has leased are due no more.
#
# The turns are reckoned once, and what is taken is looked up by its key, one row at a time: MATERIALIZED and OFFSET 0
# leave the planner nothing to choose, whatever it believes to be due. A condition on due_at beside the key would let it
# choose another index, so it stands outside.
_CLAIM: Final = f"""
WITH due AS (
    SELECT
        d.client_id, d.delivery_id, d.host, d.due_at,
        row_number() OVER (PARTITION BY d.client_id ORDER BY d.due_at, d.delivery_id) AS rank
    FROM unnest($6::text[], $7::text[]) AS places (client_id, host)
    CROSS JOIN LATERAL (
        SELECT o.client_id, o.delivery_id, o.host, o.due_at FROM deliveries AS o
        WHERE o.due_at IS NOT NULL AND o.client_id = places.client_id AND o.host = places.host AND o.due_at <= $2
        ORDER BY o.due_at LIMIT $8
    ) AS d
), turns AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY host ORDER BY rank, due_at, delivery_id) AS host_rank FROM due
), taken AS MATERIALIZED (
    SELECT d.client_id, d.delivery_id, d.due_at AS was_due_at, d.lease_owner AS was_owner
    FROM (SELECT * FROM turns WHERE host_rank <= $5 ORDER BY rank, due_at, delivery_id) AS turns
    CROSS JOIN LATERAL (
        SELECT o.client_id, o.delivery_id, o.due_at, o.lease_owner FROM deliveries AS o
        WHERE o.client_id = turns.client_id AND o.delivery_id = turns.delivery_id
        OFFSET 0
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS d
    WHERE d.due_at <= $2
    LIMIT $4
), leased AS (
    UPDATE deliveries AS d SET due_at = $3, lease_owner = $1
    FROM taken WHERE d.client_id = taken.client_id AND d.delivery_id = taken.delivery_id
    RETURNING d.*, taken.was_due_at, taken.was_owner
)
SELECT
    {stored.DELIVERIES.columns_of("leased")}, leased.was_due_at, leased.was_owner,
    e.endpoint_id AS found_id, e.enabled, e.value, e.headers, e.secret, e.previous_secret, e.previous_secret_until,
    e.send_resolved, e.format
FROM leased LEFT JOIN LATERAL (
    SELECT * FROM endpoints AS o WHERE o.client_id = leased.client_id AND o.endpoint_id = leased.endpoint_id OFFSET 0
) AS e ON true
ORDER BY leased.was_due_at, leased.delivery_id
"""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What one claim is to take; the fields are the arguments of `DeliveryStore.claim_due`."""

    owner: str
    now_ms: int
    lease_ms: int
    limit: int
    per_host_max: int
    hosts_excluded: Collection[str]
    clients_excluded: Collection[str] = frozenset()
    places_excluded: Collection[Place] = frozenset()

    def wants(self, client_id: str, host: str) -> bool:
        """Say whether anything may be claimed of that place."""
        return not (
            host in self.hosts_excluded
            or client_id in self.clients_excluded
            or Place(client_id, host) in self.places_excluded
        )


async def claim_due(
    connection: Connection, wanted: ClaimRequest, *, after: Place, places_max: int = PLACES_MAX
) -> tuple[Sequence[Claim], Place]:
    """Lease due deliveries in the transaction that *connection* is in, beginning with the place after *after*.

    Goes on until something was leased or it has been round once. Returns the claims, and where the next call goes on.
    """
    begun_at, has_wrapped = after, after == BEFORE_ALL
    while True:
        places = await connection.fetch(_PLACES, *after, places_max)
        ready = [
            Place(row["client_id"], row["host"])
            for row in places
            if row["due_at"] <= wanted.now_ms and wanted.wants(row["client_id"], row["host"])
        ]
        claims = await _claim_at(connection, wanted, ready) if ready else ()
        at_the_end = len(places) < places_max
        after = BEFORE_ALL if at_the_end else Place(places[-1]["client_id"], places[-1]["host"])
        has_been_round = has_wrapped and (at_the_end or after >= begun_at > BEFORE_ALL)
        if claims or has_been_round:
            return claims, after
        has_wrapped = has_wrapped or at_the_end


async def _claim_at(connection: Connection, wanted: ClaimRequest, places: Sequence[Place]) -> Sequence[Claim]:
    # Twice what is needed when all places have enough: another sender may be taking the same.
    per_place = min(wanted.per_host_max, -(-2 * wanted.limit // len(places)) + 1)
    rows = await connection.fetch(
        _CLAIM,
        wanted.owner,
        wanted.now_ms,
        wanted.now_ms + wanted.lease_ms,
        wanted.limit,
        wanted.per_host_max,
        [client_id for client_id, _ in places],
        [host for _, host in places],
        per_place,
    )
    lost = [
        LostLease(stored.DELIVERIES.read(row), row["was_owner"], row["was_due_at"])
        for row in rows
        if row["was_owner"] is not None
    ]
    await record_interrupted(connection, lost, lease_ms=wanted.lease_ms, now_ms=wanted.now_ms)
    refs = {NotificationRef(row["client_id"], row["notification_id"]) for row in rows}
    notifications = {one.ref: one for one in await load(connection, refs)} if refs else {}
    claims = [_claim(wanted.owner, row, notifications) for row in rows]
    return await _with_what_ends_need(connection, claims)


def _claim(owner: str, row: asyncpg.Record, notifications: Mapping[NotificationRef, Notification]) -> Claim:
    delivery = replace(stored.DELIVERIES.read(row), next_attempt_at_ms=row["was_due_at"])
    ref = NotificationRef(delivery.client_id, delivery.notification_id)
    return Claim(owner, delivery, notifications[ref], _endpoint_state(row))


async def _with_what_ends_need(connection: Connection, claims: Sequence[Claim]) -> Sequence[Claim]:
    """Return *claims*, of which those that follow another delivery say what became of it, and of their endpoints."""
    followers = [claim for claim in claims if claim.delivery.follows is not None]
    if not followers:
        return claims
    told = await ends.followed(connection, [claim.delivery for claim in followers])
    retired = await ends.retired(connection, [claim.delivery for claim in followers if claim.endpoint is None])
    return [
        replace(claim, followed=told.get(id_), endpoint=claim.endpoint or retired.get(id_))
        if (id_ := claim.delivery.delivery_id) in told or id_ in retired
        else claim
        for claim in claims
    ]


def _endpoint_state(row: asyncpg.Record) -> EndpointState | None:
    return None if row["found_id"] is None else stored.ENDPOINT_STATES.read(row)
