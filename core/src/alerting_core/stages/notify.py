"""From matches to planned deliveries: aggregator, dispatcher, and the sweeper that drives again what was left."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.codec.records import decode_match, decode_notification_ready
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import DeliveryStore, NotificationStore, Recorded
from alerting_core.ports.stream import Outgoing, Sink, Stream, ready_record
from alerting_core.stages.batch import BatchReport, Count, StageName, decode_batch, headers_from, offsets_after
from alerting_core.stages.loop import Wakeup


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
        intake = decode_batch(records, decode_match)
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


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """notifications.ready → planned deliveries.

    Attributes:
        planned: Set when deliveries were planned, for a sender in the same process.
        placeholders: Domains never contacted.
    """

    stream: Stream
    notifications: NotificationStore
    deliveries: DeliveryStore
    clock: Clock
    planned: Wakeup
    placeholders: Collection[str] = PLACEHOLDER_DOMAINS
    records_max: int = limits.POLL_RECORDS_MAX
    wait_ms: int = limits.POLL_WAIT_MS

    async def step(self) -> BatchReport:
        """Plan one batch; planning again changes nothing, so that a replay is harmless."""
        records = await self.stream.poll(records_max=self.records_max, wait_ms=self.wait_ms)
        if not records:
            return BatchReport(StageName.DISPATCHER)
        intake = decode_batch(records, decode_notification_ready)
        refs = list(dict.fromkeys(NotificationRef(m.client_id, m.notification_id) for m in intake.values))
        counts = await self._plan(refs) if refs else Counter[Count]()
        await self.stream.commit(intake.dead_letters, offsets_after(records))
        if counts[Count.DELIVERIES_PLANNED]:
            self.planned.set()
        return BatchReport(
            StageName.DISPATCHER, received=len(records), rejected=len(intake.dead_letters), counts=counts
        )

    async def _plan(self, refs: list[NotificationRef]) -> Counter[Count]:
        found = await self.notifications.load(refs)
        waiting = [one for one in found if one.status is NotificationStatus.RECEIVED]
        endpoints = await self.deliveries.endpoints_of(waiting)
        now_ms = self.clock.now_ms()
        plans = [
            plan_deliveries(one, endpoints.get(one.notification_id, ()), now_ms=now_ms, placeholders=self.placeholders)
            for one in waiting
        ]
        planned = await self.deliveries.plan(plans, now_ms=now_ms)
        # A notification that is gone was deleted with its client after it was stored: there is nobody left to tell.
        return Counter({Count.DELIVERIES_PLANNED: planned, Count.NOTIFICATIONS_GONE: len(refs) - len(found)})


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
