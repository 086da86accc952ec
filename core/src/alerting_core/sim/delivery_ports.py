"""The ports of those who send, behind a `Gate`; what becomes of a claim is told to the world."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from alerting_core.domain.claim import Claim, Outcome, Plan
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification, NotificationRef
from alerting_core.memory.tables import DeliveryRow
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.presence import AbandonedLeases
from alerting_core.sim import facts
from alerting_core.sim.gate import Gate, Resource


@dataclass(frozen=True, slots=True)
class SimDeliveryStore:
    """Deliveries."""

    gate: Gate
    store: DeliveryStore

    async def endpoints_of(self, notifications: Sequence[Notification]) -> Mapping[str, Sequence[Endpoint]]:
        """Return the endpoints of notifications."""
        return await self.gate.call(
            Resource.STORE, "deliveries.endpoints_of", lambda: self.store.endpoints_of(notifications)
        )

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        """Store deliveries."""
        return await self.gate.call(Resource.STORE, "deliveries.plan", lambda: self.store.plan(plans, now_ms=now_ms))

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
        """Lease what is due."""

        def told(claims: Sequence[Claim]) -> None:
            for claim in claims:
                self.gate.world.trace_routine(f"{self.gate.process.name} claims {claim.delivery.delivery_id[:8]}")
                self.gate.world.claims.open(self.gate.process, claim)
                self.gate.world.tell(facts.Claimed(self.gate.process, claim, now_ms, lease_ms))

        return await self.gate.call(
            Resource.STORE,
            "deliveries.claim_due",
            lambda: self.store.claim_due(
                owner=owner,
                now_ms=now_ms,
                lease_ms=lease_ms,
                limit=limit,
                per_host_max=per_host_max,
                hosts_excluded=hosts_excluded,
            ),
            told=told,
        )

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record outcomes."""
        before: list[DeliveryRow | None] = []

        async def effect() -> Sequence[bool]:
            rows = self.gate.world.database.deliveries
            before.extend(rows.get(outcome.claim.delivery.delivery_id) for outcome in outcomes)
            return await self.store.record_outcomes(outcomes, now_ms=now_ms)

        def told(moved: Sequence[bool]) -> None:
            for outcome, one, row in zip(outcomes, moved, before, strict=True):
                id_, event = outcome.claim.delivery.delivery_id[:8], outcome.event or "postponed"
                self.gate.world.trace_routine(
                    f"{self.gate.process.name} records {id_} {event}{'' if one else ', too late'}"
                )
                self.gate.world.claims.close(self.gate.process, outcome.claim)
                self.gate.world.tell(facts.Recorded(self.gate.process, outcome, one, row, now_ms))

        return await self.gate.call(Resource.STORE, "deliveries.record_outcomes", effect, told=told)

    async def release(self, claims: Sequence[Claim], *, now_ms: int) -> None:
        """Give claims back."""

        def told(_: None) -> None:
            for claim in claims:
                self.gate.world.claims.close(self.gate.process, claim)
                self.gate.world.tell(facts.Released(self.gate.process, claim))

        await self.gate.call(
            Resource.STORE, "deliveries.release", lambda: self.store.release(claims, now_ms=now_ms), told=told
        )

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        """Settle what is finished."""
        return await self.gate.call(Resource.STORE, "deliveries.settle", lambda: self.store.settle(refs, now_ms=now_ms))

    async def next_due_ms(self) -> int | None:
        """Return when the next delivery is due."""
        return await self.gate.call(Resource.STORE, "deliveries.next_due_ms", self.store.next_due_ms)


@dataclass(frozen=True, slots=True)
class SimAbandonedLeases:
    """The leases of senders that are gone."""

    gate: Gate
    leases: AbandonedLeases

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and are not there."""
        return await self.gate.call(
            Resource.STORE, "leases.absent", lambda: self.leases.absent(now_ms=now_ms, lease_ms=lease_ms)
        )

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Release the leases of those that are not there."""
        leased: dict[str, str] = {}

        async def effect() -> int:
            rows = self.gate.world.database.deliveries
            leased.update({id_: rows[id_].lease_owner or "" for id_ in rows.leased})
            return await self.leases.take_back(senders, now_ms=now_ms, lease_ms=lease_ms, limit=limit)

        def told(_: int) -> None:
            rows = self.gate.world.database.deliveries
            for delivery_id, owner in leased.items():
                if rows[delivery_id].lease_owner is None:
                    self.gate.world.count("lease taken back")
                    self.gate.world.trace(f"{self.gate.process.name} takes {delivery_id[:8]} back from {owner}")
                    self.gate.world.tell(facts.TakenBack(self.gate.process, delivery_id, owner))

        return await self.gate.call(Resource.STORE, "leases.take_back", effect, told=told)
