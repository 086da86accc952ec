"""Alerts with a life whose ends are told, for the contract of the stores that tell them."""

from collections.abc import Sequence
from typing import Any

from alerting_core.delivery.ends import plan_end
from alerting_core.domain.alert import Alert, AlertLife
from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import Delivery
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification, NotificationRef
from alerting_core.domain.rule import Rule
from alerting_core.ports.delivery import Recorded
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS, new_uuid
from tests.support.pipeline import LEASE_MS, make_alert, make_delivery, make_match, make_plan

LATER_MS = NOW_MS + 5_000
ENDS_AT = NOW_MS // 1_000 + 600


def living(
    alert_id: str | None = None, *, fingerprint: str = "f1", ends_at: int | None = None, owner: str = ""
) -> Alert:
    """Return a record that an alert with a life fires, or of one that is over by now."""
    return make_alert(alert_id, life=AlertLife(fingerprint, phase=1, ends_at=ends_at), owner=owner)


async def record(
    world: World, alert: Alert, client_id: str = "acme", *, rule_ids: Sequence[str] = ("r1",)
) -> Notification:
    """Store that a client was notified that *alert* fires."""
    (recorded,) = await world.notifications.record(
        [make_match(client_id, alert=alert, rule_ids=rule_ids)], now_ms=NOW_MS
    )
    return await load(world, recorded.ref)


async def load(world: World, ref: NotificationRef) -> Notification:
    """Return a notification as it is stored."""
    (stored,) = await world.notifications.load([ref])
    return stored


async def end(world: World, *alerts: Alert, limit: int = 100) -> list[Recorded]:
    """Record the ends of *alerts*, however many calls it takes."""
    ends, recorded = {alert.key: ENDS_AT for alert in alerts}, list[Recorded]()
    while ends:
        done = await world.notifications.record_ends(ends, now_ms=LATER_MS, limit=limit)
        assert len(done.left) < len(ends)
        recorded, ends = [*recorded, *done.recorded], dict(done.left)
    return recorded


async def claim(world: World, owner: str = "o", *, now_ms: int = LATER_MS) -> dict[str, Claim]:
    """Lease what is due, and return it by delivery_id."""
    claims = await world.deliveries.claim_due(
        owner=owner, now_ms=now_ms, lease_ms=LEASE_MS, limit=100, per_host_max=100, hosts_excluded=()
    )
    return {one.delivery.delivery_id: one for one in claims}


class Told:
    """A client that was notified that an alert fires, and of its end, by one delivery for each of some endpoints."""

    alert: Alert
    rule: Rule
    endpoints: list[Endpoint]
    firing: Notification
    resolved: Notification
    first: list[Delivery]
    then: list[Delivery]

    @classmethod
    async def about(cls, world: World, count: int = 1, **endpoint: Any) -> "Told":
        """Plan the firing now, and the end later."""
        told = cls()
        await world.add_client()
        told.alert, told.rule = living(new_uuid()), await world.add_rule()
        told.endpoints = [await world.add_endpoint(told.rule, **endpoint) for _ in range(count)]
        told.firing = await record(world, told.alert, rule_ids=[told.rule.rule_id])
        told.first = [make_delivery(told.firing, one) for one in told.endpoints]
        await world.deliveries.plan([make_plan(told.firing, *told.first)], now_ms=NOW_MS)
        return told

    async def end(self, world: World) -> None:
        """Plan the end."""
        (recorded,) = await end(world, self.alert)
        self.resolved = await load(world, recorded.ref)
        planned = await world.deliveries.planned([self.firing.ref])
        plan = plan_end(self.resolved, planned[self.firing.notification_id], now_ms=LATER_MS)
        self.then = sorted(
            plan.deliveries, key=lambda one: [f.delivery_id for f in self.first].index(one.follows or "")
        )
        assert await world.deliveries.plan([plan], now_ms=LATER_MS) == len(self.first)
