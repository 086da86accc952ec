"""Mistakes on the way of edited rules to the evaluators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from alerting_core.memory.rule_snapshot import MemoryRuleSnapshot, MemorySnapshotBuild
from alerting_core.pipeline.loop import Conductor
from alerting_core.pipeline.reconcile_rules import RuleReconciler
from alerting_core.pipeline.relay import Relay
from alerting_core.pipeline.report import BatchReport, Stage
from alerting_core.ports.rule_origin import RulesAsOf
from alerting_core.sim.wiring import Habits, Ports, make_conductors

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
    idle: BatchReport = field(default_factory=lambda: BatchReport(Stage.RELAY))

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
    ports: Ports

    async def step(self) -> BatchReport:
        if await self.ports.snapshot.state() is None:
            return await self.reconciler.step()
        return BatchReport(Stage.RULE_RECONCILER)


def edits_told_late(ports: Ports, habits: Habits) -> dict[Stage, Callable[[], Conductor]]:
    """Wire a relay that is late, and nobody who makes up for it."""
    return make_conductors(ports, habits) | {
        Stage.RELAY: lambda: DozingRelay(Relay(ports.outbox, ports.sink, ports.clock)),
        Stage.RULE_RECONCILER: lambda: BuildsOnly(
            RuleReconciler(ports.origin, ports.snapshot, ports.clock, ports.ids), ports
        ),
    }
