"""Aggregator: one stored notification per client and alert."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.codec.alert import decode_match
from alerting_core.domain.notification import NotificationStatus
from alerting_core.pipeline.intake import headers_from, offsets_after, take_in
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.ports.clock import Clock
from alerting_core.ports.notifications import NotificationStore, Recorded
from alerting_core.ports.records import ready_record
from alerting_core.ports.stream import Outgoing, Stream


@dataclass(frozen=True, slots=True)
class Aggregator:
    """alerts.matched → notifications, and notifications.ready for each that still waits for its deliveries."""

    stream: Stream
    notifications: NotificationStore
    clock: Clock
    records_max: int = limits.POLL_RECORDS_MAX
    wait_ms: int = limits.POLL_WAIT_MS

    async def step(self) -> BatchReport:
        """Store one batch, then publish, then commit."""
        records = await self.stream.poll(records_max=self.records_max, wait_ms=self.wait_ms)
        if not records:
            return BatchReport(StageName.AGGREGATOR)
        intake = take_in(records, decode_match)
        stored = await self.notifications.record(intake.values, now_ms=self.clock.now_ms())
        assert len(stored) == len(intake.good), "results align with matches"
        # All that are RECEIVED, known ones too: a crash after the insert and before the publish heals here.
        ready: dict[str, Outgoing] = {}
        for (record, _), one in zip(intake.good, stored, strict=True):
            if one.status is NotificationStatus.RECEIVED:
                ready.setdefault(one.ref.notification_id, ready_record(one.ref, one.alert_id, headers_from(record)))
        await self.stream.commit([*ready.values(), *intake.dead_letters], offsets_after(records))
        return BatchReport(
            StageName.AGGREGATOR,
            received=len(records),
            published=len(ready),
            rejected=len(intake.dead_letters),
            counts=_counts(stored),
        )


def _counts(stored: Sequence[Recorded]) -> Counter[Count]:
    return Counter(
        Count.CLIENTS_UNKNOWN
        if one.status is None
        else Count.NOTIFICATIONS_CREATED
        if one.created
        else Count.NOTIFICATIONS_KNOWN
        for one in stored
    )
