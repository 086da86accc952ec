"""How rules reach evaluators: from the tables themselves, and through a shared snapshot. Import what a file uses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from alerting_backend.adapters.postgres.catalog.rule_distribution import PgOutbox, PgRuleDatabase
from alerting_backend.adapters.postgres.connection import open_pools
from alerting_backend.adapters.redis.connection import RedisServer, open_redis
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot, RedisRuleSource
from alerting_backend.adapters.redis.scripts import RuleKeys
from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.rule_distribution import MemoryOutbox, MemoryRuleDatabase, MemoryRuleSnapshot
from alerting_core.ports.rule_distribution import Outbox, RuleDatabase, RuleSnapshotStore, RuleSource
from tests.contract.fixtures_catalog import Catalog, on_memory, on_postgres
from tests.contract.fixtures_pipeline import World, memory_world, postgres_world
from tests.support.catalog import NOW_MS
from tests.support.distribution import Distribution, Spreading
from tests.support.postgres.cluster import Cluster

CHANGES_MAX = 5
"""Changes that the snapshots of these tests remember."""


@dataclass(frozen=True)
class DatabaseOfRecord:
    """What is edited, and what those who spread edits read of it."""

    catalog: Catalog
    outbox: Outbox
    rule_database: RuleDatabase


@dataclass(frozen=True)
class Shared:
    """A shared snapshot, the readers of it, and how it is harmed."""

    store: RuleSnapshotStore
    source: RuleSource
    clock: MemoryClock
    empty: Any
    lapse: Any


def record_in_memory(database: MemoryDatabase | None = None) -> DatabaseOfRecord:
    """Return a database in memory."""
    database = database or MemoryDatabase()
    return DatabaseOfRecord(on_memory(database), MemoryOutbox(database), MemoryRuleDatabase(database))


@pytest.fixture
async def database_of_record(cluster_or_memory: Cluster | None) -> AsyncIterator[DatabaseOfRecord]:
    """Return an empty database."""
    if cluster_or_memory is None:
        yield record_in_memory()
        return
    async with cluster_or_memory.database() as address, open_pools(address, size_max=4) as pools:
        yield DatabaseOfRecord(on_postgres(pools), PgOutbox(pools.worker), PgRuleDatabase(pools.worker))


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
def redis_if_wanted(request: pytest.FixtureRequest) -> str | None:
    """Return the address of an empty Redis, None for memory."""
    return None if request.param == "memory" else request.getfixturevalue("redis_url")


@pytest.fixture
async def shared(redis_if_wanted: str | None) -> AsyncIterator[Shared]:
    """Return a snapshot that was never built."""
    if redis_if_wanted is None:
        clock = MemoryClock(NOW_MS)
        snapshot = MemoryRuleSnapshot(clock, changes_max=CHANGES_MAX)

        async def empty() -> None:
            snapshot.empty()

        async def lapse() -> None:
            clock.advance(30_000)

        yield Shared(snapshot, snapshot, clock, empty, lapse)
        return
    async with open_redis(redis_if_wanted) as server:
        yield on_redis(server)


def on_redis(server: RedisServer) -> Shared:
    """Return a snapshot in Redis."""

    async def empty() -> None:
        await server.ask("test", "FLUSHALL")

    async def lapse() -> None:
        await server.ask("test", "DEL", RuleKeys().building)

    store = RedisRuleSnapshot(server, changes_max=CHANGES_MAX)
    return Shared(store, RedisRuleSource(server), MemoryClock(NOW_MS), empty, lapse)


@pytest.fixture(
    params=[
        "memory",
        "embedded_postgres_cluster",
        "oldest_postgres_cluster",
        "memory-snapshot",
        pytest.param("redis", marks=pytest.mark.integration),
    ]
)
def servers(request: pytest.FixtureRequest) -> tuple[str, Cluster | None, str]:
    """Return what the rules are read from, the Postgres server and the address of Redis it takes."""
    if request.param.startswith("memory"):
        return request.param, None, ""
    if request.param != "redis":
        return request.param, request.getfixturevalue(request.param), ""
    return request.param, request.getfixturevalue("embedded_postgres_cluster"), request.getfixturevalue("redis_url")


@pytest.fixture
async def rule_world(servers: tuple[str, Cluster | None, str]) -> AsyncIterator[World]:
    """Return the ports on an empty database, with each way of reading rules in turn."""
    source, cluster, redis_url = servers
    async with AsyncExitStack() as stack:
        if cluster is None:
            yield memory_world() if source == "memory" else await _memory_through_snapshot()
            return
        address = await stack.enter_async_context(cluster.database())
        pools = await stack.enter_async_context(open_pools(address, size_max=4))
        if source != "redis":
            yield postgres_world(pools)
            return
        server = await stack.enter_async_context(open_redis(redis_url))
        record = DatabaseOfRecord(on_postgres(pools), PgOutbox(pools.worker), PgRuleDatabase(pools.worker))

        async def trim(version: int) -> None:
            await server.ask("test", "XTRIM", RuleKeys().changes, "MINID", f"{version + 1}-0")

        spread = await _through(postgres_world(pools), record, RedisRuleSnapshot(server))
        yield replace(spread, rule_source=RedisRuleSource(server), trim_changes=trim)


async def _memory_through_snapshot() -> World:
    plain = memory_world()
    database = cast("MemoryClientStore", plain.catalog.clients)._database
    snapshot = MemoryRuleSnapshot(MemoryClock(NOW_MS))

    async def trim(version: int) -> None:
        state = await snapshot.state()
        assert state is not None
        snapshot.changes_max = state.version - version

    spread = await _through(plain, record_in_memory(database), snapshot)
    return replace(spread, rule_source=snapshot, trim_changes=trim)


async def _through(plain: World, record: DatabaseOfRecord, store: RuleSnapshotStore) -> World:
    """Return *plain* with every edit spread before it returns."""
    distribution = Distribution(record.outbox, record.rule_database, store)
    await distribution.reconciler.step()
    catalog = replace(
        record.catalog,
        rules=cast("Any", Spreading(record.catalog.rules, distribution.spread)),
        clients=cast("Any", Spreading(record.catalog.clients, distribution.spread)),
    )
    return replace(plain, catalog=catalog)
