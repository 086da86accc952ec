"""The store of episodes, and the clients that own them. The tests ask for the fixtures by name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from alerting_backend.adapters.postgres.catalog.clients import PgClientStore
from alerting_backend.adapters.postgres.connection import open_pools
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners, of_pipeline
from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.ports.catalog import ClientStore
from alerting_core.ports.episodes import EpisodeStore
from tests.support.postgres.cluster import Cluster

SERVERS = ("embedded_postgres_cluster", "oldest_postgres_cluster")


@dataclass(frozen=True)
class EpisodeWorld:
    """The store, and the clients, on one database."""

    episodes: EpisodeStore
    clients: ClientStore


@pytest.fixture(params=["memory", *(f"{server}, {role}" for server in SERVERS for role in ("pipeline", "owners"))])
def episode_server(request: pytest.FixtureRequest) -> tuple[Cluster, str] | None:
    """Return the server to test on, and by whose roles: the pipeline's, or the API's for owners; None for memory."""
    server, _, role = request.param.partition(", ")
    return (request.getfixturevalue(server), role) if role else None


@pytest.fixture
async def episode_world(episode_server: tuple[Cluster, str] | None) -> AsyncIterator[EpisodeWorld]:
    """Return the ports on an empty database."""
    if episode_server is None:
        memory = MemoryDatabase()
        yield EpisodeWorld(MemoryEpisodeStore(memory), MemoryClientStore(memory))
        return
    cluster, role = episode_server
    async with cluster.database() as address, open_pools(address, size_max=4) as pools:
        connect = of_pipeline(pools.worker) if role == "pipeline" else of_owners(pools)
        yield EpisodeWorld(PgEpisodeStore(connect), PgClientStore(pools))
