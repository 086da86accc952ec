"""What two transactions do to each other, one step at a time."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest

from alerting_backend.adapters.postgres.catalog.rule_distribution import RuleChange, append_changes
from alerting_backend.adapters.postgres.connection import Connection, Pools, connected, transaction
from alerting_backend.adapters.postgres.delivery.claims import BEFORE_ALL, ClaimRequest, claim_due
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners, of_pipeline
from alerting_backend.adapters.postgres.delivery.outcomes import record_outcomes
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_core.app.episodes import EpisodeIntake
from alerting_core.codec.records import RuleAction, decode_alert
from alerting_core.domain.alert import Alert
from alerting_core.domain.claim import Claim
from alerting_core.domain.episode_report import Report
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.stream import ALERTS_NEW
from tests.contract.fixtures_pipeline import World, postgres_world
from tests.support.catalog import NOW_MS, make_rule
from tests.support.episodes import LIFE_MS, firing, make_episode, resolved
from tests.support.pipeline import LEASE_MS, accepted, make_delivery, make_output, make_plan


async def wait_until_blocked(pools: Pools, count: int = 1) -> None:
    """Return when *count* other transactions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(30), connected(pools.admin, "watch") as connection:
        while await connection.fetchval(waiting) < count:
            pass


def wanted(owner: str, *, limit: int = 9) -> ClaimRequest:
    return ClaimRequest(owner, NOW_MS, LEASE_MS, limit, per_host_max=9, hosts_excluded=())


@pytest.fixture
def world(pools: Pools) -> World:
    return postgres_world(pools)


async def two_claims_of_one_notification(world: World) -> tuple[NotificationRef, Sequence[Claim]]:
    await world.add_client()
    rule = await world.add_rule()
    notification = await world.add_notification(rule)
    deliveries = [make_delivery(notification, await world.add_endpoint(rule)) for _ in range(2)]
    await world.deliveries.plan([make_plan(notification, *deliveries)], now_ms=NOW_MS)
    claims = await world.deliveries.claim_due(
        owner="o", now_ms=NOW_MS, lease_ms=LEASE_MS, limit=9, per_host_max=9, hosts_excluded=()
    )
    return notification.ref, claims


async def test_who_ends_the_last_delivery_while_another_ends_the_one_before_it_waits_and_settles(
    world: World, pools: Pools
) -> None:
    ref, (one, other) = await two_claims_of_one_notification(world)
    async with transaction(pools.worker, "one") as connection:
        await record_outcomes(connection, [accepted(one)], now_ms=NOW_MS)
        last = asyncio.create_task(world.deliveries.record_outcomes([accepted(other)], now_ms=NOW_MS))
        await wait_until_blocked(pools)
    assert list(await last) == [True]
    (notification,) = await world.notifications.load([ref])
    assert notification.status is NotificationStatus.SENT


async def test_a_claim_does_not_wait_for_another_that_is_under_way(world: World, pools: Pools) -> None:
    await world.add_client()
    rule = await world.add_rule()
    endpoint = await world.add_endpoint(rule)
    for _ in range(4):
        notification = await world.add_notification(rule)
        await world.deliveries.plan([make_plan(notification, make_delivery(notification, endpoint))], now_ms=NOW_MS)

    async def claim(connection: Connection, owner: str) -> set[str]:
        claims, _ = await claim_due(connection, wanted(owner, limit=2), after=BEFORE_ALL)
        return {claim.delivery.delivery_id for claim in claims}

    async with transaction(pools.worker, "one") as one, transaction(pools.worker, "other") as other:
        first = await claim(one, "one")
        async with asyncio.timeout(30):
            second = await claim(other, "other")
    assert (len(first), len(second)) == (2, 2)
    assert not first & second


async def test_a_claim_that_is_rolled_back_leaves_its_deliveries_due(world: World, pools: Pools) -> None:
    ref, claims = await two_claims_of_one_notification(world)
    await world.deliveries.release(claims, now_ms=NOW_MS)
    async with connected(pools.worker, "one") as connection:
        undone = connection.transaction()
        await undone.start()
        claims, _ = await claim_due(connection, wanted("x"), after=BEFORE_ALL)
        assert len(claims) == 2
        await undone.rollback()
    again = await world.deliveries.claim_due(
        owner="y", now_ms=NOW_MS, lease_ms=LEASE_MS, limit=9, per_host_max=9, hosts_excluded=()
    )
    assert len(again) == 2
    assert {claim.notification.ref for claim in again} == {ref}


async def test_a_change_of_rules_becomes_visible_after_all_with_lower_numbers(world: World, pools: Pools) -> None:
    await world.add_client()
    start = (await world.rule_source.snapshot()).version
    changes = [RuleChange("acme", make_rule().rule_id, RuleAction.UPDATED, 2) for _ in range(3)]
    async with transaction(pools.admin, "slow") as slow:
        await append_changes(slow, changes[:2], now_ms=NOW_MS)

        async def hurry() -> None:
            async with transaction(pools.admin, "quick") as quick:
                await append_changes(quick, changes[2:], now_ms=NOW_MS)

        quick = asyncio.create_task(hurry())
        await wait_until_blocked(pools)
        assert (await world.rule_source.snapshot()).version == start
    await quick
    assert (await world.rule_source.snapshot()).version == start + 3
    async with connected(pools.worker, "read") as connection:
        rows = await connection.fetch("SELECT change_id, rule_id FROM outbox ORDER BY change_id")
    assert [tuple(row) for row in rows] == [(start + 1 + place, c.rule_id) for place, c in enumerate(changes)]


async def test_a_change_that_was_rolled_back_leaves_no_gap(world: World, pools: Pools) -> None:
    await world.add_client()
    change = RuleChange("acme", make_rule().rule_id, RuleAction.CREATED, 1)
    start = (await world.rule_source.snapshot()).version
    with pytest.raises(ZeroDivisionError):
        async with transaction(pools.admin, "undone") as connection:
            await append_changes(connection, [change] * 5, now_ms=NOW_MS)
            raise ZeroDivisionError
    async with transaction(pools.admin, "done") as connection:
        await append_changes(connection, [change], now_ms=NOW_MS)
    assert (await world.rule_source.snapshot()).version == start + 1


async def test_changes_are_told_in_a_transaction_or_not_at_all(pools: Pools) -> None:
    async with connected(pools.admin, "bare") as connection:
        with pytest.raises(AssertionError):
            await append_changes(connection, [], now_ms=NOW_MS)


async def test_records_become_visible_in_the_order_of_their_offsets(pools: Pools) -> None:
    log = PgLog(pools.worker)
    stream = PgStream(log, topic="t", group="g")
    await log.know(["t"])
    async with transaction(pools.worker, "slow") as slow:
        await log.append(slow, [make_output(value=b"first")])

        async def hurry() -> None:
            async with transaction(pools.worker, "quick") as quick:
                await log.append(quick, [make_output(value=b"second")])

        quick = asyncio.create_task(hurry())
        await wait_until_blocked(pools)
        assert await stream.poll(records_max=9, wait_ms=0) == []
    await quick
    assert [record.value for record in await stream.poll(records_max=9, wait_ms=0)] == [b"first", b"second"]


async def test_writers_to_the_same_partitions_in_any_order_do_not_lock_each_other_out(pools: Pools) -> None:
    keys = [f"key-{number}".encode() for number in range(40)]
    logs = [PgLog(pools.worker) for _ in range(4)]
    topics = ("b", "a", "c")

    async def write(log: PgLog, turn: int) -> None:
        order = keys if turn % 2 else keys[::-1]
        outputs = [make_output(topic, key) for topic in (topics if turn % 3 else topics[::-1]) for key in order]
        await log.know(topics)
        async with transaction(pools.worker, "write") as connection:
            await log.append(connection, outputs)

    await asyncio.gather(*(write(log, turn) for turn in range(10) for log in logs))
    for topic in topics:
        stream = PgStream(logs[0], topic=topic, group="g")
        assert len(await stream.poll(records_max=10_000, wait_ms=0)) == 40 * 40


async def test_who_changes_an_episode_while_another_does_waits_and_hears_that_it_came_too_late(pools: Pools) -> None:
    stored, conflict = PutResult.STORED, PutResult.CONFLICT
    store = PgEpisodeStore(of_pipeline(pools.worker))
    for version in (1, 2):
        a, b, c = (make_episode(fingerprint, version=version) for fingerprint in "abc")
        async with transaction(pools.worker, "slow") as slow:
            first = PgEpisodeStore(lambda *_, held=slow: nullcontext(held))
            assert list(await first.put([a, c])) == [stored, stored]
            late = asyncio.create_task(store.put([c, b, a]))
            await wait_until_blocked(pools)
        assert list(await late) == [conflict, stored, conflict]


async def test_a_mark_that_waits_for_a_change_of_its_episode_is_made_on_what_the_change_left(pools: Pools) -> None:
    store = PgEpisodeStore(of_pipeline(pools.worker))
    kept, passed = (make_episode(fingerprint) for fingerprint in "ab")
    await store.put([kept, passed])
    extended = replace(kept, version=2, name="extended")
    another = replace(passed, version=2, episode_id=make_episode("c").episode_id)
    async with transaction(pools.worker, "slow") as slow:
        await PgEpisodeStore(lambda *_: nullcontext(slow)).put([extended, another])
        mark = asyncio.create_task(store.mark_published([passed, kept]))
        await wait_until_blocked(pools)
    await mark
    expected = [replace(extended, published_phase=1), another]
    assert await store.load([one.key for one in expected]) == {one.key: one for one in expected}


async def test_processes_that_report_the_same_alerts_at_once_open_and_close_one_episode_of_each(
    world: World, pools: Pools
) -> None:
    """And publish one record of each phase, whatever the order in which they name them."""
    await world.add_client()
    keys = [(owner, f"f{number}") for owner in ("", "acme") for number in range(300)]
    log = PgLog(pools.worker)
    stores = [PgEpisodeStore(connect) for connect in (of_owners(pools), of_pipeline(pools.worker)) for _ in range(2)]
    intakes = [EpisodeIntake(store, PgSink(log), MemoryClock(NOW_MS)) for store in stores]

    async def report(intake: EpisodeIntake, reports: Sequence[Report]) -> Sequence[str]:
        return [one.outcome for one in await intake.report(reports)]

    async def all_report(report_of: Report) -> Counter[str]:
        reports = [replace(report_of, owner=owner, fingerprint=fingerprint) for owner, fingerprint in keys]
        orders = (reports, reports[::-1], reports[7:] + reports[:7], sorted(reports, key=lambda one: one.fingerprint))
        outcomes = await asyncio.gather(*map(report, intakes, orders))
        return Counter(outcome for of_one in outcomes for outcome in of_one)

    assert await all_report(firing(NOW_MS, NOW_MS + LIFE_MS)) == {"opened": len(keys), "unchanged": 3 * len(keys)}
    assert await all_report(resolved()) == {"closed": len(keys), "not-open": 3 * len(keys)}
    stream = PgStream(log, topic=ALERTS_NEW, group="g")
    published = [decode_alert(record.value) for record in await stream.poll(records_max=10_000, wait_ms=0)]
    phases = Counter((one.owner, one.fingerprint, one.phase) for one in published if isinstance(one, Alert))
    assert phases == Counter((*key, phase) for key in keys for phase in (1, 2))
