"""Dispatcher: decides, for each notification, which targets are told."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.codec.notification import decode_notification_ready
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.pipeline.intake import offsets_after, take_in
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.pipeline.wakeup import Wakeup
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.notifications import NotificationStore
from alerting_core.ports.stream import Stream
from alerting_core.stages.hosts import PLACEHOLDER_DOMAINS
from alerting_core.stages.plan import plan_deliveries


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
        intake = take_in(records, decode_notification_ready)
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
