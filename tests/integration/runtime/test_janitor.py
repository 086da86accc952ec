"""The janitor clears what is old and read, and nothing else, on a real Postgres."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import pytest

from alerting_backend.adapters.postgres.catalog.clients import PgClientStore
from alerting_backend.adapters.postgres.catalog.rule_distribution import PgOutbox, PgRuleSource
from alerting_backend.adapters.postgres.catalog.rules import PgRuleStore
from alerting_backend.adapters.postgres.connection import Pools
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_pipeline
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_backend.adapters.postgres.history.retention import PgRetention
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_backend.runtime import background as under_test
from alerting_backend.runtime.background import CHANGES_KEEP_MS, EPISODES_KEEP_MS, Janitor, Retention
from alerting_core import limits
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.domain.claim import Plan
from alerting_core.domain.client import Client
from alerting_core.domain.episode import EpisodeStatus
from alerting_core.domain.episode_report import apply
from alerting_core.domain.rule import Rule
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.history import AlertAccess
from alerting_core.ports.stream import ALERTS_NEW, Group, Outgoing
from alerting_core.stages.batch import offsets_after
from tests.contract.ends import Told, claim
from tests.contract.fixtures_pipeline import postgres_world
from tests.support.episodes import make_episode, resolved
from tests.support.pipeline import accepted

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000
NOW_MS = 4_000_000_000_000
"""Far enough ahead that what the database stamps with its own clock is old."""

KEEP = Retention(alerts_ms=24 * HOUR_MS, records_ms=HOUR_MS, notifications_ms=48 * HOUR_MS)


async def clear(
    pools: Pools, *, now_ms: int = NOW_MS, keep: Retention = KEEP, has_relay: bool = False
) -> Mapping[str, int]:
    tables = PgRetention(pools.worker, has_relay=has_relay)
    return await Janitor(tables, MemoryClock(now_ms), keep).clear(asyncio.Event())


async def count(pools: Pools, table: str) -> int:
    rows: int = await pools.worker.fetchval(f"SELECT count(*) FROM {table}")
    return rows


def alert(number: int) -> Alert:
    return Alert(f"alert-{number}", Severity.HIGH, "api", "slow", 1_700_000_000, {})


async def publish(log: PgLog, topic: str = ALERTS_NEW, records: int = 100) -> None:
    await PgSink(log).publish([Outgoing(topic, str(n).encode(), b"value") for n in range(records)])


async def read(stream: PgStream, records_max: int) -> int:
    records = await stream.poll(records_max=records_max, wait_ms=0)
    await stream.commit((), offsets_after(records))
    return len(records)


async def test_records_are_cleared_once_every_group_has_read_them(pools: Pools) -> None:
    log = PgLog(pools.worker)
    fast, slow = (PgStream(log, topic=ALERTS_NEW, group=group) for group in (Group.EVALUATOR, Group.RECORDER))
    await fast.poll(records_max=1, wait_ms=0)
    await slow.poll(records_max=1, wait_ms=0)
    await publish(log)
    assert await read(fast, 1_000) == 100
    assert await clear(pools) == {}, "the slow one has read nothing yet"
    read_by_slow = await read(slow, 60)
    assert await clear(pools) == {"records": read_by_slow}
    assert await read(slow, 1_000) == 100 - read_by_slow, "what it has not read is still there"
    assert sum((await slow.lag()).values()) == 0
    await clear(pools)
    assert await count(pools, "stream_records") == 0


async def test_a_group_goes_on_after_its_records_were_cleared_and_a_new_group_starts_at_what_is_left(
    pools: Pools,
) -> None:
    log = PgLog(pools.worker)
    stream = PgStream(log, topic=ALERTS_NEW, group=Group.EVALUATOR)
    await stream.poll(records_max=1, wait_ms=0)
    await publish(log, records=50)
    await read(stream, 1_000)
    await clear(pools)
    await publish(log, records=30)
    assert await read(PgStream(log, topic=ALERTS_NEW, group=Group.EVALUATOR), 1_000) == 30
    newcomer = PgStream(log, topic=ALERTS_NEW, group="newcomer")
    assert sum((await newcomer.lag()).values()) >= 30
    assert await read(newcomer, 1_000) == 30


async def test_records_that_are_read_but_not_old_stay(pools: Pools) -> None:
    log = PgLog(pools.worker)
    stream = PgStream(log, topic=ALERTS_NEW, group=Group.EVALUATOR)
    await stream.poll(records_max=1, wait_ms=0)
    await publish(log)
    await read(stream, 1_000)
    now_ms = await pools.worker.fetchval("SELECT now()")
    assert await clear(pools, now_ms=now_ms + HOUR_MS // 2) == {}
    assert await count(pools, "stream_records") == 100


async def test_dead_letters_stay_since_no_group_reads_them(pools: Pools) -> None:
    await publish(PgLog(pools.worker), topic=f"{ALERTS_NEW}.dlq", records=3)
    assert await clear(pools) == {}
    assert await count(pools, "stream_records") == 3


async def test_more_than_a_batch_is_cleared_in_batches(pools: Pools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "BATCH_ROWS_MAX", 7)
    monkeypatch.setattr(under_test, "BETWEEN_BATCHES_MS", 0)
    await PgAlertLog(pools.worker).record([alert(n) for n in range(40)], now_ms=NOW_MS - 25 * HOUR_MS)
    assert await clear(pools) == {"alerts": 40}


async def test_episodes_that_are_over_and_published_are_kept_for_a_day_after_their_latest_phase(pools: Pools) -> None:
    store = PgEpisodeStore(of_pipeline(pools.worker))
    over = {"status": EpisodeStatus.ENDED, "phase": 2}
    old_ms, young_ms = NOW_MS - EPISODES_KEEP_MS - 1, NOW_MS - EPISODES_KEEP_MS
    made = [
        make_episode("open", now_ms=old_ms, published_phase=1),
        make_episode("unpublished", now_ms=old_ms, published_phase=1, **over),
        make_episode("young", now_ms=young_ms, starts_at_ms=0, ends_at_ms=0, published_phase=2, **over),
        make_episode("old", now_ms=old_ms, published_phase=2, **over),
    ]
    await store.put(made)
    assert await clear(pools) == {"episodes": 1}
    assert set(await store.load([one.key for one in made])) == {one.key for one in made[:3]}


async def kept_alerts(pools: Pools) -> list[str]:
    return [one.alert.alert_id for one in await PgAlertHistory(pools).recent(AlertAccess(None), limit=10)]


async def test_alerts_are_kept_for_their_time(pools: Pools) -> None:
    log = PgAlertLog(pools.worker)
    await log.record([alert(1)], now_ms=NOW_MS - 25 * HOUR_MS)
    await log.record([alert(2)], now_ms=NOW_MS - 23 * HOUR_MS)
    assert await clear(pools) == {"alerts": 1}
    assert await kept_alerts(pools) == ["alert-2"]


async def test_a_flood_of_alerts_is_cut_to_the_newest_before_its_time(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "ALERTS_KEEP_MAX", 3)
    log = PgAlertLog(pools.worker)
    for number in range(10):
        await log.record([alert(number)], now_ms=NOW_MS - HOUR_MS + number)
    await clear(pools)
    kept = await kept_alerts(pools)
    assert kept[:3] == ["alert-9", "alert-8", "alert-7"]
    assert len(kept) <= 4, "the one at the edge may stay"


async def notify(pools: Pools, number: int, *, now_ms: int, settled: bool) -> None:
    store = PgNotificationStore(pools.worker)
    (recorded,) = await store.record([Match(alert(number), "acme", (str(uuid4()),))], now_ms=now_ms)
    if settled:
        await PgDeliveryStore(pools.worker).plan([Plan(recorded.ref, ())], now_ms=now_ms)


async def test_old_notifications_go_unless_they_are_under_way_or_kept_for_ever(pools: Pools) -> None:
    await PgClientStore(pools).create(Client("acme", "Acme", NOW_MS, NOW_MS))
    old_ms = NOW_MS - 49 * HOUR_MS
    await notify(pools, 1, now_ms=old_ms, settled=True)
    await notify(pools, 2, now_ms=old_ms, settled=False)
    await notify(pools, 3, now_ms=NOW_MS - HOUR_MS, settled=True)
    assert await clear(pools, keep=Retention(alerts_ms=1, records_ms=1, notifications_ms=0)) == {}
    assert await clear(pools) == {"notifications": 1}
    assert await count(pools, "notifications") == 2


async def test_what_told_of_a_firing_stays_until_its_end_is_told_and_so_do_endpoints_of_its_deleted_rule(
    pools: Pools,
) -> None:
    world = postgres_world(pools)
    told = await Told.about(world)
    episode = make_episode(told.firing.fingerprint, episode_id=told.alert.alert_id, published_phase=1)
    store = PgEpisodeStore(of_pipeline(pools.worker))
    await store.put([episode])
    now_ms = told.firing.created_at_ms + 49 * HOUR_MS
    await world.deliveries.record_outcomes(list(map(accepted, (await claim(world)).values())), now_ms=now_ms)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=now_ms)
    assert await clear(pools, now_ms=now_ms) == {}
    closed = apply(episode, resolved(fingerprint=episode.fingerprint), now_ms=now_ms).episode
    assert closed is not None
    await store.put([replace(closed, published_phase=2)])
    assert await clear(pools, now_ms=now_ms) == {}
    await told.end(world)
    assert await clear(pools, now_ms=now_ms) == {}
    await world.deliveries.record_outcomes(list(map(accepted, (await claim(world)).values())), now_ms=now_ms)
    assert await clear(pools, now_ms=now_ms) == {"notifications": 2, "retired_endpoints": 1}


async def test_endpoints_of_deleted_rules_are_kept_for_a_month_at_most(pools: Pools) -> None:
    world = postgres_world(pools)
    told = await Told.about(world)
    await world.catalog.rules.delete(None, told.rule.rule_id, expected_version=None, now_ms=NOW_MS)
    assert await clear(pools, now_ms=NOW_MS + limits.RETIRED_ENDPOINT_KEPT_MS) == {}
    assert await clear(pools, now_ms=NOW_MS + limits.RETIRED_ENDPOINT_KEPT_MS + 1) == {"retired_endpoints": 1}


async def test_an_evaluator_that_missed_changes_that_were_cleared_takes_a_snapshot(pools: Pools) -> None:
    source = PgRuleSource(pools.worker)
    before = (await source.snapshot()).version
    long_ago_ms = NOW_MS - CHANGES_KEEP_MS - 1
    await PgClientStore(pools).create(Client("acme", "Acme", long_ago_ms, long_ago_ms))
    rule = Rule(str(uuid4()), "acme", "HIGH", "api", "*", True, 1, long_ago_ms, long_ago_ms)
    await PgRuleStore(pools).create(rule)
    assert await source.changes(before) is not None
    await clear(pools)
    assert await source.changes(before) is None
    assert [one.rule_id for one in (await source.snapshot()).rules] == [rule.rule_id]
    assert (await source.snapshot()).version > before, "numbers never start again"


async def test_changes_of_rules_that_wait_for_the_relay_are_kept_however_old_they_are(pools: Pools) -> None:
    long_ago_ms = NOW_MS - 30 * CHANGES_KEEP_MS
    await PgClientStore(pools).create(Client("acme", "Acme", long_ago_ms, long_ago_ms))
    for name in ("first", "second", "third"):
        await PgRuleStore(pools).create(
            Rule(str(uuid4()), "acme", "HIGH", name, "*", True, 1, long_ago_ms, long_ago_ms)
        )
    outbox = PgOutbox(pools.worker)
    first, second, third = [row.change_id for row in await outbox.unpublished(limit=10)]
    await clear(pools, has_relay=True)
    assert await count(pools, "outbox") == 3
    # One that was published after one that waits: what readers may still follow has no gaps.
    await outbox.mark_published([first, third], now_ms=long_ago_ms)
    await clear(pools, has_relay=True)
    assert [row.change_id for row in await outbox.unpublished(limit=10)] == [second]
    assert await count(pools, "outbox") == 2
    await outbox.mark_published([second], now_ms=NOW_MS)
    await clear(pools, has_relay=True)
    assert await count(pools, "outbox") == 0
