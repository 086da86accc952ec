"""Deliveries in Postgres: planned once, claimed with a lease, ended for ever."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from alerting_backend.adapters.postgres import rows as stored
from alerting_backend.adapters.postgres.connection import Connection, Pool, connected, transaction
from alerting_backend.adapters.postgres.delivery import outcomes as settling
from alerting_backend.adapters.postgres.delivery.claims import BEFORE_ALL, PLACES_MAX, ClaimRequest, claim_due
from alerting_backend.adapters.postgres.delivery.notifications import columns_of
from alerting_backend.adapters.postgres.tables import batches
from alerting_core.codec.records import is_uuid
from alerting_core.domain import delivery, endpoint
from alerting_core.domain.claim import Claim, Outcome, Plan
from alerting_core.domain.notification import Notification, NotificationRef

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

    async def endpoints_of(self, notifications: Sequence[Notification]) -> Mapping[str, Sequence[endpoint.Endpoint]]:
        """Return notification_id → the endpoints of its rules that are its own client's."""
        wanted = {(n.client_id, rule_id) for n in notifications for rule_id in n.rule_ids if is_uuid(rule_id)}
        found = await self._endpoints_of_rules(sorted(wanted)) if wanted else {}
        # The same rules match again and again: their endpoints are put together once.
        together: dict[tuple[str, tuple[str, ...]], Sequence[endpoint.Endpoint]] = {}
        for n in notifications:
            if (n.client_id, n.rule_ids) not in together:
                endpoints = [e for rule_id in dict.fromkeys(n.rule_ids) for e in found.get((n.client_id, rule_id), ())]
                together[n.client_id, n.rule_ids] = sorted(endpoints, key=lambda one: one.endpoint_id)
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

    async def planned(self, refs: Sequence[NotificationRef]) -> Mapping[str, Sequence[delivery.Delivery]]:
        """Return notification_id → its deliveries."""
        if not refs:
            return {}
        async with connected(self._pool, "planned_deliveries") as connection:
            rows = await connection.fetch(_PLANNED, *columns_of(refs))
        found: dict[str, list[delivery.Delivery]] = {}
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
        clients_excluded: Collection[str] = (),
        places_excluded: Collection[delivery.Place] = (),
    ) -> Sequence[Claim]:
        """Lease what is due, client by client in turn."""
        wanted = ClaimRequest(
            owner,
            now_ms,
            lease_ms,
            limit,
            per_host_max,
            frozenset(hosts_excluded),
            frozenset(clients_excluded),
            frozenset(places_excluded),
        )
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
    ) -> Mapping[tuple[str, str], Sequence[endpoint.Endpoint]]:
        """Return (client_id, rule_id) → its endpoints."""
        async with connected(self._pool, "endpoints_of") as connection:
            rows = await connection.fetch(
                _ENDPOINTS_OF_RULES, [client_id for client_id, _ in rules], [id_ for _, id_ in rules]
            )
        found: dict[tuple[str, str], list[endpoint.Endpoint]] = {}
        for row in rows:
            found.setdefault((row["client_id"], row["rule_id"]), []).append(stored.ENDPOINTS.read(row))
        return found


async def _insert(connection: Connection, deliveries: Sequence[delivery.Delivery]) -> int:
    added = 0
    for batch in batches(deliveries):
        added += len(await connection.fetch(_INSERT, *stored.DELIVERIES.rows(batch)))
    return added
