"""How an edited rule reaches the shared snapshot, driven by hand: the stages on whatever stores a test has."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from alerting_core.memory.database import MemoryClock, SeededIds
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.ports.rule_distribution import Outbox, RuleDatabase, RuleSnapshotStore
from alerting_core.ports.stream import RULE_CHANGED, Group
from alerting_core.stages.rule_distribution import Relay, RuleReconciler, RuleUpdater
from tests.support.catalog import NOW_MS

EDITS: Final = ("create", "replace", "delete")


class Distribution:
    """Relay, rule updater and reconciler of one platform, on a log in memory."""

    def __init__(
        self,
        outbox: Outbox,
        rule_database: RuleDatabase,
        snapshot: RuleSnapshotStore,
        *,
        clock: MemoryClock | None = None,
        clients_max: int = 2,
    ) -> None:
        self.snapshot = snapshot
        self.clock = clock or MemoryClock(NOW_MS)
        self.log = MemoryLog(clock=self.clock, partitions=2)
        self.stream = MemoryStream(self.log, topic=RULE_CHANGED, group=Group.RULE_UPDATER)
        self.relay = Relay(outbox, MemorySink(self.log), self.clock)
        self.updater = RuleUpdater(self.stream, rule_database, snapshot, wait_ms=0, clients_max=clients_max)
        self.reconciler = RuleReconciler(rule_database, snapshot, self.clock, SeededIds(1), clients_max=clients_max)
        self._sole = asyncio.Lock()

    async def spread(self) -> None:
        """Carry all that was committed into the snapshot."""
        async with self._sole:
            while not (await self.relay.step()).is_idle:
                pass
            while not (await self.updater.step()).is_idle:
                pass


@dataclass(frozen=True)
class Spreading:
    """A store whose edits are spread before they return."""

    store: Any
    spread: Callable[[], Awaitable[None]]

    def __getattr__(self, name: str) -> Any:
        """Return a method of the store."""
        found = getattr(self.store, name)
        if name not in EDITS:
            return found

        async def edit(*arguments: Any, **named: Any) -> Any:
            answer = await found(*arguments, **named)
            await self.spread()
            return answer

        return edit
