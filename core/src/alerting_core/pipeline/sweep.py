"""Sweeper: drives again what was left unfinished, so that nothing stays RECEIVED."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.domain.notification import NotificationStatus
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.notifications import NotificationStore
from alerting_core.ports.records import ready_record
from alerting_core.ports.stream import Sink

SWEEP_EVERY_MS: Final = 10_000
"""Pause between sweeps that found nothing; an unfinished notification is driven again within about 70 s."""


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Old RECEIVED notifications → settled, or notifications.ready again."""

    notifications: NotificationStore
    deliveries: DeliveryStore
    sink: Sink
    clock: Clock
    after_ms: int = limits.SWEEP_AFTER_MS
    batch_max: int = limits.SWEEP_BATCH_MAX

    async def step(self) -> BatchReport:
        """Take one batch of unfinished notifications: settle those whose deliveries have ended, drive the others."""
        now_ms = self.clock.now_ms()
        refs = await self.notifications.take_unfinished(
            older_than_ms=now_ms - self.after_ms, now_ms=now_ms, limit=self.batch_max
        )
        if not refs:
            return BatchReport(StageName.SWEEPER)
        settled = await self.deliveries.settle(refs, now_ms=now_ms)
        found = await self.notifications.load(refs)
        waiting = [one for one in found if one.status is NotificationStatus.RECEIVED]
        await self.sink.publish([ready_record(one.ref, one.alert_id) for one in waiting])
        counts = {Count.NOTIFICATIONS_SETTLED: settled, Count.NOTIFICATIONS_DRIVEN_AGAIN: len(waiting)}
        return BatchReport(StageName.SWEEPER, received=len(refs), published=len(waiting), counts=Counter(counts))
