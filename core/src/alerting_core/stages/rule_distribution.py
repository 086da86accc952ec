"""How an edited rule reaches the shared snapshot: relay, rule updater, and the reconciler that repairs it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from alerting_core import limits
from alerting_core.codec.records import decode_rule_changed
from alerting_core.ports import rule_distribution as distribution
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.stream import Sink, rule_record
from alerting_core.stages.batch import BatchReport, Consumer, Count, StageName, decode_batch, offsets_after


@dataclass(frozen=True, slots=True)
class Relay:
    """Outbox → rule.changed, at least once and in commit order.

    Several relays publish the same changes more than once, which costs a little and harms nothing: readers of
    rule.changed look the rules up.
    """

    outbox: distribution.Outbox
    sink: Sink
    clock: Clock
    batch_max: int = limits.RELAY_BATCH_MAX

    async def step(self) -> BatchReport:
        """Publish one batch, then mark it: after a crash in between it is published again."""
        rows = await self.outbox.unpublished(limit=self.batch_max)
        if not rows:
            return BatchReport(StageName.RELAY)
        await self.sink.publish([rule_record(row.message) for row in rows])
        await self.outbox.mark_published([row.change_id for row in rows], now_ms=self.clock.now_ms())
        return BatchReport(StageName.RELAY, received=len(rows), published=len(rows))


@dataclass(frozen=True, slots=True)
class RuleUpdater(Consumer):
    """rule.changed → the rules of the clients that it names, read anew and put into the snapshot.

    The message says who changed, not what: so order, repetition and two updaters with changes of the same client do
    no harm. What is read carries how new it is, and the snapshot keeps the newest.
    """

    rule_database: distribution.RuleDatabase
    publisher: distribution.RulePublisher
    clients_max: int = limits.RULE_CLIENTS_AT_ONCE_MAX

    async def step(self) -> BatchReport:
        """Update the clients of one batch, each once however many of its rules changed."""
        records = await self.poll()
        if not records:
            return BatchReport(StageName.RULE_UPDATER)
        intake = decode_batch(records, decode_rule_changed)
        client_ids = list(dict.fromkeys(message.client_id for message in intake.values))
        changed = 0
        for start in range(0, len(client_ids), self.clients_max):
            rules = await self.rule_database.rules_of(client_ids[start : start + self.clients_max])
            changed += await self.publisher.replace(rules)
        await self.stream.commit(intake.dead_letters, offsets_after(records))
        return BatchReport(
            StageName.RULE_UPDATER,
            received=len(records),
            rejected=len(intake.dead_letters),
            counts=Counter({Count.RULE_CLIENTS_UPDATED: changed}),
        )


async def rebuild_rules(
    rule_database: distribution.RuleDatabase,
    snapshot: distribution.RuleSnapshotStore,
    *,
    owner: str,
    clients_max: int,
) -> bool:
    """Read all clients and make what was read the snapshot, in one step at the end; readers see no part of it.

    Edits go on meanwhile. An edit that is spread after the claim goes into the new snapshot too, and is newer than
    what is read here or the same; one that was spread before it is in what is read here. So none is undone.

    Returns:
        Whether it was built; False while another owner builds.

    Raises:
        FencedOff: Another has taken over, or the store was emptied meanwhile. Begin again.
        PortUnavailable: The origin or the store is away.
    """
    build = await snapshot.begin(owner)
    if build is None:
        return False
    after: str | None = None
    while (read := await rule_database.next_clients(after, clients_max=clients_max)).by_client:
        await build.add(read)
        after = next(reversed([*read.by_client]))
    await build.finish()
    return True


SUSPICION_EVERY_MS_MAX: Final = 30_000
"""A snapshot that stays suspect is not built anew more often: then the fault is with the reader."""


@dataclass(slots=True)
class _Pass:
    """Where a pass over all clients is."""

    after: str | None = None
    met: set[str] = field(default_factory=set[str])


class RuleReconciler:
    """Database of record → shared snapshot, for all that the rule updater did not or could not do."""

    def __init__(
        self,
        rule_database: distribution.RuleDatabase,
        snapshot: distribution.RuleSnapshotStore,
        clock: Clock,
        ids: IdSource,
        *,
        clients_max: int = limits.RULE_CLIENTS_AT_ONCE_MAX,
    ) -> None:
        self._rule_database = rule_database
        self._snapshot = snapshot
        self._clock = clock
        self._ids = ids
        self._clients_max = clients_max
        self._pass = _Pass()
        self._rebuilt_at_ms: int | None = None

    async def step(self) -> BatchReport:
        """Build the snapshot when that is needed, else check some clients. Idle when nothing had to be done."""
        state = await self._snapshot.state()
        if state is None or (state.suspect and self._may_act_on_suspicion()):
            return await self._rebuild()
        read = await self._rule_database.next_clients(self._pass.after, clients_max=self._clients_max)
        if read.by_client:
            self._pass.after = [*read.by_client][-1]
            self._pass.met.update(read.by_client)
            return await self._compare(read)
        return await self._end_pass()

    async def _end_pass(self) -> BatchReport:
        met, self._pass = self._pass.met, _Pass()
        if not await self._snapshot.is_sound():
            return await self._rebuild()
        unmet = [client_id for client_id in await self._snapshot.client_ids() if client_id not in met]
        counts: Counter[Count] = Counter()
        for start in range(0, len(unmet), self._clients_max):
            report = await self._compare(await self._rule_database.rules_of(unmet[start : start + self._clients_max]))
            counts.update(report.counts)
            if counts[Count.RULES_REBUILT]:
                break
        return _report(counts)

    async def _compare(self, read: distribution.RulesAsOf) -> BatchReport:
        held = await self._snapshot.held([*read.by_client])
        damaged = any(one.checksum is None for one in held.values())
        if damaged or await self._is_foreign(held.values(), read.as_of):
            return await self._rebuild()
        differing = {
            c: rules for c, rules in read.by_client.items() if distribution.rules_checksum(rules) != held[c].checksum
        }
        if not differing:
            return _report({})
        return _report(
            {Count.RULE_CLIENTS_REPAIRED: await self._snapshot.replace(distribution.RulesAsOf(read.as_of, differing))}
        )

    async def _is_foreign(self, held: Iterable[distribution.HeldRules], as_of: int) -> bool:
        """Tell whether the snapshot knows changes that its database does not, as one of before a restore would."""
        newest = max(one.as_of for one in held)
        if newest <= as_of:
            return False
        # An updater may have come in between with what it read later: then the database knows it by now.
        return newest > (await self._rule_database.rules_of([])).as_of

    async def _rebuild(self) -> BatchReport:
        self._pass = _Pass()
        built = await rebuild_rules(
            self._rule_database, self._snapshot, owner=self._ids.new_uuid(), clients_max=self._clients_max
        )
        if built:
            self._rebuilt_at_ms = self._clock.now_ms()
        return _report({Count.RULES_REBUILT: int(built)})

    def _may_act_on_suspicion(self) -> bool:
        last_ms = self._rebuilt_at_ms
        return last_ms is None or abs(self._clock.now_ms() - last_ms) >= SUSPICION_EVERY_MS_MAX


def _report(counts: Mapping[Count, int]) -> BatchReport:
    return BatchReport(StageName.RULE_RECONCILER, counts=Counter(counts))
