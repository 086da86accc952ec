"""Keeping the episodes of alerts: those that nobody reports any more are closed, and what was left unpublished is told.

Between two steps nothing is held: what a step did not do, or a crash undid, the next one finds again.
"""

from collections import Counter
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.domain.episode import Episode
from alerting_core.domain.episode_report import expire
from alerting_core.ports.clock import Clock
from alerting_core.ports.episodes import EpisodeStore, PutResult, publish_records
from alerting_core.ports.stream import Sink
from alerting_core.stages.batch import BatchReport, Count, StageName


@dataclass(frozen=True, slots=True)
class EpisodeKeeper:
    """Episodes → alerts.new: the end of those that timed out, and the records that the log still lacks.

    Several keepers, and reports that come meanwhile, do no harm: of two changes of one episode one is stored, and a
    record that is published twice is the same record.

    Attributes:
        unpublished_ms: Age of a change from which its record is published here.
        batch_max: Episodes closed, and published again, in one step.
    """

    episodes: EpisodeStore
    sink: Sink
    clock: Clock
    unpublished_ms: int = limits.EPISODE_UNPUBLISHED_MS
    batch_max: int = limits.EPISODE_BATCH_MAX

    async def step(self) -> BatchReport:
        """Close one batch of episodes whose end has passed; publish them and one batch of what was left behind."""
        now_ms = self.clock.now_ms()
        expired = await self._expire(now_ms)
        left = await self.episodes.unpublished(older_than_ms=now_ms - self.unpublished_ms, limit=self.batch_max)
        episodes = [*expired, *left]
        if not episodes:
            return BatchReport(StageName.EPISODE_KEEPER)
        published = await publish_records(episodes, self.episodes, self.sink)
        counts = {Count.EPISODES_EXPIRED: len(expired), Count.EPISODES_PUBLISHED_LATE: len(left)}
        return BatchReport(
            StageName.EPISODE_KEEPER, received=len(episodes), published=published, counts=Counter(counts)
        )

    async def _expire(self, now_ms: int) -> list[Episode]:
        """Close those that are due; who was reported or closed meanwhile is left alone."""
        due = await self.episodes.due(now_ms=now_ms, limit=self.batch_max)
        closed = [after for one in due if (after := expire(one, now_ms=now_ms)) is not None]
        if not closed:
            return []
        stored = await self.episodes.put(closed)
        return [one for one, result in zip(closed, stored, strict=True) if result is PutResult.STORED]
