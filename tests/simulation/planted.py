"""Bugs, planted one at a time: each is a mistake that somebody could make, and each breaks one promise."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from alerting_core.codec.alert import decode_match
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import EndpointState
from alerting_core.domain.match import Match
from alerting_core.domain.message import HttpReply, Message, Reply
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.memory.database import DeliveryRow
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rules import MemoryRuleSource
from alerting_core.pipeline.deliver import Deliverer
from alerting_core.pipeline.intake import offsets_after, take_in
from alerting_core.pipeline.loop import Conductor
from alerting_core.pipeline.report import BatchReport, Stage
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.notifications import NotificationStore, Recorded
from alerting_core.ports.rules import RuleChanges, RuleSnapshot
from alerting_core.ports.stream import DLQ_SUFFIX, Offsets, Outgoing, Record, Sink, Stream
from alerting_core.ports.transport import Transport
from alerting_core.sim.races import RacingDeliveryStore
from alerting_core.sim.workers import Habits, Parts, Ports, make_conductors

Make = Callable[[], Conductor]


def with_ports(change: Callable[[Ports], Ports], *stages: Stage) -> Parts:
    """Return parts in which the conductors of *stages* see changed ports."""

    def conductors(ports: Ports, habits: Habits) -> dict[Stage, Make]:
        changed = make_conductors(change(ports), habits)
        return make_conductors(ports, habits) | {stage: changed[stage] for stage in stages}

    return Parts(conductors=conductors)


# The log.


class UnfencedLog(MemoryLog):
    """Lets everybody commit everything."""

    def check_commit(self, group: str, topic: str, member: str, offsets: Offsets) -> None:
        """Find nothing wrong."""


@dataclass
class CommitFirst:
    """A stream that commits before the outputs are written."""

    stream: Stream
    sink: Sink

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        return await self.stream.poll(records_max=records_max, wait_ms=wait_ms)

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        await self.stream.commit((), offsets)
        await self.sink.publish(outputs)

    async def lag(self) -> Mapping[int, int]:
        return await self.stream.lag()


@dataclass
class NoDeadLetters(CommitFirst):
    """A stream that drops what is meant for the dead-letter topic."""

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        await self.stream.commit([o for o in outputs if not o.topic.endswith(DLQ_SUFFIX)], offsets)


def commit_before_publishing(ports: Ports) -> Ports:
    return replace(ports, open_stream=lambda group: CommitFirst(ports.open_stream(group), ports.sink))


def dead_letters_dropped(ports: Ports) -> Ports:
    return replace(ports, open_stream=lambda group: NoDeadLetters(ports.open_stream(group), ports.sink))


# Rules.


class DisabledRulesToo(MemoryRuleSource):
    """Forgets that rules can be disabled."""

    async def snapshot(self) -> RuleSnapshot:
        snapshot = await super().snapshot()
        rules = [replace(rule, enabled=True) for rule in self._database.rules.values()]
        return RuleSnapshot(snapshot.version, rules)


class StaleRules(MemoryRuleSource):
    """Answers most questions for changes from what it once knew."""

    def __init__(self, database: object) -> None:
        super().__init__(database)  # type: ignore[arg-type]
        self._asked = count()

    async def changes(self, since_version: int) -> RuleChanges | None:
        if next(self._asked) % 4:
            return RuleChanges(since_version, {})
        return await super().changes(since_version)


# Notifications.


class OwnIds(MemoryNotificationStore):
    """Gives every match a new notification with a new id."""

    _ids = count()

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        stored = await super().record(matches, now_ms=now_ms)
        for one in stored:
            notification = self._database.notifications.get(one.ref.notification_id)
            if notification is not None and not one.created:
                id_ = f"own-{next(self._ids)}"
                received = replace(notification, notification_id=id_, status=NotificationStatus.RECEIVED)
                self._database.notifications[id_] = received
        return stored


@dataclass
class StoreAfterCommit:
    """An aggregator that commits, and stores then."""

    stream: Stream
    notifications: NotificationStore
    habits: Habits
    ports: Ports

    async def step(self) -> BatchReport:
        records = await self.stream.poll(records_max=self.habits.records_max, wait_ms=self.habits.wait_ms)
        if records:
            intake = take_in(records, decode_match)
            await self.stream.commit(intake.dead_letters, offsets_after(records))
            await self.notifications.record(intake.values, now_ms=self.ports.clock.now_ms())
        return BatchReport(Stage.AGGREGATOR, received=len(records))


@dataclass
class OnlyNewOnes:
    """A store that hides from the aggregator that a known notification is still RECEIVED: it is not announced again."""

    store: NotificationStore

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        stored = await self.store.record(matches, now_ms=now_ms)
        return [one if one.created or one.status is None else replace(one, status=SENT) for one in stored]


SENT = NotificationStatus.SENT


# Deliveries.


class NoLease(RacingDeliveryStore):
    """Hands out deliveries without keeping others from them."""

    async def claim_due(
        self,
        *,
        owner: str,
        now_ms: int,
        lease_ms: int,
        limit: int,
        per_host_max: int,
        hosts_excluded: Collection[str],
    ) -> Sequence[Claim]:
        return await super().claim_due(
            owner=owner,
            now_ms=now_ms,
            lease_ms=1,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
        )


class AnyOwner(RacingDeliveryStore):
    """Takes an outcome from whoever brings it."""

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        rows = self._database.deliveries
        for outcome in outcomes:
            row = rows.get(outcome.claim.delivery.delivery_id)
            if row is not None and not row.delivery.status.is_final:
                rows[row.delivery.delivery_id] = DeliveryRow(row.delivery, row.due_at_ms, outcome.claim.owner)
        return await super().record_outcomes(outcomes, now_ms=now_ms)


class ForgetsAttempts(RacingDeliveryStore):
    """Moves deliveries and keeps no attempts."""

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        moved = await super().record_outcomes(outcomes, now_ms=now_ms)
        for outcome in outcomes:
            self._database.attempts_of_delivery.pop(outcome.claim.delivery.delivery_id, None)
        return moved


class KeepsGoneEndpoints(RacingDeliveryStore):
    """Leaves an endpoint enabled that answered 410."""

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        return await super().record_outcomes([replace(o, disable_endpoint=False) for o in outcomes], now_ms=now_ms)


class AlwaysSent(RacingDeliveryStore):
    """Settles every notification as SENT."""

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        settled = await super().settle(refs, now_ms=now_ms)
        self._rewrite(refs, {NotificationStatus.FAILED, NotificationStatus.PARTIAL})
        return settled

    def _rewrite(self, refs: Sequence[NotificationRef], statuses: Collection[NotificationStatus]) -> None:
        rows = self._database.notifications
        for ref in refs:
            notification = rows.get(ref.notification_id)
            if notification is not None and notification.status in statuses:
                # Below the watched table: as if it had been settled so at once.
                rows._rows[ref.notification_id] = replace(notification, status=SENT)


class SettlesAgain(AlwaysSent):
    """Changes its mind about notifications that are settled."""

    def _rewrite(self, refs: Sequence[NotificationRef], statuses: Collection[NotificationStatus]) -> None:
        rows = self._database.notifications
        for ref in refs:
            notification = rows.get(ref.notification_id)
            if notification is not None and notification.status is SENT:
                rows[ref.notification_id] = replace(notification, status=NotificationStatus.PARTIAL)


class AnyEndpoint(RacingDeliveryStore):
    """Gives a claim the first endpoint that comes to hand."""

    async def claim_due(
        self,
        *,
        owner: str,
        now_ms: int,
        lease_ms: int,
        limit: int,
        per_host_max: int,
        hosts_excluded: Collection[str],
    ) -> Sequence[Claim]:
        claims = await super().claim_due(
            owner=owner,
            now_ms=now_ms,
            lease_ms=lease_ms,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
        )
        first = next((e for e in self._database.endpoints.values() if e.secret is not None), None)
        if first is None:
            return claims
        state = EndpointState(first.enabled, first.targets, first.headers, first.secret)
        return [replace(claim, endpoint=state) for claim in claims]


# Sending.


@dataclass
class SendsTwice:
    """A transport that tries again by itself when no answer comes."""

    transport: Transport

    async def send(self, message: Message) -> Reply:
        reply = await self.transport.send(message)
        return reply if isinstance(reply, HttpReply) else await self.transport.send(message)


@dataclass
class TakesErrorsForSuccess:
    """A transport that looks at nothing but whether an answer came."""

    transport: Transport

    async def send(self, message: Message) -> Reply:
        reply = await self.transport.send(message)
        return HttpReply(200) if isinstance(reply, HttpReply) else reply


class DrainsOneBatch(Deliverer):
    """Records one batch when it drains, however many attempts have ended."""

    async def drain(self) -> BatchReport:
        self._draining = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        return BatchReport(Stage.DELIVERER, counts=await self._record())


class Raises:
    """A conductor with a mistake in it."""

    async def step(self) -> BatchReport:
        raise KeyError("a mistake")


class DoesNothing:
    """A conductor that is switched off."""

    async def step(self) -> BatchReport:
        return BatchReport(Stage.SWEEPER)


def with_conductor(stage: Stage, make: Callable[[Ports, Habits], Conductor]) -> Parts:
    """Return parts in which one stage is done by another conductor."""

    def conductors(ports: Ports, habits: Habits) -> dict[Stage, Make]:
        return make_conductors(ports, habits) | {stage: lambda: make(ports, habits)}

    return Parts(conductors=conductors)


def loose_jitter(ports: Ports, habits: Habits) -> dict[Stage, Make]:
    """Wire conductors that spread their waits too far."""
    schedule = replace(habits.policy.schedule, jitter_percent=50)
    return make_conductors(ports, replace(habits, policy=replace(habits.policy, schedule=schedule)))


def with_deliveries(store: Callable[..., DeliveryStore]) -> Parts:
    """Return parts with another store of deliveries."""
    return Parts(deliveries=store)
