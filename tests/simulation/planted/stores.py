"""Mistakes of rules and notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from alerting_core.codec.records import decode_match
from alerting_core.domain.alert import AlertKey, Match
from alerting_core.domain.notification import NotificationStatus
from alerting_core.domain.rule import Catches, Rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rule_distribution import MemoryRuleSource
from alerting_core.ports.delivery import NotificationStore, Recorded, RecordedEnds
from alerting_core.ports.rule_distribution import RuleChanges, RuleSnapshot
from alerting_core.stages.batch import BatchReport, StageName, decode_batch, offsets_after
from tests.simulation.planted.plant import SimWiring


class DisabledRulesToo(MemoryRuleSource):
    """Forgets that rules can be disabled."""

    async def snapshot(self) -> RuleSnapshot:
        snapshot = await super().snapshot()
        rules = [replace(rule, enabled=True) for rule in self._database.rules.values()]
        return RuleSnapshot(snapshot.version, rules)


class UnmatchedIsEverything(MemoryRuleSource):
    """Takes a rule that catches what is unmatched for one that catches everything."""

    async def snapshot(self) -> RuleSnapshot:
        snapshot = await super().snapshot()
        return RuleSnapshot(snapshot.version, [_catching_everything(rule) for rule in snapshot.rules])

    async def changes(self, since_version: int) -> RuleChanges | None:
        changes = await super().changes(since_version)
        if changes is None:
            return None
        by_client = {c: [_catching_everything(rule) for rule in rules] for c, rules in changes.by_client.items()}
        return RuleChanges(changes.version, by_client)


class UnmatchedIsNothing(MemoryRuleSource):
    """Takes a rule that catches what is unmatched for one that meets nothing, as a program of before there were any.

    Not of a client that another rule tells of everything: its matches would name too few rules, which is another bug.
    """

    async def snapshot(self) -> RuleSnapshot:
        snapshot = await super().snapshot()
        told_anyhow = {rule.client_id for rule in snapshot.rules if rule.catches is Catches.EVERYTHING}
        known = [r for r in snapshot.rules if r.catches is not Catches.UNMATCHED or r.client_id in told_anyhow]
        return RuleSnapshot(snapshot.version, known)


def _catching_everything(rule: Rule) -> Rule:
    return replace(rule, catches=Catches.EVERYTHING) if rule.is_catch_all else rule


class StaleRules(MemoryRuleSource):
    """Answers most questions for changes from what it once knew."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self._asked = count()

    async def changes(self, since_version: int) -> RuleChanges | None:
        if next(self._asked) % 4:
            return RuleChanges(since_version, {})
        return await super().changes(since_version)


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

    wiring: SimWiring

    async def step(self) -> BatchReport:
        ports, tuning, stream = self.wiring.ports, self.wiring.tuning, self.wiring.input()
        records = await stream.poll(records_max=tuning.records_max, wait_ms=tuning.wait_ms)
        if records:
            intake = decode_batch(records, decode_match)
            await stream.commit(intake.dead_letters, offsets_after(records))
            await ports.notifications.record(intake.values, now_ms=ports.clock.now_ms())
        return BatchReport(StageName.AGGREGATOR, received=len(records))


@dataclass
class OnlyNewOnes:
    """A store that hides from the aggregator that a known notification is still RECEIVED: it is not announced again."""

    store: NotificationStore

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        stored = await self.store.record(matches, now_ms=now_ms)
        return [
            one if one.created or one.status is None else replace(one, status=NotificationStatus.SENT) for one in stored
        ]

    async def record_ends(self, ends: Mapping[AlertKey, int], *, now_ms: int, limit: int) -> RecordedEnds:
        return await self.store.record_ends(ends, now_ms=now_ms, limit=limit)


def known_ones_hidden(wiring: SimWiring) -> SimWiring:
    """Let a stage see no known notification that is still RECEIVED."""
    ports = wiring.ports
    return replace(wiring, ports=replace(ports, notifications=OnlyNewOnes(ports.notifications)))


class TellsAnother(MemoryNotificationStore):
    """Stores a notification of a private alert for another client too."""

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        stored = await super().record(matches, now_ms=now_ms)
        for match in matches:
            others = [client_id for client_id in self._database.clients if client_id != match.client_id]
            if match.alert.owner and others:
                await super().record([replace(match, client_id=others[0])], now_ms=now_ms)
        return stored
