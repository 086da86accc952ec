"""Worlds for the tests of the API: each test that asks for `world` runs in memory and on Postgres."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from alerting_backend.adapters.postgres.connection import open_pools
from alerting_core.memory.database import MemoryClock, SeededIds
from tests.api.backing_memory import MemoryBacking
from tests.api.backing_postgres import PostgresBacking
from tests.api.catalog import Catalog
from tests.api.world import START_MS, World, make_world
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.fixtures import embedded_postgres_cluster

__all__ = ["embedded_postgres_cluster"]


@pytest.fixture(params=["memory", "postgres"])
def cluster(request: pytest.FixtureRequest) -> Cluster | None:
    """Return the server to stand on, None for memory."""
    return None if request.param == "memory" else request.getfixturevalue("embedded_postgres_cluster")


@pytest.fixture
async def world(cluster: Cluster | None) -> AsyncIterator[World]:
    """Return an empty world with one admin key."""
    clock, ids = MemoryClock(START_MS), SeededIds(1)
    if cluster is None:
        yield await make_world(MemoryBacking(clock, ids))
        return
    async with cluster.database() as address, open_pools(address, size_max=4) as pools:
        yield await make_world(PostgresBacking(address, pools, clock, ids))


@pytest.fixture
async def memory_world() -> World:
    """Return an empty world in memory, for what does not depend on where things are stored."""
    return await make_world(MemoryBacking())


@pytest.fixture
async def admin(world: World) -> AsyncIterator[AsyncClient]:
    """Return an HTTP client with the admin key."""
    async with world.http() as http:
        yield http


@pytest.fixture
def catalog(admin: AsyncClient) -> Catalog:
    """Return builders of clients, rules and endpoints, with boring defaults."""
    return Catalog(admin)
