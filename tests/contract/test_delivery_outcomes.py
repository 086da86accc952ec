"""Each promise of `DeliveryStore` about what attempts came to, and when a notification has ended."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import Attempt, DeliveryStatus, Reason
from alerting_core.domain.endpoint import DisableReason, Endpoint
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS, new_uuid
from tests.support.pipeline import (
    LEASE_MS,
    accepted,
    given_up,
    make_attempt,
    make_delivery,
    make_plan,
    not_wanted,
    to_retry,
)

LATER_MS = NOW_MS + 5_000


async def owe(world: World, count: int = 1) -> tuple[Notification, list[Endpoint]]:
    """Return a notification with *count* deliveries that are due, and their endpoints."""
    await world.add_client()
    rule = await world.add_rule()
    endpoints = [await world.add_endpoint(rule) for _ in range(count)]
    notification = await world.add_notification(rule)
    deliveries = (make_delivery(notification, endpoint) for endpoint in endpoints)
    await world.deliveries.plan([make_plan(notification, *deliveries)], now_ms=NOW_MS)
    return notification, endpoints


async def claim(world: World, owner: str = "o", *, now_ms: int = NOW_MS) -> Sequence[Claim]:
    return await world.deliveries.claim_due(
        owner=owner, now_ms=now_ms, lease_ms=LEASE_MS, limit=100, per_host_max=100, hosts_excluded=()
    )


async def statuses(world: World, notification: Notification) -> tuple[NotificationStatus, list[DeliveryStatus]]:
    stored, details = await world.look_at(notification)
    return stored.status, [detail.delivery.status for detail in details]


async def test_a_success_ends_the_delivery_and_settles_the_notification(world: World) -> None:
    notification, _ = await owe(world)
    (claimed,) = await claim(world)
    outcome = accepted(claimed)
    assert list(await world.deliveries.record_outcomes([outcome], now_ms=LATER_MS)) == [True]
    stored, (detail,) = await world.look_at(notification)
    assert (stored.status, stored.updated_at_ms) == (NotificationStatus.SENT, LATER_MS)
    assert list(detail.attempts) == [outcome.attempt]
    assert detail.delivery == replace(
        claimed.delivery,
        status=DeliveryStatus.DELIVERED,
        reason=Reason.DELIVERED,
        attempts=1,
        next_attempt_at_ms=None,
        updated_at_ms=LATER_MS,
    )


async def test_a_failure_that_is_tried_again_waits_for_its_next_attempt(world: World) -> None:
    notification, _ = await owe(world)
    (claimed,) = await claim(world)
    due_ms = LATER_MS + 300_000
    assert list(await world.deliveries.record_outcomes([to_retry(claimed, at_ms=due_ms)], now_ms=LATER_MS)) == [True]
    stored, (detail,) = await world.look_at(notification)
    assert stored.status is NotificationStatus.RECEIVED
    assert (detail.delivery.status, detail.delivery.reason) == (DeliveryStatus.RETRYING, Reason.HTTP_SERVER_ERROR)
    assert (detail.delivery.attempts, detail.delivery.next_attempt_at_ms) == (1, due_ms)
    assert list(await claim(world, now_ms=due_ms - 1)) == []
    assert [again.delivery.attempts for again in await claim(world, "o2", now_ms=due_ms)] == [1]


async def test_all_attempts_are_recorded_first_to_last(world: World) -> None:
    notification, _ = await owe(world)
    made, now_ms = list[Attempt | None](), NOW_MS
    for turn in range(4):
        (claimed,) = await claim(world, f"o{turn}", now_ms=now_ms)
        outcome = given_up(claimed) if turn == 3 else to_retry(claimed, at_ms=now_ms + 1_000)
        await world.deliveries.record_outcomes([outcome], now_ms=now_ms)
        made.append(outcome.attempt)
        now_ms += 1_000
    stored, (detail,) = await world.look_at(notification)
    assert list(detail.attempts) == made
    assert [attempt.number for attempt in detail.attempts] == [1, 2, 3, 4]
    assert (stored.status, detail.delivery.status) == (NotificationStatus.FAILED, DeliveryStatus.DEAD)
    assert detail.delivery.attempts == 4


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (("accepted", "accepted"), NotificationStatus.SENT),
        (("accepted", "not wanted"), NotificationStatus.SENT),
        (("accepted", "given up"), NotificationStatus.PARTIAL),
        (("given up", "not wanted"), NotificationStatus.FAILED),
        (("not wanted", "not wanted"), NotificationStatus.SKIPPED),
    ],
)
async def test_a_notification_is_settled_by_how_its_deliveries_ended(
    world: World, ends: tuple[str, str], status: NotificationStatus
) -> None:
    notification, _ = await owe(world, 2)
    how = {"accepted": accepted, "not wanted": not_wanted, "given up": given_up}
    first, second = await claim(world)
    await world.deliveries.record_outcomes([how[ends[0]](first)], now_ms=NOW_MS)
    assert (await world.look_at(notification))[0].status is NotificationStatus.RECEIVED
    await world.deliveries.record_outcomes([how[ends[1]](second)], now_ms=NOW_MS)
    assert (await world.look_at(notification))[0].status is status


async def test_two_senders_that_end_the_last_two_deliveries_at_once_do_not_both_miss_it(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    endpoints = [await world.add_endpoint(rule) for _ in range(2)]
    notifications = [await world.add_notification(rule) for _ in range(30)]
    plans = [make_plan(n, *(make_delivery(n, endpoint) for endpoint in endpoints)) for n in notifications]
    await world.deliveries.plan(plans, now_ms=NOW_MS)
    claims = await claim(world)
    halves = [[c for c in claims if c.delivery.endpoint_id == endpoint.endpoint_id] for endpoint in endpoints]
    assert [len(half) for half in halves] == [30, 30]
    batches = [[accepted(c) for c in half[start : start + 10]] for half in halves for start in (0, 10, 20)]
    results = await asyncio.gather(*(world.deliveries.record_outcomes(batch, now_ms=LATER_MS) for batch in batches))
    assert all(moved for result in results for moved in result)
    stored = await world.notifications.load([n.ref for n in notifications])
    assert {n.status for n in stored} == {NotificationStatus.SENT}


async def test_results_align_with_the_outcomes(world: World) -> None:
    notification, _ = await owe(world, 3)
    claims = await claim(world)
    await world.deliveries.record_outcomes([accepted(claims[1])], now_ms=NOW_MS)
    outcomes = [to_retry(claims[0], at_ms=LATER_MS), given_up(claims[1]), accepted(claims[2])]
    assert list(await world.deliveries.record_outcomes(outcomes, now_ms=NOW_MS)) == [True, False, True]
    assert list(await world.deliveries.record_outcomes([], now_ms=NOW_MS)) == []
    assert (await world.look_at(notification))[0].status is NotificationStatus.RECEIVED


async def test_an_attempt_after_the_lease_was_lost_is_recorded_and_moves_nothing(world: World) -> None:
    notification, _ = await owe(world)
    (late,) = await claim(world, "late")
    (now,) = await claim(world, "now", now_ms=NOW_MS + LEASE_MS)
    for outcome in (to_retry(late, at_ms=NOW_MS), given_up(late)):
        assert list(await world.deliveries.record_outcomes([outcome], now_ms=LATER_MS)) == [False]
    _, (detail,) = await world.look_at(notification)
    assert (detail.delivery.status, detail.delivery.attempts) == (DeliveryStatus.PENDING, 0)
    assert [attempt.attempt_id for attempt in detail.attempts] == [make_attempt(late).attempt_id]
    assert list(await world.deliveries.record_outcomes([accepted(now)], now_ms=LATER_MS)) == [True]


async def test_a_lease_that_ran_out_and_that_nobody_took_still_counts(world: World) -> None:
    notification, _ = await owe(world)
    (slow,) = await claim(world)
    outcome = to_retry(slow, at_ms=NOW_MS + 3 * LEASE_MS)
    assert list(await world.deliveries.record_outcomes([outcome], now_ms=NOW_MS + 2 * LEASE_MS)) == [True]
    assert (await statuses(world, notification))[1] == [DeliveryStatus.RETRYING]


async def test_a_success_counts_even_after_the_lease_was_lost(world: World) -> None:
    notification, _ = await owe(world)
    (late,) = await claim(world, "late")
    (other,) = await claim(world, "other", now_ms=NOW_MS + LEASE_MS)
    assert list(await world.deliveries.record_outcomes([accepted(late)], now_ms=LATER_MS)) == [True]
    assert await statuses(world, notification) == (NotificationStatus.SENT, [DeliveryStatus.DELIVERED])
    assert list(await world.deliveries.record_outcomes([given_up(other)], now_ms=LATER_MS)) == [False]
    assert await statuses(world, notification) == (NotificationStatus.SENT, [DeliveryStatus.DELIVERED])
    assert len((await world.look_at(notification))[1][0].attempts) == 2


async def test_a_success_after_the_delivery_was_final_is_recorded_and_moves_nothing(world: World) -> None:
    notification, _ = await owe(world)
    (late,) = await claim(world, "late")
    (now,) = await claim(world, "now", now_ms=NOW_MS + LEASE_MS)
    await world.deliveries.record_outcomes([given_up(now)], now_ms=NOW_MS)
    assert list(await world.deliveries.record_outcomes([accepted(late)], now_ms=LATER_MS)) == [False]
    assert await statuses(world, notification) == (NotificationStatus.FAILED, [DeliveryStatus.DEAD])
    assert len((await world.look_at(notification))[1][0].attempts) == 2


async def test_recording_the_same_outcomes_again_changes_nothing_more(world: World) -> None:
    notification, endpoints = await owe(world, 3)
    claims = await claim(world)
    outcomes = [
        accepted(claims[0]),
        to_retry(claims[1], at_ms=LATER_MS),
        given_up(claims[2], disable_endpoint=True),
    ]
    await world.deliveries.record_outcomes(outcomes, now_ms=NOW_MS)
    before = await world.look_at(notification), await endpoint_versions(world, endpoints)
    await world.deliveries.record_outcomes(outcomes, now_ms=LATER_MS)
    await world.deliveries.record_outcomes(outcomes + outcomes, now_ms=LATER_MS)
    assert (await world.look_at(notification), await endpoint_versions(world, endpoints)) == before
    (again,) = await claim(world, "o2", now_ms=LATER_MS)
    await world.deliveries.record_outcomes([*outcomes, accepted(again)], now_ms=LATER_MS)
    assert (await world.look_at(notification))[0].status is NotificationStatus.PARTIAL


async def endpoint_versions(world: World, endpoints: Sequence[Endpoint]) -> list[int]:
    return [(await world.catalog.endpoints.get(None, endpoint.endpoint_id)).version for endpoint in endpoints]


async def test_an_endpoint_that_is_gone_for_good_is_disabled(world: World) -> None:
    _, (endpoint, other) = await owe(world, 2)
    gone = next(c for c in await claim(world) if c.delivery.endpoint_id == endpoint.endpoint_id)
    await world.deliveries.record_outcomes([given_up(gone, disable_endpoint=True)], now_ms=LATER_MS)
    assert await world.catalog.endpoints.get(None, endpoint.endpoint_id) == replace(
        endpoint,
        enabled=False,
        disabled_reason=DisableReason.GONE,
        version=endpoint.version + 1,
        updated_at_ms=LATER_MS,
    )
    assert await world.catalog.endpoints.get(None, other.endpoint_id) == other


async def test_an_endpoint_that_points_elsewhere_by_now_is_not_disabled(world: World) -> None:
    _, (endpoint,) = await owe(world)
    (claimed,) = await claim(world)
    repaired = await world.catalog.endpoints.replace(
        None, replace(endpoint, value="https://new.acme.io/"), expected_version=None
    )
    await world.deliveries.record_outcomes([given_up(claimed, disable_endpoint=True)], now_ms=LATER_MS)
    assert await world.catalog.endpoints.get(None, endpoint.endpoint_id) == repaired


async def test_what_an_endpoint_answered_never_bars_its_own_record(world: World) -> None:
    notification, _ = await owe(world)
    (claimed,) = await claim(world)
    attempt = make_attempt(claimed, response="\0\ud800 <b>東京" * 1_000, detail="\0", status_code=None)
    assert list(
        await world.deliveries.record_outcomes([replace(accepted(claimed), attempt=attempt)], now_ms=NOW_MS)
    ) == [True]
    _, (detail,) = await world.look_at(notification)
    assert "<b>東京" in detail.attempts[0].response


async def test_the_outcome_of_a_delivery_that_was_deleted_meanwhile_moves_nothing(world: World) -> None:
    await owe(world)
    (claimed,) = await claim(world)
    await world.catalog.clients.delete("acme", now_ms=NOW_MS)
    assert list(await world.deliveries.record_outcomes([accepted(claimed)], now_ms=NOW_MS)) == [False]
    await world.deliveries.release([claimed], now_ms=NOW_MS)


async def test_a_resent_notification_is_settled_anew(world: World) -> None:
    notification, _ = await owe(world)
    (first,) = await claim(world, "first")
    await world.deliveries.record_outcomes([given_up(first)], now_ms=NOW_MS)
    await world.catalog.history.resend(None, notification.notification_id, now_ms=LATER_MS)
    (second,) = await claim(world, "second", now_ms=LATER_MS)
    assert second.delivery.attempts == 0
    await world.deliveries.record_outcomes([accepted(second)], now_ms=LATER_MS)
    stored, (detail,) = await world.look_at(notification)
    assert stored.status is NotificationStatus.SENT
    assert (detail.delivery.attempts, len(detail.attempts)) == (1, 2)


async def test_a_late_success_of_before_a_resend_counts_as_one_attempt_since_then(world: World) -> None:
    notification, _ = await owe(world)
    (first,) = await claim(world, "first")
    await world.deliveries.record_outcomes([to_retry(first, at_ms=NOW_MS + 1)], now_ms=NOW_MS)
    (late,) = await claim(world, "late", now_ms=NOW_MS + 1)
    (last,) = await claim(world, "last", now_ms=NOW_MS + 1 + LEASE_MS)
    await world.deliveries.record_outcomes([given_up(last)], now_ms=LATER_MS)
    await world.catalog.history.resend(None, notification.notification_id, now_ms=LATER_MS)
    assert list(await world.deliveries.record_outcomes([accepted(late)], now_ms=LATER_MS)) == [True]
    stored, (detail,) = await world.look_at(notification)
    assert stored.status is NotificationStatus.SENT
    assert (detail.delivery.attempts, len(detail.attempts)) == (1, 3)


async def test_settle_leaves_what_is_under_way_what_has_no_delivery_and_what_is_settled(world: World) -> None:
    under_way, _ = await owe(world)
    rule = await world.add_rule()
    bare, settled = await world.add_notification(rule), await world.add_notification(rule)
    await world.deliveries.plan([make_plan(settled)], now_ms=NOW_MS)
    unknown = NotificationRef("acme", new_uuid())
    refs = [under_way.ref, bare.ref, settled.ref, unknown, under_way.ref]
    assert await world.deliveries.settle(refs, now_ms=LATER_MS) == 0
    assert await world.deliveries.settle([], now_ms=LATER_MS) == 0
    found = {n.notification_id: n.status for n in await world.notifications.load(refs)}
    assert found == {
        under_way.notification_id: NotificationStatus.RECEIVED,
        bare.notification_id: NotificationStatus.RECEIVED,
        settled.notification_id: NotificationStatus.SKIPPED,
    }
