"""Each promise of `NotificationStore`."""

import asyncio
from collections.abc import Sequence
from random import Random

from alerting_core import limits
from alerting_core.domain.alert import Severity
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus, derive_notification_id
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS, new_uuid
from tests.support.pipeline import LEASE_MS, accepted, make_alert, make_delivery, make_match, make_plan, make_skipped

LATER_MS = NOW_MS + 120_000

RARE = range(0x20000, 0x2A6D0)
"""Characters of four bytes."""


async def take(world: World, *, older_than_ms: int = LATER_MS, limit: int = 100) -> Sequence[NotificationRef]:
    return await world.notifications.take_unfinished(older_than_ms=older_than_ms, now_ms=LATER_MS, limit=limit)


async def test_a_match_is_stored_as_a_received_notification_with_the_derived_id(world: World) -> None:
    await world.add_client("größe 東京")
    alert = make_alert(
        "a" * 255,
        severity=Severity.UNSPECIFIED,
        source="*",
        context={"größe": "\x7f", "": ""},
        annotations={"summary": "☃\n\x01", "": ""},
    )
    rule_ids = ("not a uuid", new_uuid(), "東京")
    (recorded,) = await world.notifications.record(
        [make_match("größe 東京", alert=alert, rule_ids=rule_ids)], now_ms=NOW_MS
    )
    assert recorded.created
    assert recorded.status is NotificationStatus.RECEIVED
    assert recorded.alert_id == alert.alert_id
    assert recorded.ref == NotificationRef("größe 東京", derive_notification_id("größe 東京", alert.alert_id))
    assert list(await world.notifications.load([recorded.ref])) == [
        Notification(
            notification_id=recorded.ref.notification_id,
            client_id="größe 東京",
            alert_id=alert.alert_id,
            severity=alert.severity,
            source=alert.source,
            name=alert.name,
            event_ts=alert.event_ts,
            rule_ids=rule_ids,
            status=NotificationStatus.RECEIVED,
            created_at_ms=NOW_MS,
            updated_at_ms=NOW_MS,
            context=alert.context,
            annotations=alert.annotations,
        )
    ]


async def test_results_align_with_the_matches(world: World) -> None:
    await world.add_client("acme")
    await world.add_client("globex")
    matches = [make_match(client_id) for client_id in ("globex", "nobody", "acme", "globex", "acme")]
    await world.notifications.record(matches[3:4], now_ms=NOW_MS)
    results = await world.notifications.record(matches, now_ms=NOW_MS)
    assert [(r.ref.client_id, r.alert_id) for r in results] == [(m.client_id, m.alert.alert_id) for m in matches]
    assert [r.created for r in results] == [True, False, True, False, True]
    received = NotificationStatus.RECEIVED
    assert [r.status for r in results] == [received, None, received, received, received]


async def test_recording_a_match_again_changes_nothing_and_returns_the_stored_status(world: World) -> None:
    await world.add_client()
    alert = make_alert("a")
    (first,) = await world.notifications.record([make_match(alert=alert)], now_ms=NOW_MS)
    stored = await world.notifications.load([first.ref])
    await world.deliveries.plan([make_plan(stored[0])], now_ms=NOW_MS)
    settled = await world.notifications.load([first.ref])
    changed = make_match(alert=make_alert("a", name="other"), rule_ids=["r9"])
    (again,) = await world.notifications.record([changed], now_ms=LATER_MS)
    assert (again.ref, again.created, again.status) == (first.ref, False, NotificationStatus.SKIPPED)
    assert await world.notifications.load([first.ref]) == settled


async def test_the_same_client_and_alert_twice_in_one_call_is_stored_once(world: World) -> None:
    await world.add_client()
    match, other = make_match(), make_match()
    results = await world.notifications.record([match, other, match], now_ms=NOW_MS)
    assert [r.created for r in results] == [True, True, False]
    assert {r.status for r in results} == {NotificationStatus.RECEIVED}
    assert len(await world.notifications.load([r.ref for r in results])) == 2


async def test_one_alert_makes_one_notification_per_client(world: World) -> None:
    await world.add_client("acme")
    await world.add_client("globex")
    alert = make_alert()
    results = await world.notifications.record(
        [make_match("acme", alert=alert), make_match("globex", alert=alert)], now_ms=NOW_MS
    )
    assert len({r.ref.notification_id for r in results}) == 2
    assert all(r.created for r in results)


async def test_a_match_of_an_unknown_client_has_the_status_none_and_is_not_stored(world: World) -> None:
    (unknown,) = await world.notifications.record([make_match("nobody")], now_ms=NOW_MS)
    assert (unknown.status, unknown.created) == (None, False)
    assert list(await world.notifications.load([unknown.ref])) == []


async def test_many_may_record_the_same_matches_at_once_and_one_of_them_creates_each(world: World) -> None:
    await world.add_client()
    matches = [make_match() for _ in range(40)]
    orders = [matches, matches[::-1]] * 4
    results = await asyncio.gather(*(world.notifications.record(order, now_ms=NOW_MS) for order in orders))
    created = [r.ref for result in results for r in result if r.created]
    assert len(created) == len(set(created)) == 40
    assert all(r.status is NotificationStatus.RECEIVED for result in results for r in result)


async def test_recording_while_the_client_is_deleted_stores_all_or_says_that_it_is_gone(world: World) -> None:
    for turn in range(5):
        await world.add_client("acme")
        matches = [make_match() for _ in range(20)]
        results, _ = await asyncio.gather(
            world.notifications.record(matches, now_ms=NOW_MS),
            world.catalog.clients.delete("acme", now_ms=NOW_MS),
        )
        assert len({r.status for r in results}) == 1, turn
        assert list(await world.notifications.load([r.ref for r in results])) == []


async def test_nothing_recorded_and_nothing_loaded_is_nothing(world: World) -> None:
    assert list(await world.notifications.record([], now_ms=NOW_MS)) == []
    assert list(await world.notifications.load([])) == []


async def test_load_returns_those_that_exist_and_are_that_clients(world: World) -> None:
    await world.add_client("acme")
    await world.add_client("globex")
    results = await world.notifications.record([make_match("acme"), make_match("acme")], now_ms=NOW_MS)
    refs = [r.ref for r in results]
    foreign = NotificationRef("globex", refs[0].notification_id)
    unknown = NotificationRef("acme", new_uuid())
    loaded = await world.notifications.load([unknown, *refs, foreign, refs[0]])
    assert sorted(n.notification_id for n in loaded) == sorted(ref.notification_id for ref in refs)


async def test_unfinished_are_those_that_no_delivery_will_finish(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    endpoint, other = await world.add_endpoint(rule), await world.add_endpoint(rule)
    bare = await world.add_notification(rule)
    under_way = await world.add_notification(rule)
    plan = make_plan(under_way, make_delivery(under_way, endpoint), make_skipped(under_way, other))
    await world.deliveries.plan([plan], now_ms=NOW_MS)
    finished = await world.add_notification(rule)
    await world.deliveries.plan([make_plan(finished)], now_ms=NOW_MS)
    assert list(await take(world)) == [bare.ref]


async def test_unfinished_are_taken_oldest_first_and_at_most_as_many_as_asked_for(world: World) -> None:
    await world.add_client()
    for minute in (2, 0, 1):
        await world.notifications.record([make_match(alert=make_alert(str(minute)))], now_ms=NOW_MS + minute)
    refs = [NotificationRef("acme", derive_notification_id("acme", str(minute))) for minute in range(3)]
    assert list(await take(world, older_than_ms=NOW_MS + 1)) == refs[:1]
    assert list(await take(world, limit=1)) == refs[1:2]
    assert list(await take(world, older_than_ms=NOW_MS + 2)) == []
    assert list(await take(world)) == refs[2:]


async def test_what_was_taken_counts_as_changed_now(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    assert list(await take(world)) == [notification.ref]
    assert list(await take(world)) == []
    (stored,) = await world.notifications.load([notification.ref])
    assert (stored.updated_at_ms, stored.created_at_ms) == (LATER_MS, NOW_MS)
    assert list(await take(world, older_than_ms=LATER_MS + 1)) == [notification.ref]


async def test_two_that_take_at_once_do_not_get_the_same(world: World) -> None:
    await world.add_client()
    await world.notifications.record([make_match() for _ in range(30)], now_ms=NOW_MS)
    taken = await asyncio.gather(*(take(world, limit=20) for _ in range(4)))
    refs = [ref for some in taken for ref in some]
    assert len(refs) == len(set(refs))


async def test_a_resent_notification_is_not_unfinished_while_its_delivery_is_under_way(world: World) -> None:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    endpoint = await world.add_endpoint(rule)
    await world.deliveries.plan([make_plan(notification, make_delivery(notification, endpoint))], now_ms=NOW_MS)
    claims = await world.deliveries.claim_due(
        owner="o", now_ms=NOW_MS, lease_ms=LEASE_MS, limit=1, per_host_max=1, hosts_excluded=()
    )
    await world.deliveries.record_outcomes([accepted(claims[0])], now_ms=NOW_MS)
    await world.catalog.history.resend(None, notification.notification_id, now_ms=NOW_MS)
    assert list(await take(world)) == []


async def test_a_shared_alert_and_private_ones_of_the_same_id_are_a_notification_each(world: World) -> None:
    for client_id in ("acme", "globex"):
        await world.add_client(client_id)
    shared, acmes, globexs = (make_alert("x", owner=owner) for owner in ("", "acme", "globex"))
    matches = [
        make_match("acme", alert=acmes),
        make_match("acme", alert=shared),
        make_match("globex", alert=globexs),
        make_match("globex", alert=shared),
    ]
    results = await world.notifications.record(matches, now_ms=NOW_MS)
    assert [result.created for result in results] == [True] * 4
    assert [r.created for r in await world.notifications.record(matches[::-1], now_ms=NOW_MS)] == [False] * 4
    stored = await world.notifications.load([result.ref for result in results])
    assert sorted((n.client_id, n.owner) for n in stored) == [
        ("acme", ""),
        ("acme", "acme"),
        ("globex", ""),
        ("globex", "globex"),
    ]
    assert {n.notification_id for n in stored} == {derive_notification_id(n.client_id, "x", n.owner) for n in stored}


async def test_the_longest_ids_of_a_private_alert_are_stored(world: World) -> None:
    # Four bytes each, and not to be compressed: entries of an index have 2,704 bytes at most.
    dice = Random(1)
    client_id, alert_id = ("".join(map(chr, dice.choices(RARE, k=limits.ID_CHARS_MAX))) for _ in range(2))
    await world.add_client(client_id)
    match = make_match(client_id, alert=make_alert(alert_id, owner=client_id))
    (recorded,) = await world.notifications.record([match], now_ms=NOW_MS)
    assert recorded.created


def test_the_id_of_a_shared_alerts_notification_is_what_it_always_was() -> None:
    assert derive_notification_id("acme", "a1") == "61152301-6de4-8a59-8915-79984bd1b1b3"
