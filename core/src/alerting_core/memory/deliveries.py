"""Deliveries in memory, and the leases of senders that are gone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count

from alerting_core.domain.claim import Claim, Outcome, Plan, interrupted_attempt, owner_of, sender_of
from alerting_core.domain.delivery import (
    DELIVERY_MOVES,
    Delivery,
    DeliveryEvent,
    DeliveryStatus,
    EndpointState,
    FollowedDelivery,
    Place,
    Reason,
    derive_delivery_id,
)
from alerting_core.domain.endpoint import DisableReason, Endpoint
from alerting_core.domain.notification import (
    Notification,
    NotificationEvent,
    NotificationKind,
    NotificationRef,
    NotificationStatus,
)
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import DeliveryRow, MemoryDatabase
from alerting_core.memory.notifications import find, move, what_settles


class MemoryDeliveryStore:
    """Stores deliveries and attempts; any number of these on one database take turns."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def endpoints_of(self, notifications: Sequence[Notification]) -> Mapping[str, Sequence[Endpoint]]:
        """Return notification_id → the endpoints of its rules that are its own client's."""
        return {n.notification_id: self._endpoints_of(n) for n in notifications}

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        """Store the deliveries of each RECEIVED notification; settle it when nothing is to be delivered."""
        return sum(self._plan(plan, now_ms=now_ms) for plan in plans)

    async def planned(self, refs: Sequence[NotificationRef]) -> Mapping[str, Sequence[Delivery]]:
        """Return notification_id → its deliveries."""
        return {
            ref.notification_id: [replace(row.delivery, next_attempt_at_ms=row.due_at_ms) for row in rows]
            for ref in refs
            if (rows := self._rows_of(ref))
        }

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
        places_excluded: Collection[Place] = (),
    ) -> Sequence[Claim]:
        """Lease what is due, client by client in turn."""
        claims: list[Claim] = []
        due = self._database.deliveries.due.take(
            now_ms=now_ms,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
            clients_excluded=frozenset(clients_excluded),
            places_excluded=frozenset(places_excluded),
        )
        for delivery_id in due:
            row = self._database.deliveries[delivery_id]
            record_interrupted(self._database, row, lease_ms=lease_ms, now_ms=now_ms)
            delivery = replace(row.delivery, next_attempt_at_ms=row.due_at_ms)
            self._database.deliveries[delivery_id] = DeliveryRow(delivery, now_ms + lease_ms, owner)
            notification = self._database.notifications[delivery.notification_id]
            endpoint = self._endpoint_state(delivery.endpoint_id, notification)
            claims.append(Claim(owner, delivery, notification, endpoint, self._followed(delivery)))
        return claims

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record attempts, move deliveries, settle notifications."""
        moved = [self._record(outcome, now_ms=now_ms) for outcome in outcomes]
        for outcome, did in zip(outcomes, moved, strict=True):
            if did:
                self._wake(outcome, now_ms=now_ms)
        await self.settle([outcome.claim.notification.ref for outcome in outcomes], now_ms=now_ms)
        return moved

    async def release(self, claims: Sequence[Claim], *, now_ms: int) -> None:
        """Make the owner's own claims due at once."""
        for claim in claims:
            row = self._database.deliveries.get(claim.delivery.delivery_id)
            if row is not None and row.lease_owner == claim.owner:
                due = replace(row.delivery, next_attempt_at_ms=now_ms)
                self._database.deliveries[claim.delivery.delivery_id] = DeliveryRow(due, now_ms)

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        """Settle those whose deliveries are all final."""
        return sum(self._settle(ref, now_ms=now_ms) for ref in refs)

    async def next_due_ms(self) -> int | None:
        """Return when the next delivery is due or its lease ends."""
        return self._database.deliveries.due.next_due_ms()

    def _endpoints_of(self, notification: Notification) -> Sequence[Endpoint]:
        of_rule = self._database.endpoints_of_rule
        ids = sorted({id_ for rule_id in notification.rule_ids for id_ in of_rule.get(rule_id, ())})
        endpoints = map(self._database.endpoints.__getitem__, ids)
        return [endpoint for endpoint in endpoints if endpoint.client_id == notification.client_id]

    def _rows_of(self, ref: NotificationRef) -> Sequence[DeliveryRow]:
        if find(self._database, ref) is None:
            return ()
        ids = self._database.deliveries_of_notification.get(ref.notification_id, {})
        return [self._database.deliveries[delivery_id] for delivery_id in sorted(ids)]

    def _endpoint_state(self, endpoint_id: str, notification: Notification) -> EndpointState | None:
        endpoint = self._database.endpoints.get(endpoint_id)
        if endpoint is None and notification.kind is NotificationKind.RESOLVED:
            endpoint = self._database.retired_endpoints.get(endpoint_id)
        if endpoint is None or endpoint.client_id != notification.client_id:
            return None
        return EndpointState.of(endpoint)

    def _followed(self, delivery: Delivery) -> FollowedDelivery | None:
        row = self._database.deliveries.get(delivery.follows or "")
        if row is None:
            return None
        attempts = self._database.attempts_of_delivery.get(row.delivery.delivery_id, {}).values()
        has_arrived = any(attempt.reason is Reason.DELIVERED for attempt in attempts)
        due_at_ms = row.due_at_ms if row.lease_owner is None else None
        return FollowedDelivery(row.delivery.status, due_at_ms, has_arrived)

    def _plan(self, plan: Plan, *, now_ms: int) -> int:
        notification = find(self._database, plan.ref)
        if notification is None or notification.status is not NotificationStatus.RECEIVED:
            return 0
        added = 0
        is_closed = notification.is_followed and notification.ends_at is None and bool(self._rows_of(plan.ref))
        for delivery in () if is_closed else plan.deliveries:
            assert delivery.client_id == plan.ref.client_id, "a delivery is its notification's client's"
            if delivery.delivery_id in self._database.deliveries:
                continue
            due_at_ms = None if delivery.status.is_final else delivery.next_attempt_at_ms
            self._database.deliveries[delivery.delivery_id] = DeliveryRow(delivery, due_at_ms)
            of_notification = self._database.deliveries_of_notification.setdefault(notification.notification_id, {})
            of_notification[delivery.delivery_id] = None
            added += 1
        if what_settles(self._database, notification) is NotificationEvent.NOTHING_TO_DELIVER:
            move(self._database, notification, NotificationEvent.NOTHING_TO_DELIVER, now_ms=now_ms)
        return added

    def _record(self, outcome: Outcome, *, now_ms: int) -> bool:
        """Record the attempt; move the delivery if it is still this owner's, or if it was delivered after all."""
        row = self._database.deliveries.get(outcome.claim.delivery.delivery_id)
        if row is None or not self._record_attempt(outcome, now_ms=now_ms):
            return False
        own = row.lease_owner == outcome.claim.owner
        if row.delivery.status.is_final or not (own or outcome.event is DeliveryEvent.ACCEPTED):
            return False
        delivery, due_at_ms = row.delivery, outcome.next_attempt_at_ms
        if outcome.event is not None:
            delivery = replace(
                delivery,
                status=DELIVERY_MOVES[delivery.status, outcome.event],
                reason=outcome.reason,
                attempts=delivery.attempts + (outcome.attempt is not None),
                updated_at_ms=now_ms,
            )
        delivery = replace(delivery, next_attempt_at_ms=due_at_ms)
        self._database.deliveries[delivery.delivery_id] = DeliveryRow(delivery, due_at_ms)
        return True

    def _wake(self, outcome: Outcome, *, now_ms: int) -> None:
        """Make due at once what waits for a delivery that has ended: the one that follows this one, or this one."""
        rows, waiting = self._database.deliveries, outcome.claim.delivery
        if outcome.reason is not Reason.WAITS_FOR_FIRING:
            resolved_id = self._database.notifications[waiting.notification_id].resolved_notification_id
            if resolved_id is None:
                return
            waiting = replace(waiting, delivery_id=derive_delivery_id(resolved_id, waiting.type, waiting.target))
        row = rows.get(waiting.delivery_id)
        if row is None or row.delivery.status is not DeliveryStatus.PENDING or row.lease_owner is not None:
            return
        followed = rows.get(row.delivery.follows or "")
        if followed is None or followed.delivery.status.is_final:
            due = replace(row.delivery, next_attempt_at_ms=now_ms, updated_at_ms=now_ms)
            rows[waiting.delivery_id] = DeliveryRow(due, now_ms)

    def _record_attempt(self, outcome: Outcome, *, now_ms: int) -> bool:
        """Record the attempt and what it says of the endpoint; False when it was recorded before."""
        attempt = outcome.attempt
        if attempt is None:
            return True
        attempts = self._database.attempts_of_delivery.setdefault(attempt.delivery_id, {})
        stored = attempts.get(attempt.attempt_id)
        if stored is not None and stored.reason is not Reason.INTERRUPTED:
            return False
        attempts[attempt.attempt_id] = attempt
        if outcome.disable_endpoint:
            self._disable(outcome, now_ms=now_ms)
        return True

    def _disable(self, outcome: Outcome, *, now_ms: int) -> None:
        """Disable the endpoint that is gone, unless it points elsewhere by now."""
        delivery = outcome.claim.delivery
        endpoint = self._database.endpoints.get(delivery.endpoint_id)
        if endpoint is None or not endpoint.enabled or delivery.target not in endpoint.targets:
            return
        self._database.endpoints[endpoint.endpoint_id] = replace(
            endpoint,
            enabled=False,
            disabled_reason=DisableReason.GONE,
            version=endpoint.version + 1,
            updated_at_ms=now_ms,
        )

    def _settle(self, ref: NotificationRef, *, now_ms: int) -> bool:
        notification = find(self._database, ref)
        if notification is None or notification.status is not NotificationStatus.RECEIVED:
            return False
        if not self._database.deliveries_of_notification.get(notification.notification_id):
            return False
        event = what_settles(self._database, notification)
        if event is None:
            return False
        move(self._database, notification, event, now_ms=now_ms)
        return True


def record_interrupted(database: MemoryDatabase, row: DeliveryRow, *, lease_ms: int, now_ms: int) -> None:
    """Record the attempt of the owner that loses the lease of *row*, if it has one."""
    if row.lease_owner is None:
        return
    assert row.due_at_ms is not None, "what is leased is not final"
    delivery = row.delivery
    attempt = interrupted_attempt(
        delivery, row.lease_owner, lease_ends_at_ms=row.due_at_ms, lease_ms=lease_ms, now_ms=now_ms
    )
    database.attempts_of_delivery.setdefault(delivery.delivery_id, {}).setdefault(attempt.attempt_id, attempt)


class MemoryPresence:
    """Shows itself from the moment that it is made, until it leaves."""

    def __init__(self, database: MemoryDatabase, sender: str) -> None:
        self._database = database
        self._numbers = count(1)
        self.sender = sender
        self.come()

    def come(self) -> None:
        """Be there."""
        self._database.senders_present.add(self.sender)

    def leave(self) -> None:
        """Be gone."""
        self._database.senders_present.discard(self.sender)

    def new_owner(self) -> str:
        """Return the owner of a new claim."""
        if self.sender not in self._database.senders_present:
            raise PortUnavailable("memory", operation="new_owner", detail="this sender has left")
        return owner_of(self.sender, next(self._numbers))


class MemoryAbandonedLeases:
    """Looks at the leases in a database."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and are not there."""
        leased = {sender_of(row.lease_owner) for row in self._leased(now_ms=now_ms, lease_ms=lease_ms)}
        return {sender for sender in leased if sender is not None and not self._is_there(sender)}

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Release the leases of those that are not there."""
        gone = {sender for sender in senders if not self._is_there(sender)}
        leased = self._leased(now_ms=now_ms, lease_ms=lease_ms)
        found = [row for row in leased if sender_of(row.lease_owner) in gone][:limit]
        for row in found:
            record_interrupted(self._database, row, lease_ms=lease_ms, now_ms=now_ms)
            due = replace(row.delivery, next_attempt_at_ms=now_ms)
            self._database.deliveries[due.delivery_id] = DeliveryRow(due, now_ms)
        return len(found)

    def _is_there(self, sender: str) -> bool:
        return sender in self._database.senders_present

    def _leased(self, *, now_ms: int, lease_ms: int) -> list[DeliveryRow]:
        rows = map(self._database.deliveries.__getitem__, self._database.deliveries.leased)
        ends_ms = range(now_ms + 1, now_ms + 2 * lease_ms)
        return [row for row in rows if row.due_at_ms in ends_ms]
