"""The kinds of workers: which servers each needs, and which conductors it runs.

The janitor runs beside the recorder: it is the one worker that no alert waits for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.postgres.abandoned import PgAbandonedLeases
from alerting_backend.adapters.postgres.alerts import PgAlertLog
from alerting_backend.adapters.postgres.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.presence import present
from alerting_backend.adapters.postgres.retention import PgRetention
from alerting_backend.adapters.postgres.rule_origin import PgRuleOrigin
from alerting_backend.adapters.postgres.unpublished import PgOutbox
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot
from alerting_backend.adapters.redis.rule_source import RedisRuleSource
from alerting_backend.adapters.system import SystemIds
from alerting_backend.runtime.janitor import Janitor, Retention
from alerting_backend.runtime.lag import GaugeSource
from alerting_backend.wiring.checks import rules_check
from alerting_backend.wiring.delivery import delivery_policy
from alerting_backend.wiring.transport import open_transport
from alerting_backend.workers.dependencies import Dependency
from alerting_backend.workers.ground import Ground
from alerting_backend.workers.kind import Kind
from alerting_core import limits
from alerting_core.app.readiness import ReadinessCheck
from alerting_core.errors import AlertingError
from alerting_core.pipeline.aggregate import Aggregator
from alerting_core.pipeline.deliver import Deliverer
from alerting_core.pipeline.dispatch import Dispatcher
from alerting_core.pipeline.evaluate import Evaluator
from alerting_core.pipeline.reclaim import Reclaimer
from alerting_core.pipeline.reconcile_rules import RECONCILE_EVERY_MS, RuleReconciler
from alerting_core.pipeline.record import Recorder
from alerting_core.pipeline.relay import RELAY_EVERY_MS, Relay
from alerting_core.pipeline.report import Stage
from alerting_core.pipeline.rulefeed import RuleFeed
from alerting_core.pipeline.side_by_side import SWEEP_EVERY_MS, Running
from alerting_core.pipeline.sweep import Sweeper
from alerting_core.pipeline.timed import TimedStream
from alerting_core.pipeline.update_rules import RuleUpdater
from alerting_core.pipeline.wakeup import Wakeup
from alerting_core.ports.stream import (
    AGGREGATOR_GROUP,
    ALERTS_MATCHED,
    ALERTS_NEW,
    EVALUATOR_GROUP,
    NOTIFICATIONS_READY,
    RECORDER_GROUP,
    RULE_CHANGED,
    RULE_UPDATER_GROUP,
    SENDER_GROUP,
)

_K, _P, _R = Dependency.KAFKA, Dependency.POSTGRES, Dependency.REDIS


NEEDS: Final[Mapping[Kind, Sequence[Dependency]]] = {
    Kind.EVALUATOR: (_K, _R),
    Kind.AGGREGATOR: (_K, _P),
    Kind.SENDER: (_K, _P),
    Kind.RULE_UPDATER: (_K, _P, _R),
    Kind.RELAY: (_K, _P),
    Kind.RECORDER: (_K, _P),
}


class NotInGroup(AlertingError):
    """The consumer has no share of the partitions at present."""

    code: ClassVar[str] = "not-in-group"


@dataclass(frozen=True, slots=True)
class Worker:
    """What one process runs.

    Attributes:
        checks: Of the worker itself, beside those of its dependencies.
        lag_streams: Asked how much waits; the consumers that the conductors poll.
        beside: What else runs until it is told to stop.
        gauges: What has something to be measured, by stage.
    """

    conductors: Sequence[Running]
    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict[str, ReadinessCheck])
    lag_streams: Mapping[Stage, KafkaStream] = field(default_factory=dict[Stage, KafkaStream])
    beside: Sequence[Callable[[asyncio.Event], Awaitable[None]]] = ()
    gauges: Mapping[Stage, GaugeSource] = field(default_factory=dict[Stage, GaugeSource])


async def make_worker(kind: Kind, ground: Ground) -> Worker:
    """Put together what a worker of this kind runs."""
    match kind:
        case Kind.EVALUATOR:
            return _evaluator(ground)
        case Kind.AGGREGATOR:
            return _aggregator(ground)
        case Kind.SENDER:
            return await _sender(ground)
        case Kind.RULE_UPDATER:
            return _rule_updater(ground)
        case Kind.RELAY:
            relay = Relay(PgOutbox(ground.pool), ground.sink, ground.clock)
            return Worker([Running(Stage.RELAY, relay, idle_pause_ms=RELAY_EVERY_MS)])
        case Kind.RECORDER:
            return _recorder(ground)


def _evaluator(ground: Ground) -> Worker:
    stream = ground.stream(ALERTS_NEW, EVALUATOR_GROUP)
    timed = TimedStream(stream, ground.clock)
    rules = RuleFeed(RedisRuleSource(ground.redis, ground.keys), ground.clock)
    evaluator = Running(Stage.EVALUATOR, Evaluator(timed, rules), stream=timed)
    worker = _reader(stream, [evaluator], checks={"rules": rules_check(rules)})
    return replace(worker, gauges={Stage.EVALUATOR: rules})


def _aggregator(ground: Ground) -> Worker:
    stream = ground.stream(ALERTS_MATCHED, AGGREGATOR_GROUP)
    timed = TimedStream(stream, ground.clock)
    aggregator = Aggregator(timed, PgNotificationStore(ground.pool), ground.clock)
    return _reader(stream, [Running(Stage.AGGREGATOR, aggregator, stream=timed)])


async def _sender(ground: Ground) -> Worker:
    settings = ground.settings
    stream, bell = ground.stream(NOTIFICATIONS_READY, SENDER_GROUP), Wakeup()
    notifications, deliveries = PgNotificationStore(ground.pool), PgDeliveryStore(ground.pool)
    transport = await ground.stack.enter_async_context(open_transport(settings))
    timed = TimedStream(stream, ground.clock)
    dispatcher = Dispatcher(timed, notifications, deliveries, ground.clock, bell, settings.placeholder_domains)
    presence = await ground.stack.enter_async_context(present(ground.address))
    deliverer = Deliverer(
        deliveries, transport, ground.clock, presence.new_owner, policy=delivery_policy(settings), bell=bell
    )
    reclaimer = Reclaimer(PgAbandonedLeases(ground.pool), ground.clock, own=presence.sender)
    sweeper = Sweeper(notifications, deliveries, ground.sink, ground.clock)
    conductors = [
        Running(Stage.DISPATCHER, dispatcher, stream=timed),
        Running(Stage.DELIVERER, deliverer, drain=deliverer.drain),
        Running(Stage.RECLAIMER, reclaimer, idle_pause_ms=limits.ABSENCE_LOOK_MS),
        Running(Stage.SWEEPER, sweeper, idle_pause_ms=SWEEP_EVERY_MS),
    ]
    return replace(_reader(stream, conductors), gauges={Stage.DELIVERER: deliverer})


def _rule_updater(ground: Ground) -> Worker:
    stream = ground.stream(RULE_CHANGED, RULE_UPDATER_GROUP)
    origin, snapshot = PgRuleOrigin(ground.pool), RedisRuleSnapshot(ground.redis, ground.keys)
    timed = TimedStream(stream, ground.clock)
    reconciler = RuleReconciler(origin, snapshot, ground.clock, SystemIds())
    conductors = [
        Running(Stage.RULE_UPDATER, RuleUpdater(timed, origin, snapshot), stream=timed),
        Running(Stage.RULE_RECONCILER, reconciler, idle_pause_ms=RECONCILE_EVERY_MS),
    ]
    return _reader(stream, conductors)


def _recorder(ground: Ground) -> Worker:
    stream = ground.stream(ALERTS_NEW, RECORDER_GROUP)
    timed = TimedStream(stream, ground.clock)
    recorder = Recorder(timed, PgAlertLog(ground.pool), ground.clock)
    janitor = Janitor(PgRetention(ground.pool, has_relay=True), ground.clock, Retention.of(ground.settings))
    conductors = [Running(Stage.RECORDER, recorder, stream=timed)]
    return _reader(stream, conductors, beside=[janitor.run])


def _reader(
    stream: KafkaStream,
    conductors: Sequence[Running],
    *,
    checks: Mapping[str, ReadinessCheck] | None = None,
    beside: Sequence[Callable[[asyncio.Event], Awaitable[None]]] = (),
) -> Worker:
    """Return a worker whose first conductor reads *stream*."""

    async def in_group() -> None:
        if stream.rebalancing:
            raise NotInGroup("the consumer has no share of the partitions at present")

    return Worker(
        conductors,
        checks={"group": in_group, **(checks or {})},
        lag_streams={conductors[0].stage: stream},
        beside=beside,
    )
