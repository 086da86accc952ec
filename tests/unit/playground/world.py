"""A platform behind the API, out of nothing but the core: stores in memory, a clock that stands, seeded ids."""

from dataclasses import dataclass
from typing import Final

from alerting_api.auth import Container, KeyAuthenticator
from alerting_core.app.application import Application, ApplicationPorts
from alerting_core.app.dead_letters import DeadLetters
from alerting_core.app.operations import Dashboard, GeneratorJobs
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.memory.clients import MemoryClientStore, MemoryIdempotencyStore, MemoryKeyStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase, SeededIds
from alerting_core.memory.deliveries import MemoryDeliveryStore
from alerting_core.memory.endpoints import MemoryEndpointStore
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.history import MemoryAlertLog, MemoryNotificationHistory
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemoryDeadLetterStore, MemorySink
from alerting_core.ports.metrics import StageFigures, StageMetrics, StageSeries, StageState
from alerting_core.ports.stream import ALERTS_NEW, Record, dead_letter

ADMIN_KEY: Final = "alk_admin-key-of-the-tests"
START_MS: Final = 1_767_323_045_678  # 2026-01-02T03:04:05.678Z


class OneStage:
    """Figures of a platform with one stage."""

    async def read(self, *, now_ms: int) -> list[StageFigures]:
        """Return what one process has done."""
        return [
            StageFigures(
                stage="evaluator",
                instance="tab",
                state=StageState.HEALTHY,
                received=10,
                published=3,
                rejected=1,
                errors=0,
                rate_per_s=1 / 3,
                last_seen_ms=now_ms,
                lag=2,
            )
        ]

    async def series(self, *, now_ms: int) -> list[StageSeries]:
        """Return nothing."""
        return []


@dataclass(frozen=True)
class World:
    """What the API answers from, and what stands behind them."""

    container: Container
    ports: ApplicationPorts
    database: MemoryDatabase
    stages: StageMetrics

    async def happen(self, alert_id: str, rule_id: str, client_id: str) -> None:
        """Let an alert come in, be recorded, and be matched by one rule, with its deliveries planned."""
        now_ms = self.container.clock.now_ms()
        alert = Alert(alert_id, Severity.CRITICAL, "api", "timeout", now_ms // 1_000, {"größe": "☃ <b>&amp;</b>"})
        await MemoryAlertLog(self.database).record([alert], now_ms=now_ms)
        notifications, deliveries = MemoryNotificationStore(self.database), MemoryDeliveryStore(self.database)
        (recorded,) = await notifications.record([Match(alert, client_id, (rule_id,))], now_ms=now_ms)
        (notification,) = await notifications.load([recorded.ref])
        endpoints = await deliveries.endpoints_of([notification])
        planned = endpoints.get(notification.notification_id, ())
        plan = plan_deliveries(notification, planned, now_ms=now_ms, placeholders=())
        await deliveries.plan([plan], now_ms=now_ms)

    async def refuse(self) -> None:
        """Let a consumer refuse a record that it cannot read."""
        record = Record(ALERTS_NEW, 1, 4_711, b"key", b"\xff\x00 no alert", (("trace", b"x"),))
        await self.ports.sink.publish([dead_letter(record, "it is spoiled")])


async def make_world() -> World:
    """Return a world with nothing but one admin key, by which it is called."""
    clock, ids, database = MemoryClock(START_MS), SeededIds(1), MemoryDatabase()
    log = MemoryLog(clock=clock)
    ports = ApplicationPorts(
        clients=MemoryClientStore(database),
        rules=MemoryRuleStore(database),
        endpoints=MemoryEndpointStore(database),
        keys=MemoryKeyStore(database),
        history=MemoryNotificationHistory(database),
        alerts=MemoryAlertLog(database),
        episodes=MemoryEpisodeStore(database),
        sink=MemorySink(log),
        clock=clock,
        ids=ids,
    )
    stages, use = OneStage(), Application.on(ports)
    await use.keys.ensure_admin_key(ADMIN_KEY)
    container = Container(
        use=use,
        clock=clock,
        idempotency=MemoryIdempotencyStore(database),
        jobs=GeneratorJobs(MemoryJobStore(), clock, ids),
        dead_letters=DeadLetters(MemoryDeadLetterStore(log)),
        dashboard=Dashboard(ports.history, stages, clock),
        authenticator=KeyAuthenticator(ports.keys, clock),
        started_at_ms=START_MS,
    )
    return World(container, ports, database, stages)
