"""The stages by which clients are notified: matches and ends become notifications, and these become planned deliveries.

Who is told that an alert fires is told of its end, and nobody else. But the match of a firing alert may come late, when
its episode is over and the resolver has been here. What keeps the two from missing each other: an episode is closed
before its end is published, and the aggregator looks whether it is closed both before it stores a notification and
after. If it is closed before, the notification says both. If it is still open after, the end is yet to come, and the
resolver finds the notification. If it was closed in between, the aggregator does what the resolver does.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from alerting_core import limits
from alerting_core.codec import records as codec
from alerting_core.delivery.ends import plan_end
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Alert, AlertKey, AlertStatus, Match
from alerting_core.domain.episode import end_of
from alerting_core.domain.notification import Notification, NotificationKind, NotificationRef, NotificationStatus
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import DeliveryStore, NotificationStore, Recorded
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.stream import Headers, Outgoing, Record, Sink, ready_record
from alerting_core.stages import batch
from alerting_core.stages.batch import BatchReport, Consumer, Count, StageName
from alerting_core.stages.loop import Wakeup

Ends: TypeAlias = Mapping[AlertKey, int]
"""Alert that is over → when it ended, unix seconds."""


@dataclass(frozen=True, slots=True)
class EndTelling:
    """Ends of alerts → notifications for those who were notified that they fire, and notifications.ready for each.

    Attributes:
        at_once_max: How many notifications are stored and published together; more of one alert are not divided.
    """

    notifications: NotificationStore
    sink: Sink
    clock: Clock
    at_once_max: int = limits.ENDS_AT_ONCE_MAX

    async def tell(self, ends: Ends, causes: Mapping[AlertKey, Record]) -> tuple[Counter[Count], int]:
        """Store and publish; return what was done, and how many were published. All of it is durable on return.

        Args:
            ends: To tell one again changes nothing.
            causes: The record that each was learned from, whose trace goes along.
        """
        counts, published = Counter[Count](), 0
        headers = {alert_id: batch.headers_from(record) for (_, alert_id), record in causes.items()}
        while ends:
            done = await self.notifications.record_ends(ends, now_ms=self.clock.now_ms(), limit=self.at_once_max)
            ready = _ready((one, headers[one.alert_id]) for one in done.recorded)
            await self.sink.publish(ready)
            counts, published = counts + _counts(done.recorded), published + len(ready)
            ends = done.left
        return counts, published


@dataclass(frozen=True, slots=True)
class Resolver(Consumer):
    """alerts.new → notifications that an alert is over, for all who were notified that it fires."""

    telling: EndTelling

    async def step(self) -> BatchReport:
        """Tell the ends in one batch. Poison is passed over here: the evaluator dead-letters it, and once is enough."""
        records = await self.poll()
        if not records:
            return BatchReport(StageName.RESOLVER)
        ends: dict[AlertKey, int] = {}
        causes: dict[AlertKey, Record] = {}
        # All alerts pass by here, and hardly any is an end: the others are not read.
        for record in records:
            alert = codec.decode_alert(record.value) if codec.may_be_resolved(record.value) else None
            if isinstance(alert, Alert) and alert.status is AlertStatus.RESOLVED and alert.ends_at is not None:
                # A later record of the same episode corrects its end.
                ends[alert.key], causes[alert.key] = alert.ends_at, record
        counts, published = await self.telling.tell(ends, causes)
        await self.stream.commit((), batch.offsets_after(records))
        return BatchReport(StageName.RESOLVER, received=len(records), published=published, counts=counts)


@dataclass(frozen=True, slots=True)
class Aggregator(Consumer):
    """alerts.matched → notifications, and notifications.ready for each that still waits for its deliveries.

    A match of an alert that is resolved is passed over: the end is told by who was told of the firing, not by rules.
    """

    notifications: NotificationStore
    episodes: EpisodeStore
    clock: Clock
    telling: EndTelling

    async def step(self) -> BatchReport:
        """Store one batch, then publish, then commit."""
        records = await self.poll()
        if not records:
            return BatchReport(StageName.AGGREGATOR)
        intake = batch.decode_batch(records, codec.decode_match)
        firing = [one for one in intake.good if one[1].alert.status is AlertStatus.FIRING]
        living = {match.alert.key: match.alert for _, match in firing if match.alert.has_life}
        ended = await self._ended(living.values())
        matches = [_with_end(match, ended) for _, match in firing] if ended else [match for _, match in firing]
        stored = await self.notifications.record(matches, now_ms=self.clock.now_ms())
        assert len(stored) == len(firing), "results align with matches"
        # All that are RECEIVED, known ones too: a crash after the insert and before the publish heals here.
        ready = _ready((one, batch.headers_from(record)) for (record, _), one in zip(firing, stored, strict=True))
        counts = _counts(stored) + Counter({Count.ALERTS_RESOLVED: len(intake.good) - len(firing)})
        told = 0
        if living:
            more, told = await self._tell_ends(living, {match.alert.key: record for record, match in firing})
            counts += more
        await self.stream.commit([*ready, *intake.dead_letters], batch.offsets_after(records))
        return BatchReport(
            StageName.AGGREGATOR,
            received=len(records),
            published=len(ready) + told,
            rejected=len(intake.dead_letters),
            counts=counts,
        )

    async def _tell_ends(
        self, living: Mapping[AlertKey, Alert], causes: Mapping[AlertKey, Record]
    ) -> tuple[Counter[Count], int]:
        """Tell of those that are over by now; those whose notifications say so themselves are passed over there."""
        ended = await self._ended(living.values())
        return await self.telling.tell(ended, {key: causes[key] for key in ended})

    async def _ended(self, living: Collection[Alert]) -> Ends:
        if not living:
            return {}
        latest = await self.episodes.load([(alert.owner, alert.fingerprint) for alert in living])
        now_ms = self.clock.now_ms()
        ends = {
            alert.key: end_of(alert, latest.get((alert.owner, alert.fingerprint)), now_ms=now_ms) for alert in living
        }
        return {key: ends_at for key, ends_at in ends.items() if ends_at is not None}


def _with_end(match: Match, ended: Ends) -> Match:
    """Return *match*, whose alert says its end when it is over."""
    alert = match.alert
    if alert.life is None or alert.key not in ended:
        return match
    return replace(match, alert=replace(alert, life=replace(alert.life, ends_at=ended[alert.key])))


def _ready(stored: Iterable[tuple[Recorded, Headers]]) -> list[Outgoing]:
    """Return what tells the dispatcher of those that are RECEIVED, each once."""
    found: dict[str, Outgoing] = {}
    for one, headers in stored:
        if one.status is NotificationStatus.RECEIVED and one.ref.notification_id not in found:
            found[one.ref.notification_id] = ready_record(one.ref, one.alert_id, headers)
    return list(found.values())


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
class Dispatcher(Consumer):
    """notifications.ready → planned deliveries.

    Attributes:
        planned: Set when deliveries were planned, for a sender in the same process.
        placeholders: Domains never contacted.
    """

    notifications: NotificationStore
    deliveries: DeliveryStore
    clock: Clock
    planned: Wakeup
    placeholders: Collection[str] = PLACEHOLDER_DOMAINS

    async def step(self) -> BatchReport:
        """Plan one batch; planning again changes nothing, so that a replay is harmless."""
        records = await self.poll()
        if not records:
            return BatchReport(StageName.DISPATCHER)
        intake = batch.decode_batch(records, codec.decode_notification_ready)
        refs = list(dict.fromkeys(NotificationRef(m.client_id, m.notification_id) for m in intake.values))
        counts = await self._plan(refs) if refs else Counter[Count]()
        await self.stream.commit(intake.dead_letters, batch.offsets_after(records))
        if counts[Count.DELIVERIES_PLANNED]:
            self.planned.set()
        return BatchReport(
            StageName.DISPATCHER, received=len(records), rejected=len(intake.dead_letters), counts=counts
        )

    async def _plan(self, refs: list[NotificationRef]) -> Counter[Count]:
        found = await self.notifications.load(refs)
        waiting = [one for one in found if one.status is NotificationStatus.RECEIVED]
        ends = [one for one in waiting if one.kind is NotificationKind.RESOLVED]
        planned = await self._plan_firing([one for one in waiting if one.kind is NotificationKind.FIRING])
        if ends:
            planned += await self._plan_ends(ends)
        # A notification that is gone was deleted with its client after it was stored: there is nobody left to tell.
        return Counter({Count.DELIVERIES_PLANNED: planned, Count.NOTIFICATIONS_GONE: len(refs) - len(found)})

    async def _plan_firing(self, waiting: Sequence[Notification]) -> int:
        endpoints = await self.deliveries.endpoints_of(waiting)
        now_ms = self.clock.now_ms()
        plans = [
            plan_deliveries(one, endpoints.get(one.notification_id, ()), now_ms=now_ms, placeholders=self.placeholders)
            for one in waiting
        ]
        return await self.deliveries.plan(plans, now_ms=now_ms)

    async def _plan_ends(self, ends: Sequence[Notification]) -> int:
        """Plan deliveries that follow those of the firing, which are planned first where nobody has come to it yet."""
        refs = [ref for one in ends if (ref := one.firing_ref) is not None]
        firing, deliveries = await self.notifications.load(refs), dict(await self.deliveries.planned(refs))
        unplanned = [
            one for one in firing if one.status is NotificationStatus.RECEIVED and one.notification_id not in deliveries
        ]
        planned = 0
        if unplanned:
            planned = await self._plan_firing(unplanned)
            # As they are stored: another dispatcher may have planned them in the same moment.
            deliveries |= await self.deliveries.planned([one.ref for one in unplanned])
        now_ms = self.clock.now_ms()
        plans = [plan_end(one, deliveries.get(one.firing_notification_id or "", ()), now_ms=now_ms) for one in ends]
        return planned + await self.deliveries.plan(plans, now_ms=now_ms)
