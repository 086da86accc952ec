"""All use cases on a platform in memory."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from alerting_core.app.application import Application, ApplicationPorts
from alerting_core.domain.rule import Rule, RuleDraft
from alerting_core.errors import InvalidInput
from alerting_core.memory.clients import MemoryClientStore, MemoryKeyStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase, SeededIds
from alerting_core.memory.endpoints import MemoryEndpointStore
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.history import MemoryAlertLog, MemoryNotificationHistory
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.ports.stream import Record

NOW_MS = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z."""


@dataclass(frozen=True)
class World:
    """The use cases, and what is behind them."""

    use: Application
    clock: MemoryClock
    database: MemoryDatabase
    log: MemoryLog
    alerts: MemoryAlertLog
    rule_store: MemoryRuleStore

    async def records(self, topic: str) -> Sequence[Record]:
        """Return all that was published to *topic*."""
        return await MemoryStream(self.log, topic=topic, group="test").poll(records_max=10_000, wait_ms=0)

    async def rule(self, client_id: str = "acme", **changes: Any) -> Rule:
        """Make a client, unless it is there, and a rule of it."""
        if client_id not in self.database.clients:
            await self.use.clients.create(client_id, "Acme")
        values: dict[str, Any] = {"severity": "HIGH", "source": "api", "name": "timeout"}
        return await self.use.rules.create(None, client_id, RuleDraft(**values | changes))


def make_world(rule_store: Callable[[MemoryDatabase], MemoryRuleStore] = MemoryRuleStore) -> World:
    """Return a new, empty world, which stands still at NOW_MS."""
    database, clock = MemoryDatabase(), MemoryClock(NOW_MS)
    log = MemoryLog(clock=clock)
    alerts = MemoryAlertLog(database)
    rules = rule_store(database)
    ports = ApplicationPorts(
        clients=MemoryClientStore(database),
        rules=rules,
        endpoints=MemoryEndpointStore(database),
        keys=MemoryKeyStore(database),
        history=MemoryNotificationHistory(database),
        alerts=alerts,
        episodes=MemoryEpisodeStore(database),
        sink=MemorySink(log),
        clock=clock,
        ids=SeededIds(1),
    )
    return World(Application.on(ports), clock, database, log, alerts, rules)


async def problems_of(call: Coroutine[Any, Any, object]) -> list[tuple[str, str]]:
    """Return (path, code) of each problem that *call* raises."""
    try:
        await call
    except InvalidInput as error:
        return [(problem.path, str(problem.code)) for problem in error.problems]
    raise AssertionError("nothing was found wrong")
