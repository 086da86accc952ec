"""Mistakes on the way of edited rules to the evaluators."""

from dataclasses import dataclass, field
from typing import Final

from alerting_core.memory.rule_distribution import MemoryRuleSnapshot, MemorySnapshotBuild
from alerting_core.ports.rule_distribution import RulesAsOf, RuleSnapshotStore
from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.rule_distribution import Relay, RuleReconciler
from tests.simulation.planted.plant import SimWiring

LATE_MS: Final = 20 * 60_000


class FirstClientsOnly(MemoryRuleSnapshot):
    """Builds a snapshot of what it is given first, and takes that for all."""

    async def begin(self, owner: str) -> MemorySnapshotBuild | None:
        build = await super().begin(owner)
        return None if build is None else _First(self, owner)


class _First(MemorySnapshotBuild):
    async def add(self, rules: RulesAsOf) -> None:
        if "client-0" in rules.by_client:
            await super().add(rules)


@dataclass
class DozingRelay:
    """A relay that looks once in twenty minutes."""

    relay: Relay
    looks_at_ms: int = 0
    idle: BatchReport = field(default_factory=lambda: BatchReport(StageName.RELAY))

    async def step(self) -> BatchReport:
        now_ms = self.relay.clock.now_ms()
        if not self.looks_at_ms:
            self.looks_at_ms = now_ms + LATE_MS
        if now_ms < self.looks_at_ms:
            return self.idle
        self.looks_at_ms = now_ms + LATE_MS
        return await self.relay.step()


@dataclass
class BuildsOnly:
    """A reconciler that builds a missing snapshot and compares nothing."""

    reconciler: RuleReconciler
    snapshot: RuleSnapshotStore

    async def step(self) -> BatchReport:
        if await self.snapshot.state() is None:
            return await self.reconciler.step()
        return BatchReport(StageName.RULE_RECONCILER)


def dozing_relay(wiring: SimWiring) -> DozingRelay:
    """Make a relay that is late."""
    return DozingRelay(Relay(wiring.ports.outbox, wiring.ports.sink, wiring.ports.clock))


def builds_only(wiring: SimWiring) -> BuildsOnly:
    """Make a reconciler that does not make up for a late relay."""
    ports = wiring.ports
    return BuildsOnly(RuleReconciler(ports.rule_database, ports.snapshot, ports.clock, ports.ids), ports.snapshot)
