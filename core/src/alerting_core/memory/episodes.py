"""Episodes in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from heapq import nsmallest

from alerting_core.domain.episode import Episode, EpisodeKey
from alerting_core.memory.database import MemoryDatabase
from alerting_core.ports.episodes import PutResult


class MemoryEpisodeStore:
    """Stores the latest episode of each identity."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        """Return the episodes of those keys that have one."""
        rows = self._database.episodes
        return {key: rows[key] for key in keys if key in rows}

    async def put(self, episodes: Sequence[Episode]) -> Sequence[PutResult]:
        """Store each that was made from what is stored."""
        return [self._put(episode) for episode in episodes]

    def _put(self, episode: Episode) -> PutResult:
        if episode.owner and episode.owner not in self._database.clients:
            return PutResult.OWNER_GONE
        stored = self._database.episodes.get(episode.key)
        if episode.version != (0 if stored is None else stored.version) + 1:
            return PutResult.CONFLICT
        if stored is not None and stored.episode_id == episode.episode_id:
            episode = replace(episode, published_phase=max(stored.published_phase, episode.published_phase))
        self._database.episodes[episode.key] = episode
        return PutResult.STORED

    async def due(self, *, now_ms: int, limit: int) -> Sequence[Episode]:
        """Return open episodes whose end has passed."""
        rows = self._database.episodes
        found = (rows[key] for key in rows.open if rows[key].ends_at_ms <= now_ms)
        return nsmallest(limit, found, key=lambda one: (one.ends_at_ms, one.key))

    async def unpublished(self, *, older_than_ms: int, limit: int) -> Sequence[Episode]:
        """Return episodes with a phase that is not published."""
        rows = self._database.episodes
        found = (rows[key] for key in rows.unpublished if rows[key].changed_at_ms < older_than_ms)
        return nsmallest(limit, found, key=lambda one: (one.changed_at_ms, one.key))

    async def mark_published(self, episodes: Sequence[Episode]) -> None:
        """Note what is in the log."""
        rows = self._database.episodes
        for episode in episodes:
            row = rows.get(episode.key)
            if row is not None and row.episode_id == episode.episode_id and row.published_phase < episode.phase:
                rows[row.key] = replace(row, published_phase=episode.phase)
