"""The ports of the evaluators' rules, and of those who carry edited rules there, behind a `Gate`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from alerting_core.ports.outbox import Outbox, OutboxRow
from alerting_core.ports.rule_origin import RuleOrigin, RulesAsOf
from alerting_core.ports.rule_snapshot import HeldRules, RuleSnapshotStore, SnapshotBuild, SnapshotState
from alerting_core.ports.rules import RuleChanges, RuleSnapshot, RuleSource
from alerting_core.sim import facts
from alerting_core.sim.gate import Gate, Resource


@dataclass(frozen=True, slots=True)
class SimRuleSource:
    """The rules as evaluators read them; each reading is told to the world."""

    gate: Gate
    source: RuleSource
    resource: Resource

    async def snapshot(self) -> RuleSnapshot:
        """Return all enabled rules."""
        answer = await self.gate.call(self.resource, "rules.snapshot", self.source.snapshot)
        self.gate.world.tell(facts.RulesRead(self.gate.process, answer.version, answer))
        return answer

    async def changes(self, since_version: int) -> RuleChanges | None:
        """Return what changed."""
        answer = await self.gate.call(self.resource, "rules.changes", lambda: self.source.changes(since_version))
        if answer is not None:
            self.gate.world.tell(facts.RulesRead(self.gate.process, answer.version, answer))
        return answer


@dataclass(frozen=True, slots=True)
class SimOutbox:
    """Changes of rules that are still to be told."""

    gate: Gate
    outbox: Outbox

    async def unpublished(self, *, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest changes that are not marked."""
        return await self.gate.call(
            Resource.STORE, "outbox.unpublished", lambda: self.outbox.unpublished(limit=limit), noted=False
        )

    async def mark_published(self, change_ids: Sequence[int], *, now_ms: int) -> None:
        """Mark changes."""
        await self.gate.call(
            Resource.STORE, "outbox.mark_published", lambda: self.outbox.mark_published(change_ids, now_ms=now_ms)
        )


@dataclass(frozen=True, slots=True)
class SimRuleOrigin:
    """The rules as the database of record holds them."""

    gate: Gate
    origin: RuleOrigin

    async def rules_of(self, client_ids: Collection[str]) -> RulesAsOf:
        """Return the rules of these clients."""
        return await self.gate.call(Resource.STORE, "origin.rules_of", lambda: self.origin.rules_of(client_ids))

    async def next_clients(self, after: str | None, *, clients_max: int) -> RulesAsOf:
        """Return the next clients."""
        return await self.gate.call(
            Resource.STORE,
            "origin.next_clients",
            lambda: self.origin.next_clients(after, clients_max=clients_max),
            noted=False,
        )


@dataclass(frozen=True, slots=True)
class SimRuleSnapshot:
    """The shared snapshot."""

    gate: Gate
    store: RuleSnapshotStore

    async def state(self) -> SnapshotState | None:
        """Return what there is."""
        return await self.gate.call(Resource.SNAPSHOT, "snapshot.state", self.store.state, noted=False)

    async def replace(self, rules: RulesAsOf) -> int:
        """Put clients in."""
        return await self.gate.call(Resource.SNAPSHOT, "snapshot.replace", lambda: self.store.replace(rules))

    async def held(self, client_ids: Collection[str]) -> Mapping[str, HeldRules]:
        """Return what is held of these clients."""
        return await self.gate.call(
            Resource.SNAPSHOT, "snapshot.held", lambda: self.store.held(client_ids), noted=False
        )

    async def client_ids(self) -> Sequence[str]:
        """Return all clients."""
        return await self.gate.call(Resource.SNAPSHOT, "snapshot.client_ids", self.store.client_ids, noted=False)

    async def is_sound(self) -> bool:
        """Tell whether the checksums add up."""
        return await self.gate.call(Resource.SNAPSHOT, "snapshot.is_sound", self.store.is_sound, noted=False)

    async def begin(self, owner: str) -> SnapshotBuild | None:
        """Claim the construction of a new one."""
        build = await self.gate.call(Resource.SNAPSHOT, "snapshot.begin", lambda: self.store.begin(owner))
        return None if build is None else SimSnapshotBuild(self.gate, build)


@dataclass(frozen=True, slots=True)
class SimSnapshotBuild:
    """A snapshot under construction."""

    gate: Gate
    build: SnapshotBuild

    async def add(self, rules: RulesAsOf) -> None:
        """Put clients in."""
        await self.gate.call(Resource.SNAPSHOT, "snapshot.add", lambda: self.build.add(rules))

    async def finish(self) -> None:
        """Make it the snapshot."""
        await self.gate.call(Resource.SNAPSHOT, "snapshot.finish", self.build.finish)
