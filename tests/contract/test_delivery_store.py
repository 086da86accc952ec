"""Each promise of `DeliveryStore` about planning, and about what is told of endpoints."""

from dataclasses import replace

from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.endpoint import DisableReason, EndpointType, SigningSecret
from alerting_core.domain.notification import NotificationStatus
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NEW_SECRET, NOW_MS, SECRET, new_uuid
from tests.support.pipeline import LEASE_MS, make_delivery, make_plan, make_skipped

LATER_MS = NOW_MS + 5_000


async def test_endpoints_of_returns_those_of_all_rules_by_endpoint_id_order(world: World) -> None:
    await world.add_client()
    rules = [await world.add_rule() for _ in range(3)]
    endpoints = [await world.add_endpoint(rule) for rule in (rules[1], rules[0], rules[1], rules[2])]
    disabled = await world.add_endpoint(rules[0], enabled=False, disabled_reason=DisableReason.BY_USER)
    both = await world.add_notification(rules[1], rules[0])
    again = await world.add_notification(rules[1], rules[0])
    last = await world.add_notification(rules[2])
    found = await world.deliveries.endpoints_of([both, last, again])
    expected = sorted([*endpoints[:3], disabled], key=lambda endpoint: endpoint.endpoint_id)
    assert {id_: list(some) for id_, some in found.items()} == {
        both.notification_id: expected,
        again.notification_id: expected,
        last.notification_id: [endpoints[3]],
    }


async def test_endpoints_of_returns_those_of_the_notifications_own_client_alone(world: World) -> None:
    await world.add_client("acme")
    await world.add_client("globex")
    own, foreign = await world.add_rule("acme"), await world.add_rule("globex")
    endpoint = await world.add_endpoint(own)
    await world.add_endpoint(foreign)
    notification = await world.add_notification(own, foreign)
    found = await world.deliveries.endpoints_of([notification])
    assert list(found[notification.notification_id]) == [endpoint]


async def test_a_notification_without_endpoints_has_none_whatever_its_rule_ids_are(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    strange = replace(notification, rule_ids=("not a uuid", rule.rule_id.upper(), new_uuid(), "\0", ""))
    for asked in (notification, strange):
        found = await world.deliveries.endpoints_of([asked])
        assert list(found[notification.notification_id]) == []
    assert await world.deliveries.endpoints_of([]) == {}


async def test_a_plan_is_stored_as_it_was_made_and_counted(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    mail = await world.add_endpoint(rule, type=EndpointType.EMAIL, value="ann@acme.io", headers={}, secret=None)
    hook, off = await world.add_endpoint(rule), await world.add_endpoint(rule)
    notification = await world.add_notification(rule)
    deliveries = [
        make_delivery(notification, hook, created_at_ms=NOW_MS),
        make_delivery(notification, mail, host="acme.io", created_at_ms=NOW_MS + 1),
        make_skipped(notification, off, created_at_ms=NOW_MS + 2),
    ]
    assert await world.deliveries.plan([make_plan(notification, *deliveries)], now_ms=LATER_MS) == 3
    stored, details = await world.look_at(notification)
    assert [detail.delivery for detail in details] == deliveries
    assert all(list(detail.attempts) == [] for detail in details)
    assert stored == notification


async def test_planning_again_adds_nothing_and_changes_nothing(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    hook, off = await world.add_endpoint(rule), await world.add_endpoint(rule)
    notification = await world.add_notification(rule)
    plan = make_plan(notification, make_delivery(notification, hook), make_skipped(notification, off))
    await world.deliveries.plan([plan], now_ms=NOW_MS)
    before = await world.look_at(notification)
    moved = make_delivery(notification, hook, host="elsewhere", next_attempt_at_ms=LATER_MS, attempts=3)
    assert await world.deliveries.plan([plan, plan, make_plan(notification, moved)], now_ms=LATER_MS) == 0
    assert await world.look_at(notification) == before


async def test_a_delivery_given_twice_in_one_call_is_stored_once(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    plan = make_plan(notification, make_delivery(notification, await world.add_endpoint(rule)))
    assert await world.deliveries.plan([plan, plan], now_ms=NOW_MS) == 1


async def test_a_target_that_its_rules_have_gained_is_added_to_what_is_planned(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    first = make_delivery(notification, await world.add_endpoint(rule))
    await world.deliveries.plan([make_plan(notification, first)], now_ms=NOW_MS)
    second = make_delivery(notification, await world.add_endpoint(rule))
    assert await world.deliveries.plan([make_plan(notification, first, second)], now_ms=NOW_MS) == 1


async def test_a_notification_with_skipped_deliveries_alone_is_settled_to_skipped_in_the_same_step(
    world: World,
) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    skipped = make_skipped(notification, await world.add_endpoint(rule))
    assert await world.deliveries.plan([make_plan(notification, skipped)], now_ms=LATER_MS) == 1
    stored, details = await world.look_at(notification)
    assert (stored.status, stored.updated_at_ms) == (NotificationStatus.SKIPPED, LATER_MS)
    assert [(d.delivery.status, d.delivery.reason) for d in details] == [
        (DeliveryStatus.SKIPPED, Reason.ENDPOINT_DISABLED)
    ]


async def test_a_notification_with_no_delivery_at_all_is_settled_to_skipped_in_the_same_step(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification, other = await world.add_notification(rule), await world.add_notification(rule)
    assert await world.deliveries.plan([make_plan(notification)], now_ms=LATER_MS) == 0
    assert (await world.look_at(notification))[0].status is NotificationStatus.SKIPPED
    assert (await world.look_at(other))[0].status is NotificationStatus.RECEIVED


async def test_an_empty_plan_does_not_settle_what_has_a_delivery_under_way(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    delivery = make_delivery(notification, await world.add_endpoint(rule))
    await world.deliveries.plan([make_plan(notification, delivery)], now_ms=NOW_MS)
    await world.deliveries.plan([make_plan(notification)], now_ms=NOW_MS)
    assert (await world.look_at(notification))[0].status is NotificationStatus.RECEIVED


async def test_a_notification_that_is_not_received_or_does_not_exist_is_left_alone(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    endpoint = await world.add_endpoint(rule)
    settled = await world.add_notification(rule)
    await world.deliveries.plan([make_plan(settled)], now_ms=NOW_MS)
    before = await world.look_at(settled)
    unknown = replace(settled, notification_id=new_uuid())
    plans = [make_plan(n, make_delivery(n, endpoint)) for n in (settled, unknown)]
    assert await world.deliveries.plan(plans, now_ms=LATER_MS) == 0
    assert await world.deliveries.plan([], now_ms=LATER_MS) == 0
    assert await world.look_at(settled) == before


async def test_a_claim_tells_of_the_endpoint_as_it_is_now(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    hook, mail, gone = (
        await world.add_endpoint(rule),
        await world.add_endpoint(
            rule, type=EndpointType.EMAIL, value="Ann@ACME.io, bob@acme.io", headers={}, secret=None
        ),
        await world.add_endpoint(rule),
    )
    notification = await world.add_notification(rule)
    plan = make_plan(notification, *(make_delivery(notification, endpoint) for endpoint in (hook, mail, gone)))
    await world.deliveries.plan([plan], now_ms=NOW_MS)
    rotated = replace(
        hook,
        value="https://new.acme.io/",
        headers={"x-größe": "1"},
        secret=SigningSecret(NEW_SECRET, SECRET, LATER_MS),
        enabled=False,
        disabled_reason=DisableReason.BY_USER,
    )
    await world.catalog.endpoints.replace(None, rotated, expected_version=None)
    await world.catalog.endpoints.delete(None, gone.endpoint_id, expected_version=None)
    claims = await world.deliveries.claim_due(
        owner="o", now_ms=NOW_MS, lease_ms=LEASE_MS, limit=10, per_host_max=10, hosts_excluded=()
    )
    told = {claim.delivery.endpoint_id: claim.endpoint for claim in claims}
    assert told[gone.endpoint_id] is None
    state = told[hook.endpoint_id]
    assert state is not None
    assert (state.enabled, state.targets, dict(state.headers), state.secret) == (
        False,
        ("https://new.acme.io/",),
        {"x-größe": "1"},
        rotated.secret,
    )
    state = told[mail.endpoint_id]
    assert state is not None
    assert (state.enabled, state.targets, state.secret) == (True, ("Ann@acme.io", "bob@acme.io"), None)
