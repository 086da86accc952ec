"""Edits reach every evaluator, and no evaluator ever has a part of the rules, whatever happens to Redis."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest

from alerting_backend.adapters.postgres.connection import Address
from alerting_backend.adapters.redis.connection import RedisServer
from alerting_backend.adapters.redis.scripts import RuleKeys
from alerting_core.errors import PortUnavailable
from alerting_core.ports.rule_distribution import RulesAsOf
from alerting_core.stages.batch import Count
from tests.integration.redis.platform import Platform, open_platform
from tests.support.catalog import make_rule
from tests.support.servers.redis import RedisServer as RedisProcess

pytestmark = pytest.mark.integration

KEYS = RuleKeys()


@pytest.fixture
async def platform(database: Address, redis_url: str) -> AsyncIterator[Platform]:
    """Return a platform on a Redis that stays up."""
    async with open_platform(database, redis_url) as opened:
        yield opened


@pytest.fixture
async def stoppable_platform(database: Address, stoppable_redis: RedisProcess) -> AsyncIterator[Platform]:
    """Return a platform whose Redis the test may stop."""
    async with open_platform(database, stoppable_redis.url) as opened:
        yield opened


@asynccontextmanager
async def editing(platform: Platform) -> AsyncIterator[None]:
    """Edit without a pause meanwhile."""
    stop = asyncio.Event()

    async def edit() -> int:
        for number in count():
            await platform.edit(number)
            if stop.is_set():
                break
        return number

    task = asyncio.create_task(edit())
    try:
        yield
    finally:
        stop.set()
        assert await task > 0


async def test_every_edit_reaches_every_evaluator(platform: Platform) -> None:
    async with platform.running(reconcile=False):
        for number in range(10):
            await platform.edit(number)
        await platform.until_in_step()
    assert all(not evaluator.seen(Count.RULES_DIFFERED) for evaluator in platform.evaluators)
    assert all(evaluator.seen(Count.RULES_RELOADED) == 1 for evaluator in platform.evaluators)


async def test_no_evaluator_ever_has_a_part_of_the_rules_when_redis_is_emptied_while_rules_are_edited(
    platform: Platform,
) -> None:
    async with platform.running(), editing(platform):
        for flushed in range(15):
            await platform.server.ask("test", "FLUSHALL")
            # One begins while there is nothing, and has nothing to begin with until there is everything.
            first, fresh = platform.evaluators[0], platform.new_evaluator()
            platform.evaluators = [first, fresh]
            await platform.until(
                lambda first=first, fresh=fresh, flushed=flushed: (
                    first.seen(Count.RULES_RELOADED) >= flushed + 2 and fresh.feed.version is not None
                )
            )
    async with platform.running():
        await platform.until_in_step()


async def test_evaluators_go_on_while_redis_is_stopped_and_follow_again_when_it_is_back(
    stoppable_platform: Platform, stoppable_redis: RedisProcess
) -> None:
    platform = stoppable_platform
    first = platform.evaluators[0]
    async with platform.running():
        for end in (stoppable_redis.stop, stoppable_redis.kill):
            await asyncio.to_thread(end)
            away = first.seen(Count.RULE_SOURCE_AWAY)
            await platform.edit(0)
            await platform.until(lambda away=away: first.seen(Count.RULE_SOURCE_AWAY) > away)
            age_ms = first.feed.age_ms()
            assert age_ms is not None
            await platform.until(lambda age_ms=age_ms: (first.feed.age_ms() or 0) > age_ms)
            await asyncio.to_thread(stoppable_redis.start)
            await platform.until_in_step()


async def is_not_asked(*_: object) -> None:
    raise AssertionError("Redis was asked")


async def test_a_redis_that_does_not_answer_is_left_alone_between_questions(
    stoppable_platform: Platform, stoppable_redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = stoppable_platform
    first = platform.evaluators[0]
    stoppable_redis.pause()
    try:
        await first.refresh()
        with monkeypatch.context() as changed:
            # An answer was waited for once, and is not asked for again for the second batch of alerts.
            changed.setattr(RedisServer, "ask", is_not_asked)
            changed.setattr(RedisServer, "run", is_not_asked)
            await first.refresh()
        assert first.seen(Count.RULE_SOURCE_AWAY) == 2
        platform.check()
    finally:
        stoppable_redis.resume()
    async with platform.running():
        await platform.edit(0)
        await platform.until_in_step()


async def test_a_redis_that_was_set_back_to_an_earlier_state_is_put_right(
    stoppable_platform: Platform, stoppable_redis: RedisProcess
) -> None:
    platform = stoppable_platform
    if not isinstance(stoppable_redis, RedisProcess):
        pytest.skip("the files of a Redis in a container are out of reach")
    data = stoppable_redis.folder / "appendonlydir"
    await asyncio.to_thread(stoppable_redis.stop)
    shutil.copytree(data, stoppable_redis.folder / "kept")
    await asyncio.to_thread(stoppable_redis.start)
    async with platform.running(reconcile=False):
        for number in range(6):
            await platform.edit(number)
        await platform.until_in_step()
    await asyncio.to_thread(stoppable_redis.stop)
    shutil.rmtree(data)
    shutil.move(stoppable_redis.folder / "kept", data)
    await asyncio.to_thread(stoppable_redis.start)
    # The versions are given out again for other edits: a reader that only counted would take them for those it knows.
    async with platform.running():
        for number in range(6, 12):
            await platform.edit(number)
        await platform.until_in_step()


DAMAGE = {
    "a client overwritten": ("HSET", KEYS.snapshot, "client-3", b"\x01nonsense"),
    "a client with the rules of another": None,
    "a client evicted": ("HDEL", KEYS.snapshot, "client-3"),
    "a mark evicted": ("HDEL", KEYS.marks, "client-3"),
    "all clients evicted": ("DEL", KEYS.snapshot),
    "all marks evicted": ("DEL", KEYS.marks),
    "another checksum of all": ("SET", KEYS.checksum, "0123456789abcdef"),
    "no checksum of all": ("DEL", KEYS.checksum),
    "no version": ("DEL", KEYS.version),
    "no epoch": ("DEL", KEYS.epoch),
}


@pytest.mark.parametrize("what", DAMAGE)
async def test_a_damaged_snapshot_is_taken_by_nobody_and_built_anew(platform: Platform, what: str) -> None:
    command = DAMAGE[what]
    if command is None:
        packed = await platform.server.ask("test", "HGET", KEYS.snapshot, "client-4")
        command = ("HSET", KEYS.snapshot, "client-3", packed)
    await platform.server.ask("test", *command)
    fresh = platform.new_evaluator()
    with pytest.raises(PortUnavailable):
        await fresh.feed.refresh()
    platform.evaluators.append(fresh)
    async with platform.running():
        await platform.until(lambda: fresh.feed.version is not None)
        for number in range(3):
            await platform.edit(number)
        await platform.until_in_step()
    assert sum(report.counts.get(Count.RULES_REBUILT, 0) for report in platform.reports) == 1


async def test_an_edit_of_a_damaged_client_is_not_followed_into_a_part_of_it(platform: Platform) -> None:
    version = platform.evaluators[0].feed.version
    # As if the rules of a client had been evicted between the edit and the reading of it.
    await platform.rules.create(make_rule("client-3"))
    await platform.distribution.spread()
    await platform.server.ask("test", "HDEL", KEYS.snapshot, "client-3")
    assert await platform.evaluators[0].feed.refresh() == {Count.RULE_SOURCE_AWAY: 1}
    platform.check()
    assert platform.evaluators[0].feed.version == version


async def test_lost_changes_make_readers_take_the_whole(platform: Platform) -> None:
    for number in range(3):
        await platform.rules.create(make_rule(f"client-{number}"))
    await platform.distribution.spread()
    await platform.server.ask("test", "XTRIM", KEYS.changes, "MAXLEN", "=", "1")
    await platform.until_in_step()
    assert all(evaluator.seen(Count.RULES_RELOADED) == 2 for evaluator in platform.evaluators)


async def test_a_builder_that_dies_leaves_nothing_behind_for_ever(platform: Platform) -> None:
    build = await platform.distribution.snapshot.begin("dead")
    assert build is not None
    await build.add(RulesAsOf(1, {"client-1": [make_rule("client-1")]}))
    left = [key.decode() for key in await platform.server.ask("test", "KEYS", "rules:building*")]
    assert len(left) == 4
    for key in left:
        assert await platform.server.ask("test", "PTTL", key) > 0
    assert await platform.server.ask("test", "PTTL", KEYS.snapshot) == -1


async def test_an_edit_costs_bytes_in_proportion_to_one_client(platform: Platform) -> None:
    async def cost_of_an_edit(as_of: int) -> int:
        before = await traffic(platform)
        rules = [make_rule("client-0") for _ in range(50)]
        assert await platform.distribution.snapshot.replace(RulesAsOf(as_of, {"client-0": rules})) == 1
        assert await platform.evaluators[0].feed.refresh() == {Count.RULE_CLIENTS_UPDATED: 1}
        return await traffic(platform) - before

    few = await cost_of_an_edit(1_000)
    others = [f"other-{number}" for number in range(100)]
    await platform.distribution.snapshot.replace(
        RulesAsOf(1_000, {c: [make_rule(c) for _ in range(50)] for c in others})
    )
    await platform.evaluators[0].refresh()
    assert len(platform.evaluators[0].feed.index) > 5_000
    assert 0.8 < await cost_of_an_edit(1_001) / few < 1.2


async def traffic(platform: Platform) -> int:
    """Return how many bytes Redis has read and written."""
    told = await platform.server.ask("test", "INFO", "stats")
    return int(told["total_net_input_bytes"]) + int(told["total_net_output_bytes"])
