"""Trying an endpoint out."""

import pytest

from alerting_core.domain.alert import Severity
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.endpoint import EndpointChange, EndpointDraft
from alerting_core.domain.notification import NotificationStatus
from alerting_core.errors import Conflict, NotFound
from alerting_core.memory.deliveries import MemoryDeliveryStore
from alerting_core.ports.stream import NOTIFICATIONS_READY
from tests.unit.core.app.world import NOW_MS, World, make_world


async def endpoint_of(world: World, kind: str, value: str) -> str:
    rule = await world.rule()
    return (await world.use.endpoints.create("acme", rule.rule_id, EndpointDraft(kind, value))).endpoint_id


async def test_a_test_is_a_notification_of_its_own_with_one_delivery_per_target() -> None:
    world = make_world()
    endpoint_id = await endpoint_of(world, "email", "a@acme.io, b@acme.io")
    notification = await world.use.endpoint_test.send("acme", endpoint_id)
    assert (notification.severity, notification.source, notification.name) == (
        Severity.LOW,
        "alerting",
        "endpoint-test",
    )
    assert (notification.status, notification.rule_ids) == (NotificationStatus.RECEIVED, ())
    detail = await world.use.notifications.detail("acme", notification.notification_id)
    assert detail.notification == notification
    assert {each.delivery.target for each in detail.deliveries} == {"a@acme.io", "b@acme.io"}
    again = await world.use.endpoint_test.send("acme", endpoint_id)
    assert again.alert_id != notification.alert_id


async def test_the_ordinary_sender_finds_a_test_due_at_once() -> None:
    world = make_world()
    endpoint_id = await endpoint_of(world, "webhook", "https://hooks.acme.io/a")
    await world.use.endpoint_test.send(None, endpoint_id)
    claims = await MemoryDeliveryStore(world.database).claim_due(
        owner="sender", now_ms=NOW_MS, lease_ms=1, limit=9, per_host_max=9, hosts_excluded=()
    )
    assert [claim.delivery.endpoint_id for claim in claims] == [endpoint_id]


async def test_a_target_that_is_never_contacted_is_skipped_with_its_reason() -> None:
    world = make_world()
    endpoint_id = await endpoint_of(world, "email", "a@example.com")
    notification = await world.use.endpoint_test.send("acme", endpoint_id)
    assert notification.status is NotificationStatus.SKIPPED
    [one] = (await world.use.notifications.detail("acme", notification.notification_id)).deliveries
    assert (one.delivery.status, one.delivery.reason) == (DeliveryStatus.SKIPPED, Reason.PLACEHOLDER_DOMAIN)


async def test_a_disabled_or_foreign_endpoint_is_not_tested() -> None:
    world = make_world()
    endpoint_id = await endpoint_of(world, "email", "a@acme.io")
    with pytest.raises(NotFound):
        await world.use.endpoint_test.send("globex", endpoint_id)
    await world.use.endpoints.change("acme", endpoint_id, EndpointChange(enabled=False), expected_version=None)
    with pytest.raises(Conflict):
        await world.use.endpoint_test.send("acme", endpoint_id)
    assert len(world.database.notifications) == 0


async def test_a_resent_test_goes_to_its_own_endpoint_alone() -> None:
    world = make_world()
    endpoint_id = await endpoint_of(world, "email", "a@example.com")
    notification = await world.use.endpoint_test.send("acme", endpoint_id)
    await world.use.notifications.resend("acme", notification.notification_id)
    assert await world.records(NOTIFICATIONS_READY) == []
    assert len((await world.use.notifications.detail("acme", notification.notification_id)).deliveries) == 1
