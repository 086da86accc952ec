"""Each promise of `DeliveryStore` about deliveries that tell ends, and what is kept of deleted rules to make them."""

from dataclasses import replace
from typing import Any

import pytest

from alerting_core.delivery.ends import FIRING_LOOK_MS_MIN
from alerting_core.domain.claim import Outcome
from alerting_core.domain.delivery import DeliveryStatus, FollowedDelivery, Reason
from alerting_core.domain.endpoint import EndpointFormat
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.errors import NotFound
from tests.contract.ends import LATER_MS, Told, claim, end, living, load, record
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS
from tests.support.pipeline import LEASE_MS, accepted, given_up, make_delivery, make_plan, not_wanted, to_retry


async def test_planned_returns_the_deliveries_of_those_that_have_any(world: World) -> None:
    told = await Told.about(world, 2)
    bare = await record(world, living())
    foreign = NotificationRef("globex", told.firing.notification_id)
    found = await world.deliveries.planned([told.firing.ref, bare.ref, foreign])
    in_order = sorted(told.first, key=lambda one: one.delivery_id)
    assert {id_: list(some) for id_, some in found.items()} == {told.firing.notification_id: in_order}
    await claim(world, now_ms=NOW_MS)
    leased = (await world.deliveries.planned([told.firing.ref]))[told.firing.notification_id]
    assert [one.next_attempt_at_ms for one in leased] == [NOW_MS + LEASE_MS] * 2
    assert await world.deliveries.planned([]) == {}


async def test_a_delivery_that_follows_another_is_stored_with_its_name(world: World) -> None:
    told = await Told.about(world)
    await told.end(world)
    assert (await world.look_at_delivery(told.then[0])).delivery == told.then[0]
    assert told.then[0].follows == told.first[0].delivery_id


async def test_nothing_is_added_to_a_firing_once_its_end_is_planned_from_it(world: World) -> None:
    told = await Told.about(world)
    more = make_delivery(told.firing, await world.add_endpoint(told.rule))
    await end(world, told.alert)
    assert await world.deliveries.plan([make_plan(told.firing, told.first[0], more)], now_ms=LATER_MS) == 0
    assert len((await world.look_at(told.firing))[1]) == 1


async def test_a_firing_that_nobody_had_planned_before_its_end_is_planned_once(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    alert = living()
    firing = await record(world, alert, rule_ids=[rule.rule_id])
    await end(world, alert)
    first, second = [make_delivery(firing, await world.add_endpoint(rule)) for _ in range(2)]
    assert await world.deliveries.plan([make_plan(firing, first)], now_ms=LATER_MS) == 1
    assert await world.deliveries.plan([make_plan(firing, first, second)], now_ms=LATER_MS) == 0


async def test_a_claim_says_what_became_of_the_delivery_that_its_own_one_follows(world: World) -> None:
    told = await Told.about(world, 4)
    claims = await claim(world, now_ms=NOW_MS)
    arrived, dead, skipped, waiting = [claims[one.delivery_id] for one in told.first]
    outcomes: list[Outcome] = [
        accepted(arrived),
        given_up(dead),
        not_wanted(skipped),
        to_retry(waiting, at_ms=LATER_MS),
    ]
    await world.deliveries.record_outcomes(outcomes, now_ms=NOW_MS)
    await told.end(world)
    claims = await claim(world, now_ms=LATER_MS + FIRING_LOOK_MS_MIN)
    assert [claims[one.delivery_id].followed for one in told.then] == [
        FollowedDelivery(DeliveryStatus.DELIVERED, None, has_arrived=True),
        FollowedDelivery(DeliveryStatus.DEAD, None, has_arrived=False),
        FollowedDelivery(DeliveryStatus.SKIPPED, None, has_arrived=False),
        claims[told.then[3].delivery_id].followed,
    ]
    under_way = claims[told.then[3].delivery_id].followed
    assert under_way is not None
    assert under_way.status is DeliveryStatus.RETRYING
    # It was claimed in the same moment: as it was, or as it is.
    assert under_way.due_at_ms in {LATER_MS, None}
    assert claims[waiting.delivery.delivery_id].followed is None


async def test_what_arrived_once_has_arrived_whatever_becomes_of_it_when_it_is_resent(world: World) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await world.deliveries.record_outcomes([accepted(first)], now_ms=NOW_MS)
    await world.catalog.history.resend(None, told.firing.notification_id, now_ms=NOW_MS)
    (again,) = (await claim(world, "o2", now_ms=NOW_MS)).values()
    await told.end(world)
    await world.deliveries.record_outcomes([given_up(again)], now_ms=LATER_MS)
    (follower,) = (await claim(world, "o3")).values()
    assert follower.followed == FollowedDelivery(DeliveryStatus.DEAD, None, has_arrived=True)


@pytest.mark.parametrize("ended", [accepted, given_up, not_wanted])
async def test_what_waits_for_a_delivery_is_due_as_soon_as_that_has_ended(world: World, ended: Any) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await told.end(world)
    assert told.then[0].next_attempt_at_ms == LATER_MS + FIRING_LOOK_MS_MIN
    assert await claim(world, "o2", now_ms=LATER_MS + 10) == {}
    await world.deliveries.record_outcomes([ended(first)], now_ms=LATER_MS + 20)
    waiting = (await world.look_at_delivery(told.then[0])).delivery
    assert (waiting.next_attempt_at_ms, waiting.updated_at_ms) == (LATER_MS + 20, LATER_MS + 20)
    assert set(await claim(world, "o2", now_ms=LATER_MS + 20)) == {told.then[0].delivery_id}


async def test_a_failure_that_is_tried_again_wakes_nothing(world: World) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await told.end(world)
    await world.deliveries.record_outcomes([to_retry(first, at_ms=LATER_MS + 300_000)], now_ms=LATER_MS)
    assert (await world.look_at_delivery(told.then[0])).delivery == told.then[0]


async def test_an_attempt_under_way_is_no_time_to_wait_for_whenever_its_lease_ends(world: World) -> None:
    told = await Told.about(world)
    await claim(world, now_ms=NOW_MS)
    await told.end(world)
    (follower,) = (await claim(world, "o2", now_ms=LATER_MS + FIRING_LOOK_MS_MIN)).values()
    assert follower.followed == FollowedDelivery(DeliveryStatus.PENDING, None, has_arrived=False)


async def test_what_a_sender_holds_is_not_taken_from_it_by_the_end_of_what_it_follows(world: World) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await told.end(world)
    late_ms = NOW_MS + LEASE_MS
    held = (await claim(world, "o2", now_ms=late_ms))[told.then[0].delivery_id]
    await world.deliveries.record_outcomes([accepted(first)], now_ms=late_ms)
    assert await claim(world, "o3", now_ms=late_ms) == {}
    waits = Outcome(held, Reason.WAITS_FOR_FIRING, None, next_attempt_at_ms=late_ms + 36_000_000)
    assert list(await world.deliveries.record_outcomes([waits], now_ms=late_ms + 1)) == [True]
    # What it waits for has ended meanwhile.
    assert set(await claim(world, "o3", now_ms=late_ms + 1)) == {told.then[0].delivery_id}


async def test_what_waits_for_a_delivery_under_way_waits_as_long_as_is_recorded(world: World) -> None:
    told = await Told.about(world)
    await claim(world, now_ms=NOW_MS)
    await told.end(world)
    late_ms = NOW_MS + LEASE_MS
    held = (await claim(world, "o2", now_ms=late_ms))[told.then[0].delivery_id]
    waits = Outcome(held, Reason.WAITS_FOR_FIRING, None, next_attempt_at_ms=late_ms + 9)
    await world.deliveries.record_outcomes([waits], now_ms=late_ms)
    assert await claim(world, "o3", now_ms=late_ms + 8) == {}
    (again,) = (await claim(world, "o3", now_ms=late_ms + 9)).values()
    assert (again.delivery.status, again.delivery.attempts) == (DeliveryStatus.PENDING, 0)


async def test_one_that_was_tried_and_failed_keeps_its_schedule(world: World) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await world.deliveries.record_outcomes([accepted(first)], now_ms=NOW_MS)
    await told.end(world)
    (follower,) = (await claim(world)).values()
    await world.deliveries.record_outcomes([to_retry(follower, at_ms=LATER_MS + 300_000)], now_ms=LATER_MS)
    assert await claim(world, "o2", now_ms=LATER_MS + 299_999) == {}


async def test_the_end_settles_as_every_notification_does(world: World) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await world.deliveries.record_outcomes([accepted(first)], now_ms=NOW_MS)
    await told.end(world)
    (follower,) = (await claim(world)).values()
    await world.deliveries.record_outcomes([accepted(follower)], now_ms=LATER_MS)
    assert (await load(world, told.resolved.ref)).status is NotificationStatus.SENT


async def test_an_endpoint_says_whether_it_wants_ends_as_it_is_now(world: World) -> None:
    told = await Told.about(world, 2, send_resolved=False)
    endpoint = told.endpoints[1]
    await world.catalog.endpoints.replace(None, replace(endpoint, send_resolved=True), expected_version=None)
    claims = await claim(world, now_ms=NOW_MS)
    states = [claims[one.delivery_id].endpoint for one in told.first]
    assert [state is not None and state.send_resolved for state in states] == [False, True]
    assert (await world.catalog.endpoints.get(None, endpoint.endpoint_id)).send_resolved


async def test_of_a_deleted_rule_the_end_is_told_through_the_endpoints_that_told_of_the_firing(world: World) -> None:
    told = await Told.about(world, format=EndpointFormat.ALERTMANAGER)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await world.deliveries.record_outcomes([accepted(first)], now_ms=NOW_MS)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=NOW_MS)
    with pytest.raises(NotFound):
        await world.catalog.endpoints.get(None, told.endpoints[0].endpoint_id)
    await told.end(world)
    (follower,) = (await claim(world)).values()
    assert follower.endpoint == first.endpoint is not None
    assert follower.endpoint.format is EndpointFormat.ALERTMANAGER


async def test_a_firing_is_not_told_through_an_endpoint_that_was_deleted_with_its_rule(world: World) -> None:
    told = await Told.about(world)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=NOW_MS)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    assert first.endpoint is None


async def test_an_endpoint_that_a_person_deleted_tells_no_end(world: World) -> None:
    told = await Told.about(world)
    await claim(world, now_ms=NOW_MS)
    await world.catalog.endpoints.delete(None, told.endpoints[0].endpoint_id, expected_version=None)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=NOW_MS)
    await told.end(world)
    claims = await claim(world, "o2", now_ms=NOW_MS + LEASE_MS)
    assert claims[told.then[0].delivery_id].endpoint is None


async def test_a_deleted_endpoint_is_as_it_was_when_its_rule_was_deleted(world: World) -> None:
    told = await Told.about(world, enabled=False)
    await claim(world, now_ms=NOW_MS)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=NOW_MS)
    await told.end(world)
    claims = await claim(world, "o2", now_ms=NOW_MS + LEASE_MS)
    state = claims[told.then[0].delivery_id].endpoint
    assert state is not None
    assert not state.enabled


async def test_a_client_that_is_deleted_leaves_nothing_to_be_told(world: World) -> None:
    told = await Told.about(world)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=NOW_MS)
    await world.catalog.clients.delete("acme", now_ms=NOW_MS)
    assert await end(world, told.alert) == []
    assert await claim(world) == {}
