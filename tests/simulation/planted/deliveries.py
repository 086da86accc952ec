"""Mistakes of the store of deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import EndpointState, Reason
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.memory.database import DeliveryRow
from alerting_core.memory.presence import MemoryAbandonedLeases
from alerting_core.sim.races import RacingDeliveryStore


class NoLease(RacingDeliveryStore):
    """Hands out deliveries without keeping others from them."""

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
        return await super().claim_due(
            owner=owner,
            now_ms=now_ms,
            lease_ms=1,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
        )


class AnyOwner(RacingDeliveryStore):
    """Takes an outcome from whoever brings it."""

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        rows = self._database.deliveries
        for outcome in outcomes:
            row = rows.get(outcome.claim.delivery.delivery_id)
            if row is not None and not row.delivery.status.is_final:
                rows[row.delivery.delivery_id] = DeliveryRow(row.delivery, row.due_at_ms, outcome.claim.owner)
        return await super().record_outcomes(outcomes, now_ms=now_ms)


class ForgetsAttempts(RacingDeliveryStore):
    """Moves deliveries and keeps no attempts."""

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        moved = await super().record_outcomes(outcomes, now_ms=now_ms)
        for outcome in outcomes:
            self._database.attempts_of_delivery.pop(outcome.claim.delivery.delivery_id, None)
        return moved


class ForgetsInterruptions(RacingDeliveryStore):
    """Gives a lease that ran out to another, and keeps no attempt of who had it."""

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
        claims = await super().claim_due(
            owner=owner,
            now_ms=now_ms,
            lease_ms=lease_ms,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
        )
        for claim in claims:
            attempts = self._database.attempts_of_delivery.get(claim.delivery.delivery_id, {})
            for attempt in list(attempts.values()):
                if attempt.reason is Reason.INTERRUPTED:
                    del attempts[attempt.attempt_id]
        return claims


class TakesFromTheLiving(MemoryAbandonedLeases):
    """Takes whatever is leased, without a look at who is there."""

    def _is_there(self, _sender: str) -> bool:
        return False


class KeepsGoneEndpoints(RacingDeliveryStore):
    """Leaves an endpoint enabled that answered 410."""

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        return await super().record_outcomes([replace(o, disable_endpoint=False) for o in outcomes], now_ms=now_ms)


class AlwaysSent(RacingDeliveryStore):
    """Settles every notification as SENT."""

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        settled = await super().settle(refs, now_ms=now_ms)
        self._rewrite(refs, {NotificationStatus.FAILED, NotificationStatus.PARTIAL})
        return settled

    def _rewrite(self, refs: Sequence[NotificationRef], statuses: Collection[NotificationStatus]) -> None:
        rows = self._database.notifications
        for ref in refs:
            notification = rows.get(ref.notification_id)
            if notification is not None and notification.status in statuses:
                # Below the watched table: as if it had been settled so at once.
                rows._rows[ref.notification_id] = replace(notification, status=NotificationStatus.SENT)


class SettlesAgain(AlwaysSent):
    """Changes its mind about notifications that are settled."""

    def _rewrite(self, refs: Sequence[NotificationRef], statuses: Collection[NotificationStatus]) -> None:
        rows = self._database.notifications
        for ref in refs:
            notification = rows.get(ref.notification_id)
            if notification is not None and notification.status is NotificationStatus.SENT:
                rows[ref.notification_id] = replace(notification, status=NotificationStatus.PARTIAL)


class AnyEndpoint(RacingDeliveryStore):
    """Gives a claim the first endpoint that comes to hand."""

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
        claims = await super().claim_due(
            owner=owner,
            now_ms=now_ms,
            lease_ms=lease_ms,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
        )
        first = next((e for e in self._database.endpoints.values() if e.secret is not None), None)
        if first is None:
            return claims
        state = EndpointState(first.enabled, first.targets, first.headers, first.secret)
        return [replace(claim, endpoint=state) for claim in claims]
