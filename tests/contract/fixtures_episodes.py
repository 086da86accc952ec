"""The store of episodes, and the clients that own them. The tests ask for the fixtures by name."""

from dataclasses import dataclass

import pytest

from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.ports.catalog import ClientStore
from alerting_core.ports.episodes import EpisodeStore


@dataclass(frozen=True)
class EpisodeWorld:
    """The store, and the clients, on one database."""

    episodes: EpisodeStore
    clients: ClientStore


@pytest.fixture(params=["memory"])
def episode_world() -> EpisodeWorld:
    """Return the ports on an empty database."""
    database = MemoryDatabase()
    return EpisodeWorld(MemoryEpisodeStore(database), MemoryClientStore(database))
