"""The stages from a new alert to the deliveries that it leads to.

Alerts are recorded and matched against the rules, matches become notifications, and these become planned deliveries.
Each stage commits the offsets of a batch once its work is durable: a crash loses none of it, and what is repeated after
one leads to the same notifications and deliveries.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from alerting_core import limits
from alerting_core.codec import records as codec
from alerting_core.delivery.ends import plan_end
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Alert, AlertKey, AlertStatus, Match
from alerting_core.domain.episode import end_of
from alerting_core.domain.notification import Notification, NotificationKind, NotificationRef, NotificationStatus
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import DeliveryStore, NotificationStore
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.history import AlertLog
from alerting_core.ports.metrics import Gauge
from alerting_core.ports.stream import ALERTS_MATCHED, Outgoing, Record, dead_letter
from alerting_core.stages.batch import (
    BatchReport,
    Consumer,
    Count,
    StageName,
    decode_batch,
    headers_from,
    offsets_after,
    ready_records,
    recorded_counts,
)
from alerting_core.stages.ends import Ends, EndTelling
from alerting_core.stages.loop import Wakeup
from alerting_core.stages.rule_feed import RuleFeed

_TAILS_MAX: Final = 65_536
"""Encoded (client, rules) tails kept: the same clients match again and again, and a tail has about 100 bytes."""

_tail_of = lru_cache(maxsize=_TAILS_MAX)(codec.encode_match_tail)
_private_tail_of = lru_cache(maxsize=_TAILS_MAX)(codec.encode_private_tail)


@dataclass(slots=True)
class _Work:
    """What matching a prefix of a batch led to."""

    done: list[Record] = field(default_factory=list[Record])
    outputs: list[Outgoing] = field(default_factory=list[Outgoing])
    dead_letters: list[Outgoing] = field(default_factory=list[Outgoing])
    matched: int = 0
    unmatched: int = 0
    resolved: int = 0


@dataclass(frozen=True, slots=True)
class Evaluator(Consumer):
    """alerts.new → alerts.matched, one message per alert and client with at least one matching rule.

    A private alert meets the rules of its owner alone. One that is resolved is passed over: the end is told to those
    who were told of the firing, whatever the rules are by now.

    Attributes:
        outputs_max: How many messages one commit publishes. A batch with a larger fan-out is done in parts; an alert
            that alone matches more clients is published whole.
    """

    rules: RuleFeed
    outputs_max: int = limits.OUTPUTS_PER_COMMIT_MAX

    async def step(self) -> BatchReport:
        """Match one batch, or as much of it as one commit may publish."""
        records = await self.poll()
        # After the poll, so that an alert published after an edit meets the edited rule.
        counts = Counter(await self.rules.refresh())
        if not records:
            return BatchReport(StageName.EVALUATOR, counts=counts)
        work = match_records(self.rules.index, records, outputs_max=self.outputs_max)
        await self.stream.commit([*work.outputs, *work.dead_letters], offsets_after(work.done))
        counts[Count.ALERTS_MATCHED] += work.matched
        counts[Count.ALERTS_UNMATCHED] += work.unmatched
        counts[Count.ALERTS_RESOLVED] += work.resolved
        return BatchReport(
            StageName.EVALUATOR,
            received=len(work.done),
            published=len(work.outputs),
            rejected=len(work.dead_letters),
            counts=counts,
        )

    def gauges(self) -> Mapping[Gauge, int]:
        """Return how many rules there are, and how old they may be."""
        return self.rules.gauges()


def match_records(index: RuleIndex, records: Sequence[Record], *, outputs_max: int) -> _Work:
    """Match *records* in order, and stop before the one whose matches would make more than *outputs_max*."""
    work = _Work()
    for record in records:
        alert = codec.decode_alert(record.value)
        if isinstance(alert, codec.Rejected):
            work.dead_letters.append(dead_letter(record, alert.reason))
            work.done.append(record)
            continue
        if alert.life is not None and alert.life.status is AlertStatus.RESOLVED:
            work.done.append(record)
            work.resolved += 1
            continue
        if alert.owner:
            matches = index.match_of(alert.owner, alert.severity, alert.source, alert.name)
        else:
            matches = index.match(alert.severity, alert.source, alert.name)
        if work.outputs and len(work.outputs) + len(matches) > outputs_max:
            break
        work.done.append(record)
        if not matches:
            work.unmatched += 1
            continue
        work.matched += 1
        # The alert is encoded once for all its clients; written anew, so that fields that do not belong to an alert
        # cannot pass for a client or its rules.
        head, headers = codec.encode_alert(alert), headers_from(record)
        if alert.owner:
            tail = _private_tail_of(matches[alert.owner])
            work.outputs.append(Outgoing(ALERTS_MATCHED, alert.owner.encode(), head + tail, headers))
            continue
        work.outputs += [
            Outgoing(ALERTS_MATCHED, client_id.encode(), head + _tail_of(client_id, rule_ids), headers)
            for client_id, rule_ids in matches.items()
        ]
    return work


@dataclass(frozen=True, slots=True)
class Recorder(Consumer):
    """alerts.new → the log of recent alerts."""

    alerts: AlertLog
    clock: Clock

    async def step(self) -> BatchReport:
        """Record one batch. Poison is passed over here: the evaluator dead-letters it, and once is enough."""
        records = await self.poll()
        if not records:
            return BatchReport(StageName.RECORDER)
        intake = decode_batch(records, codec.decode_alert)
        if intake.good:
            await self.alerts.record(intake.values, now_ms=self.clock.now_ms())
        await self.stream.commit((), offsets_after(records))
        return BatchReport(StageName.RECORDER, received=len(records), rejected=len(intake.dead_letters))


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
        await self.stream.commit((), offsets_after(records))
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
        intake = decode_batch(records, codec.decode_match)
        firing = [one for one in intake.good if one[1].alert.status is AlertStatus.FIRING]
        living = {match.alert.key: match.alert for _, match in firing if match.alert.has_life}
        ended = await self._ended(living.values())
        matches = [_with_end(match, ended) for _, match in firing] if ended else [match for _, match in firing]
        stored = await self.notifications.record(matches, now_ms=self.clock.now_ms())
        assert len(stored) == len(firing), "results align with matches"
        # All that are RECEIVED, known ones too: a crash after the insert and before the publish heals here.
        ready = ready_records((one, headers_from(record)) for (record, _), one in zip(firing, stored, strict=True))
        counts = recorded_counts(stored) + Counter({Count.ALERTS_RESOLVED: len(intake.good) - len(firing)})
        told = 0
        if living:
            more, told = await self._tell_ends(living, {match.alert.key: record for record, match in firing})
            counts += more
        await self.stream.commit([*ready, *intake.dead_letters], offsets_after(records))
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
        intake = decode_batch(records, codec.decode_notification_ready)
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
