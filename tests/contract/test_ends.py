"""Each promise of `NotificationStore` about the ends of alerts, and of what is resent."""

import asyncio
from dataclasses import replace

from alerting_core.domain.alert import Alert
from alerting_core.domain.notification import (
    NotificationKind,
    NotificationRef,
    NotificationStatus,
    derive_notification_id,
    resolved_notification,
)
from tests.contract.ends import ENDS_AT, LATER_MS, Told, claim, end, living, load, record
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS
from tests.support.pipeline import given_up, make_alert, make_delivery, make_plan, make_skipped


async def test_a_notification_of_an_alert_with_a_life_says_whose_and_whether_it_is_over(world: World) -> None:
    await world.add_client()
    alert = living("a1")
    fires = await record(world, alert)
    assert (fires.kind, fires.fingerprint, fires.ends_at) == (NotificationKind.FIRING, "f1", None)
    assert fires.notification_id == derive_notification_id("acme", "a1")
    over = await record(world, living("a2", fingerprint="f2", ends_at=ENDS_AT))
    assert (over.kind, over.fingerprint, over.ends_at) == (NotificationKind.FIRING, "f2", ENDS_AT)
    event = await record(world, make_alert("a3"))
    assert (event.kind, event.fingerprint, event.ends_at) == (NotificationKind.FIRING, "", None)


async def test_an_end_is_stored_for_each_client_that_was_notified_and_both_name_each_other(world: World) -> None:
    for client_id in ("acme", "globex", "initech"):
        await world.add_client(client_id)
    alert, other = living("a1"), living("a2")
    told = [await record(world, alert, client_id, rule_ids=("r2", "r1")) for client_id in ("acme", "globex")]
    await record(world, other, "initech")
    recorded = await end(world, alert)
    expected = {one.client_id: resolved_notification(one, ends_at=ENDS_AT, now_ms=LATER_MS) for one in told}
    assert {one.ref: (one.alert_id, one.status, one.created) for one in recorded} == {
        one.ref: ("a1", NotificationStatus.RECEIVED, True) for one in expected.values()
    }
    for firing in told:
        resolved = expected[firing.client_id]
        assert await load(world, resolved.ref) == resolved
        assert await load(world, firing.ref) == replace(firing, resolved_notification_id=resolved.notification_id)


async def test_recording_an_end_again_changes_nothing_and_says_what_is_stored(world: World) -> None:
    await world.add_client()
    alert = living()
    firing = await record(world, alert)
    (first,) = await end(world, alert)
    await world.deliveries.plan([make_plan(await load(world, first.ref))], now_ms=NOW_MS)
    settled = await load(world, first.ref)
    done = await world.notifications.record_ends({alert.key: ENDS_AT + 60}, now_ms=LATER_MS + 1, limit=1)
    assert list(done.recorded) == [replace(first, status=NotificationStatus.SKIPPED, created=False)]
    assert await load(world, first.ref) == settled
    assert (await load(world, firing.ref)).resolved_notification_id == first.ref.notification_id


async def test_the_end_says_the_labels_and_annotations_of_the_firing(world: World) -> None:
    await world.add_client()
    annotations = {"summary": "Disk is full", "runbook_url": "https://wiki.acme.io/disk"}
    alert = replace(living(), context={"host": "db-3"}, annotations=annotations)
    await record(world, alert)
    (recorded,) = await end(world, alert)
    told = await load(world, recorded.ref)
    assert (told.context, told.annotations) == ({"host": "db-3"}, annotations)


async def test_what_says_its_end_itself_and_what_was_told_to_nobody_get_no_notification_of_the_end(
    world: World,
) -> None:
    await world.add_client()
    over = living("a1", ends_at=ENDS_AT)
    event = make_alert("a2")
    for alert in (over, event):
        await record(world, alert)
    assert await end(world, over, event, living("a3")) == []
    assert (await world.notifications.record_ends({}, now_ms=LATER_MS, limit=1)).recorded == []


async def test_ends_are_recorded_a_bounded_number_at_a_time_and_those_of_one_alert_together(world: World) -> None:
    alerts = [living(f"a{number}") for number in range(4)]
    for number in range(3):
        await world.add_client(f"c{number}")
        for alert in alerts[: number + 1]:
            await record(world, alert, f"c{number}")
    # One alert has three, the next two, then one, then none.
    ends = {alert.key: ENDS_AT for alert in alerts}
    sizes: list[int] = []
    for limit in (2, 3, 1):
        done = await world.notifications.record_ends(ends, now_ms=LATER_MS, limit=limit)
        sizes.append(len(done.recorded))
        ends = dict(done.left)
    assert sizes == [3, 3, 0]
    assert ends == {}


async def test_the_same_id_of_two_owners_is_two_alerts_with_an_end_each(world: World) -> None:
    await world.add_client()
    shared, private = living("x"), living("x", owner="acme")
    told = {alert.owner: await record(world, alert) for alert in (shared, private)}
    (of_private,) = await end(world, private)
    assert (await load(world, of_private.ref)).firing_ref == told["acme"].ref
    assert (await load(world, told[""].ref)).resolved_notification_id is None
    (of_shared,) = await end(world, shared)
    assert of_shared.ref != of_private.ref


async def test_an_end_that_nobody_has_planned_is_unfinished(world: World) -> None:
    await world.add_client()
    alert = living()
    firing = await record(world, alert)
    await world.deliveries.plan([make_plan(firing)], now_ms=NOW_MS)
    (recorded,) = await end(world, alert)
    taken = await world.notifications.take_unfinished(older_than_ms=LATER_MS + 1, now_ms=LATER_MS + 1, limit=9)
    assert list(taken) == [recorded.ref]


async def test_a_firing_that_is_resent_after_its_end_says_both(world: World) -> None:
    told = await Told.about(world)
    (first,) = (await claim(world, now_ms=NOW_MS)).values()
    await world.deliveries.record_outcomes([given_up(first)], now_ms=NOW_MS)
    await told.end(world)
    resent = await world.catalog.history.resend(None, told.firing.notification_id, now_ms=LATER_MS)
    assert resent.ends_at == ENDS_AT
    assert (await load(world, told.firing.ref)).ends_at == ENDS_AT
    assert [one.status for one in await end(world, told.alert)] == []
    # So that targets may be added to it again: they get this one alone.
    more = make_delivery(told.firing, await world.add_endpoint(told.rule))
    assert await world.deliveries.plan([make_plan(told.firing, more)], now_ms=LATER_MS) == 1


async def test_what_is_resent_while_the_alert_fires_says_no_end(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    for alert in (living(), make_alert()):
        firing = await record(world, alert, rule_ids=[rule.rule_id])
        skipped = make_skipped(firing, await world.add_endpoint(rule))
        await world.deliveries.plan([make_plan(firing, skipped)], now_ms=NOW_MS)
        resent = await world.catalog.history.resend(None, firing.notification_id, now_ms=LATER_MS)
        assert resent.ends_at is None


async def test_many_may_record_the_same_ends_at_once_and_one_of_them_creates_each(world: World) -> None:
    await world.add_client()
    alerts = [living(f"a{number}") for number in range(30)]
    for alert in alerts:
        await record(world, alert)
    results = await asyncio.gather(*(end(world, *order) for order in [alerts, alerts[::-1]] * 4))
    created = [one.ref for result in results for one in result if one.created]
    assert len(created) == len(set(created)) == 30
    assert all(len(result) == 30 for result in results)


async def test_of_a_client_that_is_deleted_while_ends_are_recorded_nothing_is_left(world: World) -> None:
    for turn in range(5):
        await world.add_client()
        alerts = [living(f"a{number}") for number in range(20)]
        firing = [await record(world, alert) for alert in alerts]
        recorded, _ = await asyncio.gather(end(world, *alerts), world.catalog.clients.delete("acme", now_ms=LATER_MS))
        assert list(await world.notifications.load([one.ref for one in [*recorded, *firing]])) == [], turn


async def test_whoever_has_recorded_an_end_sees_all_deliveries_that_it_will_follow(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    first, second = [await world.add_endpoint(rule) for _ in range(2)]
    for _ in range(10):
        alert = living()
        firing = await record(world, alert, rule_ids=[rule.rule_id])
        await world.deliveries.plan([make_plan(firing, make_delivery(firing, first))], now_ms=NOW_MS)

        async def follow(alert: Alert = alert, ref: NotificationRef = firing.ref) -> int:
            await end(world, alert)
            return len((await world.deliveries.planned([ref]))[ref.notification_id])

        again = make_plan(firing, make_delivery(firing, first), make_delivery(firing, second))
        seen, _ = await asyncio.gather(follow(), world.deliveries.plan([again], now_ms=NOW_MS))
        assert seen == len((await world.look_at(firing))[1])
