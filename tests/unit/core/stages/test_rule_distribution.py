"""Rule distribution conducted: from the outbox to the snapshot, and whatever can go wrong on the way."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from alerting_core.codec.records import RuleAction, decode_rule_changed
from alerting_core.domain.rule import Rule
from alerting_core.errors import FencedOff, PortContractBroken, PortUnavailable
from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.rule_distribution import MemoryOutbox, MemoryRuleDatabase, MemoryRuleSnapshot
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemoryStream
from alerting_core.ports.rule_distribution import RuleChanges, RulesAsOf, RuleSnapshot, SnapshotState
from alerting_core.ports.stream import RULE_CHANGED, Group, Outgoing
from alerting_core.stages.batch import Count
from alerting_core.stages.rule_distribution import SUSPICION_EVERY_MS_MAX, RuleUpdater, rebuild_rules
from alerting_core.stages.rule_feed import RuleFeed
from tests.support.catalog import NOW_MS, make_client, make_rule
from tests.support.distribution import Distribution


class Platform:
    """A database, a snapshot, and what lies between."""

    def __init__(self) -> None:
        self.clock = MemoryClock(NOW_MS)
        self.db = MemoryDatabase()
        self.rules = MemoryRuleStore(self.db)
        self.clients = MemoryClientStore(self.db)
        self.rule_database = MemoryRuleDatabase(self.db)
        self.snapshot = MemoryRuleSnapshot(self.clock)
        self.distribution = Distribution(MemoryOutbox(self.db), self.rule_database, self.snapshot, clock=self.clock)
        self.feed = RuleFeed(self.snapshot, self.clock)

    async def add_rule(self, client_id: str = "acme") -> Rule:
        """Store a rule, and its client if it is new."""
        if client_id not in self.db.clients:
            await self.clients.create(make_client(client_id))
        return await self.rules.create(make_rule(client_id))

    async def held(self) -> set[Rule]:
        """Return what a reader gets."""
        return set((await self.snapshot.snapshot()).rules)

    async def reconcile(self) -> dict[Count, int]:
        """Go over all clients at least once; return what was done."""
        done: dict[Count, int] = {}
        for _ in range(2 * (len(self.db.clients) // 2 + 3)):
            for what, count in (await self.distribution.reconciler.step()).counts.items():
                done[what] = done.get(what, 0) + count
        return {what: count for what, count in done.items() if count}

    def letters(self) -> list[bytes]:
        """Return the reasons of all dead letters."""
        log, topic = self.distribution.log, f"{RULE_CHANGED}.dlq"
        found = [record for p in range(log.partitions) for record in log.read(topic, p, offset=0, records_max=99)]
        return [dict(record.headers)["dlq-reason"] for record in found]


async def test_the_relay_publishes_each_change_in_order_under_the_id_of_its_rule() -> None:
    platform = Platform()
    rule = await platform.add_rule()
    await platform.rules.replace(None, replace(rule, enabled=False), expected_version=None)
    await platform.rules.delete(None, rule.rule_id, expected_version=None, now_ms=NOW_MS)
    report = await platform.distribution.relay.step()
    assert (report.received, report.published) == (3, 3)
    log = platform.distribution.log
    records = [record for p in range(2) for record in log.read(RULE_CHANGED, p, offset=0, records_max=9)]
    assert {record.key for record in records} == {rule.rule_id.encode()}
    told = [decode_rule_changed(record.value) for record in records]
    assert [message.action for message in told] == [RuleAction.CREATED, RuleAction.DISABLED, RuleAction.DELETED]
    assert [(m.rule_id, m.client_id, m.updated_at) for m in told] == [(rule.rule_id, "acme", NOW_MS // 1_000)] * 3
    assert (await platform.distribution.relay.step()).is_idle


async def test_what_was_published_and_not_marked_is_published_again() -> None:
    platform = Platform()
    await platform.add_rule()

    class Crash(Exception):
        pass

    class Crashing(MemoryOutbox):
        async def mark_published(self, change_ids: Collection[int], *, now_ms: int) -> None:
            raise Crash

    relay = platform.distribution.relay
    with pytest.raises(Crash):
        await replace(relay, outbox=Crashing(platform.db)).step()
    assert (await relay.step()).published == 1
    assert sum(platform.distribution.log.end_offsets(RULE_CHANGED)) == 2


async def test_many_changes_of_one_client_cost_one_reading() -> None:
    platform = Platform()
    await platform.reconcile()
    for _ in range(5):
        await platform.add_rule()
    asked: list[list[str]] = []

    class Watched(MemoryRuleDatabase):
        async def rules_of(self, client_ids: Collection[str]) -> RulesAsOf:
            asked.append([*client_ids])
            return await super().rules_of(client_ids)

    await platform.distribution.relay.step()
    report = await replace(platform.distribution.updater, rule_database=Watched(platform.db)).step()
    assert asked == [["acme"]]
    assert (report.received, report.counts[Count.RULE_CLIENTS_UPDATED]) == (5, 1)
    assert await platform.held() == set(platform.db.rules.values())


async def test_a_poison_record_goes_to_the_dead_letter_topic_and_the_others_count() -> None:
    platform = Platform()
    await platform.reconcile()
    platform.distribution.log.append([Outgoing(RULE_CHANGED, b"k", value) for value in (b"\xff\xff", b"")])
    rule = await platform.add_rule()
    await platform.distribution.relay.step()
    report = await platform.distribution.updater.step()
    assert report.rejected == 2
    assert len(platform.letters()) == 2
    assert all(platform.letters())
    assert await platform.held() == {rule}


async def test_while_the_snapshot_is_missing_nothing_is_committed_and_nothing_is_read() -> None:
    platform = Platform()
    rule = await platform.add_rule()
    await platform.distribution.relay.step()
    for _ in range(2):
        with pytest.raises(PortUnavailable, match="missing"):
            await platform.distribution.updater.step()
        with pytest.raises(PortUnavailable, match="missing"):
            await platform.feed.refresh()
    assert sum((await platform.distribution.stream.lag()).values()) == 1
    assert await platform.reconcile() == {Count.RULES_REBUILT: 1}
    assert (await platform.distribution.updater.step()).received == 1
    assert await platform.held() == {rule}


async def test_an_emptied_snapshot_is_built_anew_and_evaluators_never_miss_a_rule() -> None:
    platform = Platform()
    for client_id in ("acme", "globex", "initech"):
        await platform.add_rule(client_id)
    await platform.reconcile()
    await platform.feed.refresh()
    platform.snapshot.empty()
    assert await platform.feed.refresh() == {Count.RULE_SOURCE_AWAY: 1}
    assert len(platform.feed.index) == 3
    await platform.add_rule("acme")
    assert await platform.reconcile() == {Count.RULES_REBUILT: 1}
    assert await platform.feed.refresh() == {Count.RULES_RELOADED: 1}
    assert len(platform.feed.index) == 4


async def test_an_edit_that_is_spread_while_a_snapshot_is_built_is_not_undone() -> None:
    platform = Platform()
    for client_id in ("acme", "globex", "initech"):
        await platform.add_rule(client_id)
    await platform.reconcile()
    await platform.distribution.spread()

    class EditedMeanwhile(MemoryRuleDatabase):
        async def next_clients(self, after: str | None, *, clients_max: int) -> RulesAsOf:
            read = await super().next_clients(after, clients_max=clients_max)
            # After the reading and before it is written: one client gains a rule, another one goes, a third one comes.
            if after is None:
                await platform.add_rule("acme")
                await platform.clients.delete("globex", now_ms=NOW_MS)
                await platform.add_rule("aaa")
                await platform.distribution.spread()
            return read

    assert await rebuild_rules(EditedMeanwhile(platform.db), platform.snapshot, owner="one", clients_max=2)
    assert await platform.held() == set(platform.db.rules.values())


async def test_an_updater_that_comes_late_with_an_old_reading_undoes_nothing() -> None:
    platform = Platform()
    await platform.add_rule()
    await platform.reconcile()
    old = await platform.rule_database.rules_of(["acme"])
    rule = await platform.add_rule()
    await platform.distribution.spread()
    assert await platform.snapshot.replace(old) == 0
    assert rule in await platform.held()


async def test_two_builders_do_not_build_at_once_and_a_dead_one_is_replaced() -> None:
    platform = Platform()
    await platform.add_rule()
    first = await platform.snapshot.begin("one")
    assert first is not None
    assert not await rebuild_rules(platform.rule_database, platform.snapshot, owner="two", clients_max=2)
    assert (await platform.distribution.reconciler.step()).is_idle
    platform.clock.advance(30_000)
    assert await rebuild_rules(platform.rule_database, platform.snapshot, owner="two", clients_max=2)
    with pytest.raises(FencedOff):
        await first.finish()
    assert len(await platform.held()) == 1


async def test_a_client_that_differs_is_repaired_and_one_that_was_deleted_goes() -> None:
    platform = Platform()
    for client_id in ("acme", "globex", "initech"):
        await platform.add_rule(client_id)
    await platform.reconcile()
    # Edits of which nobody is told, as when a record of rule.changed was lost.
    await platform.add_rule("acme")
    await platform.clients.delete("globex", now_ms=NOW_MS)
    assert await platform.reconcile() == {Count.RULE_CLIENTS_REPAIRED: 2}
    assert await platform.held() == set(platform.db.rules.values())
    assert await platform.reconcile() == {}


async def test_a_snapshot_of_another_database_is_built_anew() -> None:
    platform = Platform()
    await platform.add_rule()
    await platform.reconcile()
    foreign = RulesAsOf(1_000, {"acme": [], "zeta": [make_rule("zeta")]})
    await platform.snapshot.replace(foreign)
    assert await platform.reconcile() == {Count.RULES_REBUILT: 1}
    assert await platform.held() == set(platform.db.rules.values())


async def test_a_suspect_snapshot_is_built_anew_but_not_again_and_again() -> None:
    platform = Platform()
    await platform.add_rule()
    await platform.reconcile()

    class Suspect(MemoryRuleSnapshot):
        async def state(self) -> SnapshotState | None:
            found = await super().state()
            return None if found is None else replace(found, suspect=True)

    snapshot = Suspect(platform.clock)
    distribution = Distribution(MemoryOutbox(platform.db), platform.rule_database, snapshot, clock=platform.clock)
    reports = [await distribution.reconciler.step() for _ in range(4)]
    assert sum(report.counts[Count.RULES_REBUILT] for report in reports) == 1
    platform.clock.advance(SUSPICION_EVERY_MS_MAX)
    assert (await distribution.reconciler.step()).counts[Count.RULES_REBUILT] == 1


async def test_an_index_that_differs_from_the_source_is_loaded_anew() -> None:
    platform = Platform()
    rule = await platform.add_rule()
    await platform.reconcile()
    await platform.feed.refresh()
    platform.feed.index.remove(rule.rule_id)
    assert await platform.feed.refresh() == {Count.RULES_DIFFERED: 1, Count.RULES_RELOADED: 1}
    assert rule.rule_id in platform.feed.index
    assert await platform.feed.refresh() == {}


async def test_a_snapshot_that_is_not_what_it_says_is_never_taken() -> None:
    class Lying:
        async def snapshot(self) -> RuleSnapshot:
            return RuleSnapshot(1, [make_rule()], "0" * 16)

        async def changes(self, since_version: int) -> RuleChanges | None:
            return None

    with pytest.raises(PortContractBroken):
        await RuleFeed(Lying(), MemoryClock()).refresh()


async def test_two_updaters_with_changes_of_one_client_end_with_the_newest() -> None:
    platform = Platform()
    await platform.reconcile()
    distribution = platform.distribution
    second = RuleUpdater(
        MemoryStream(distribution.log, topic=RULE_CHANGED, group=Group.RULE_UPDATER),
        platform.rule_database,
        platform.snapshot,
        wait_ms=0,
    )
    for _ in range(8):
        await platform.add_rule()
        await distribution.relay.step()
        await second.step()
        await distribution.updater.step()
    assert await platform.held() == set(platform.db.rules.values())
