"""Mistakes of the store of deliveries."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import EndpointState, Reason
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus
from alerting_core.memory.database import DeliveryRow
from alerting_core.memory.deliveries import MemoryAbandonedLeases
from alerting_core.sim.platform import RacingDeliveryStore


class NoLease(RacingDeliveryStore):
    """Hands out deliveries without keeping others from them."""

    async def claim_due(self, **asked: Any) -> Sequence[Claim]:
        return await super().claim_due(**asked | {"lease_ms": 1})


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

    async def claim_due(self, **asked: Any) -> Sequence[Claim]:
        claims = await super().claim_due(**asked)
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


class _SettlesOtherwise(RacingDeliveryStore):
    """Settles as it should, and then looks again at what it was asked about."""

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        settled = await super().settle(refs, now_ms=now_ms)
        for ref in refs:
            if (notification := self._database.notifications.get(ref.notification_id)) is not None:
                self._look_again(notification)
        return settled

    def _look_again(self, notification: Notification) -> None:
        raise NotImplementedError


class AlwaysSent(_SettlesOtherwise):
    """Settles every notification as SENT."""

    def _look_again(self, notification: Notification) -> None:
        if notification.status in {NotificationStatus.FAILED, NotificationStatus.PARTIAL}:
            # Below the watched table: as if it had been settled so at once.
            rows = self._database.notifications._rows
            rows[notification.notification_id] = replace(notification, status=NotificationStatus.SENT)


class SettlesAgain(_SettlesOtherwise):
    """Changes its mind about notifications that are settled."""

    def _look_again(self, notification: Notification) -> None:
        if notification.status is NotificationStatus.SENT:
            changed = replace(notification, status=NotificationStatus.PARTIAL)
            self._database.notifications[notification.notification_id] = changed


class AnyEndpoint(RacingDeliveryStore):
    """Gives a claim the first endpoint that comes to hand."""

    async def claim_due(self, **asked: Any) -> Sequence[Claim]:
        claims = await super().claim_due(**asked)
        first = next((e for e in self._database.endpoints.values() if e.secret is not None), None)
        if first is None:
            return claims
        return [replace(claim, endpoint=EndpointState.of(first)) for claim in claims]
