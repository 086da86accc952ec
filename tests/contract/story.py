"""What the pipeline does to notifications, in one line each."""

from dataclasses import replace

from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import Attempt, DeliveryEvent, Reason, derive_attempt_id
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification, NotificationRef
from alerting_core.domain.rule import Rule
from tests.contract.fixtures_catalog import Catalog
from tests.support.catalog import NOW_MS, make_client, make_endpoint, make_rule, new_uuid


class Story:
    """What the pipeline does, in one line each."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.rules: dict[str, Rule] = {}
        self.claims = 0

    async def client(self, client_id: str) -> Rule:
        """Make a client with one rule."""
        await self.catalog.clients.create(make_client(client_id))
        self.rules[client_id] = await self.catalog.rules.create(make_rule(client_id))
        return self.rules[client_id]

    async def endpoint(self, client_id: str = "acme") -> Endpoint:
        return await self.catalog.endpoints.create(None, make_endpoint(self.rules[client_id]))

    async def notify(
        self, client_id: str = "acme", *, now_ms: int = NOW_MS, rule_ids: tuple[str, ...] = (), **alert: object
    ) -> Notification:
        """Store a RECEIVED notification, by *rule_ids* or by the client's own rule."""
        made = replace(Alert(new_uuid(), Severity.HIGH, "api", "timeout", 1_767_323_045, {"region": "eu"}), **alert)  # type: ignore[arg-type]
        match = Match(made, client_id, rule_ids or (self.rules[client_id].rule_id,))
        [recorded] = await self.catalog.notifications.record([match], now_ms=now_ms)
        return await self.read(recorded.ref)

    async def read(self, ref: NotificationRef) -> Notification:
        [notification] = await self.catalog.notifications.load([ref])
        return notification

    async def plan(self, notification: Notification, *, now_ms: int = NOW_MS) -> None:
        endpoints = await self.catalog.deliveries.endpoints_of([notification])
        plan = plan_deliveries(notification, endpoints[notification.notification_id], now_ms=now_ms)
        await self.catalog.deliveries.plan([plan], now_ms=now_ms)

    async def attempt(self, event: DeliveryEvent, *, now_ms: int = NOW_MS) -> list[Attempt]:
        """Attempt all that is due, each with the same outcome."""
        self.claims += 1
        claims = await self.catalog.deliveries.claim_due(
            owner=f"sender-{self.claims}",
            now_ms=now_ms,
            lease_ms=60_000,
            limit=100,
            per_host_max=100,
            hosts_excluded=(),
        )
        outcomes = [outcome(claim, event, now_ms=now_ms) for claim in claims]
        assert all(await self.catalog.deliveries.record_outcomes(outcomes, now_ms=now_ms))
        return [each.attempt for each in outcomes if each.attempt is not None]

    async def finished(self, client_id: str = "acme", *, now_ms: int = NOW_MS) -> Notification:
        """Store a notification and settle it: SENT with an endpoint, else SKIPPED."""
        notification = await self.notify(client_id, now_ms=now_ms)
        await self.plan(notification, now_ms=now_ms)
        await self.attempt(DeliveryEvent.ACCEPTED, now_ms=now_ms)
        return await self.read(NotificationRef(client_id, notification.notification_id))


def outcome(claim: Claim, event: DeliveryEvent, *, now_ms: int) -> Outcome:
    delivery_id = claim.delivery.delivery_id
    reason = Reason.DELIVERED if event is DeliveryEvent.ACCEPTED else Reason.HTTP_SERVER_ERROR
    attempt = Attempt(
        attempt_id=derive_attempt_id(delivery_id, claim.owner),
        delivery_id=delivery_id,
        number=claim.delivery.attempts + 1,
        reason=reason,
        started_at_ms=now_ms,
        latency_ms=12,
        status_code=200 if event is DeliveryEvent.ACCEPTED else 500,
        response="the answer",
        detail="in words",
    )
    next_ms = now_ms + 1 if event is DeliveryEvent.RETRY_LATER else None
    return Outcome(claim, reason, event, attempt, next_attempt_at_ms=next_ms)
