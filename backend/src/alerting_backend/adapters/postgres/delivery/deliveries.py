"""Deliveries in Postgres: planned once, claimed with a lease, ended for ever.

A claim is a lease on each of its deliveries, fair between clients and bounded per host: it looks at one client and host
after the other, and takes the first turns of all before any second turn.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from alerting_backend.adapters.postgres import rows as stored
from alerting_backend.adapters.postgres.connection import Connection, Pool, connected, transaction
from alerting_backend.adapters.postgres.delivery import ends
from alerting_backend.adapters.postgres.delivery import outcomes as settling
from alerting_backend.adapters.postgres.delivery.notifications import columns_of, load
from alerting_backend.adapters.postgres.tables import batches
from alerting_core.codec.records import is_uuid
from alerting_core.domain.claim import Claim, Outcome, Plan, interrupted_attempt
from alerting_core.domain.delivery import Delivery, EndpointState
from alerting_core.domain.endpoint import Endpoint
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


ClientHost: TypeAlias = tuple[str, str]
"""(client_id, host): what one run of the index deliveries_due is about."""

BEFORE_ALL: Final[ClientHost] = ("", "")

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


async def claim_due(
    connection: Connection, wanted: ClaimRequest, *, after: ClientHost, places_max: int = PLACES_MAX
) -> tuple[Sequence[Claim], ClientHost]:
    """Lease due deliveries in the transaction that *connection* is in, beginning with the place after *after*.

    Goes on until something was leased or it has been round once. Returns the claims, and where the next call goes on.
    """
    begun_at, has_wrapped = after, after == BEFORE_ALL
    while True:
        places = await connection.fetch(_PLACES, *after, places_max)
        ready = [
            (row["client_id"], row["host"])
            for row in places
            if row["due_at"] <= wanted.now_ms and row["host"] not in wanted.hosts_excluded
        ]
        claims = await _claim_at(connection, wanted, ready) if ready else ()
        at_the_end = len(places) < places_max
        after = BEFORE_ALL if at_the_end else (places[-1]["client_id"], places[-1]["host"])
        has_been_round = has_wrapped and (at_the_end or after >= begun_at > BEFORE_ALL)
        if claims or has_been_round:
            return claims, after
        has_wrapped = has_wrapped or at_the_end


async def _claim_at(connection: Connection, wanted: ClaimRequest, places: Sequence[ClientHost]) -> Sequence[Claim]:
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
    delivery = stored.DELIVERIES.read(row)
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


# OFFSET 0: those of each rule are looked up, however few of all endpoints they are thought to be.
_ENDPOINTS_OF_RULES: Final = f"""
SELECT e.*
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, rule_id)
CROSS JOIN LATERAL (
    SELECT {stored.ENDPOINTS.columns} FROM endpoints AS o
    WHERE o.client_id = w.client_id AND o.rule_id = w.rule_id OFFSET 0
) AS e
ORDER BY e.endpoint_id
"""

# Looked up by their notification, as everywhere.
_PLANNED: Final = f"""
SELECT d.*
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[]) AS w (client_id, notification_id)) AS w
CROSS JOIN LATERAL (
    SELECT {stored.DELIVERIES.columns} FROM deliveries AS o
    WHERE o.client_id = w.client_id AND o.notification_id = w.notification_id OFFSET 0
) AS d
ORDER BY d.delivery_id
"""

_INSERT: Final = f"""
INSERT INTO deliveries ({stored.DELIVERIES.columns})
SELECT * FROM unnest({stored.DELIVERIES.arrays})
ON CONFLICT DO NOTHING
RETURNING 1
"""

_RELEASE: Final = """
UPDATE deliveries AS d SET due_at = $4, lease_owner = NULL
FROM (
    SELECT o.client_id, o.delivery_id
    FROM unnest($1::text[], $2::uuid[], $3::text[]) AS w (client_id, delivery_id, owner)
    JOIN deliveries AS o ON o.client_id = w.client_id AND o.delivery_id = w.delivery_id AND o.lease_owner = w.owner
    ORDER BY o.client_id, o.delivery_id
    FOR NO KEY UPDATE OF o
) AS own
WHERE d.client_id = own.client_id AND d.delivery_id = own.delivery_id
"""

_NEXT_DUE: Final = f"SELECT due_at FROM deliveries WHERE {stored.UNFINISHED} ORDER BY due_at LIMIT 1"


class PgDeliveryStore:
    """Stores deliveries and attempts.

    Args:
        pool: Of the worker's role.
        places_max: Clients and hosts that one claim looks at.
    """

    def __init__(self, pool: Pool, *, places_max: int = PLACES_MAX) -> None:
        self._pool = pool
        self._places_max = places_max
        self._claimed_to = BEFORE_ALL

    async def endpoints_of(self, notifications: Sequence[Notification]) -> Mapping[str, Sequence[Endpoint]]:
        """Return notification_id → the endpoints of its rules that are its own client's."""
        wanted = {(n.client_id, rule_id) for n in notifications for rule_id in n.rule_ids if is_uuid(rule_id)}
        found = await self._endpoints_of_rules(sorted(wanted)) if wanted else {}
        # The same rules match again and again: their endpoints are put together once.
        together: dict[tuple[str, tuple[str, ...]], Sequence[Endpoint]] = {}
        for n in notifications:
            if (n.client_id, n.rule_ids) not in together:
                endpoints = [e for rule_id in dict.fromkeys(n.rule_ids) for e in found.get((n.client_id, rule_id), ())]
                together[n.client_id, n.rule_ids] = sorted(endpoints, key=lambda endpoint: endpoint.endpoint_id)
        return {n.notification_id: together[n.client_id, n.rule_ids] for n in notifications}

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        """Store the deliveries of each RECEIVED notification; settle it when nothing is to be delivered."""
        async with transaction(self._pool, "plan_deliveries") as connection:
            received = await settling.lock_received(connection, [plan.ref for plan in plans])
            followed = [ref for ref, is_followed in received.items() if is_followed]
            planned = received.keys() - (await settling.with_deliveries(connection, followed))
            new = [delivery for plan in plans if plan.ref in planned for delivery in plan.deliveries]
            added = await _insert(connection, new)
            at_work = {plan.ref for plan in plans if not all(d.status.is_final for d in plan.deliveries)}
            # Where something is to be delivered, its end settles the notification.
            idle = [ref for ref in received if ref not in at_work]
            await settling.settle_without_work(connection, idle, now_ms=now_ms)
        return added

    async def planned(self, refs: Sequence[NotificationRef]) -> Mapping[str, Sequence[Delivery]]:
        """Return notification_id → its deliveries."""
        if not refs:
            return {}
        async with connected(self._pool, "planned_deliveries") as connection:
            rows = await connection.fetch(_PLANNED, *columns_of(refs))
        found: dict[str, list[Delivery]] = {}
        for row in rows:
            found.setdefault(row["notification_id"], []).append(stored.DELIVERIES.read(row))
        return found

    async def claim_due(
        self,
        *,
        owner: str,
        now_ms: int,
        lease_ms: int,
        limit: int,
        per_host_max: int,
        hosts_excluded: Collection[str],
    ) -> Sequence[Claim]:
        """Lease what is due, client by client in turn."""
        wanted = ClaimRequest(owner, now_ms, lease_ms, limit, per_host_max, frozenset(hosts_excluded))
        async with transaction(self._pool, "claim_due") as connection:
            claims, after = await claim_due(connection, wanted, after=self._claimed_to, places_max=self._places_max)
        self._claimed_to = after
        return claims

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record attempts, move deliveries, settle notifications."""
        if not outcomes:
            return []
        async with transaction(self._pool, "record_outcomes") as connection:
            return await settling.record_outcomes(connection, outcomes, now_ms=now_ms)

    async def release(self, claims: Sequence[Claim], *, now_ms: int) -> None:
        """Make the owner's own claims due at once."""
        if not claims:
            return
        async with connected(self._pool, "release_claims") as connection:
            await connection.execute(
                _RELEASE,
                [claim.delivery.client_id for claim in claims],
                [claim.delivery.delivery_id for claim in claims],
                [claim.owner for claim in claims],
                now_ms,
            )

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        """Settle those whose deliveries are all final."""
        async with transaction(self._pool, "settle_notifications") as connection:
            received = await settling.lock_received(connection, refs)
            return await settling.settle_ended(connection, received, now_ms=now_ms)

    async def next_due_ms(self) -> int | None:
        """Return when the next delivery is due or its lease ends."""
        async with connected(self._pool, "next_due") as connection:
            due_ms: int | None = await connection.fetchval(_NEXT_DUE)
            return due_ms

    async def _endpoints_of_rules(
        self, rules: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Sequence[Endpoint]]:
        """Return (client_id, rule_id) → its endpoints."""
        async with connected(self._pool, "endpoints_of") as connection:
            rows = await connection.fetch(
                _ENDPOINTS_OF_RULES, [client_id for client_id, _ in rules], [id_ for _, id_ in rules]
            )
        found: dict[tuple[str, str], list[Endpoint]] = {}
        for row in rows:
            found.setdefault((row["client_id"], row["rule_id"]), []).append(stored.ENDPOINTS.read(row))
        return found


async def _insert(connection: Connection, deliveries: Sequence[Delivery]) -> int:
    added = 0
    for batch in batches(deliveries):
        added += len(await connection.fetch(_INSERT, *stored.DELIVERIES.rows(batch)))
    return added
