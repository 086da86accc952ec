"""What a world is made of, and what of it each process sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alerting_core.memory.alerts import MemoryAlertLog
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.ids import SeededIds
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.outbox import MemoryOutbox
from alerting_core.memory.presence import MemoryAbandonedLeases, MemoryPresence
from alerting_core.memory.rule_origin import MemoryRuleOrigin
from alerting_core.memory.rule_snapshot import MemoryRuleSnapshot
from alerting_core.memory.rules import MemoryRuleSource
from alerting_core.memory.stream import MemoryStream
from alerting_core.pipeline.loop import Conductor
from alerting_core.pipeline.report import Stage
from alerting_core.ports.alerts import AlertLog
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.notifications import NotificationStore
from alerting_core.ports.presence import AbandonedLeases
from alerting_core.ports.rules import RuleSource
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
    Stream,
)
from alerting_core.sim.delivery_ports import SimAbandonedLeases, SimDeliveryStore
from alerting_core.sim.dice import dice_for
from alerting_core.sim.gate import Gate, Resource
from alerting_core.sim.ports import SimAlertLog, SimClock, SimNotificationStore
from alerting_core.sim.process import Process
from alerting_core.sim.races import RacingDeliveryStore
from alerting_core.sim.receivers import Receivers, SimTransport
from alerting_core.sim.rule_ports import SimOutbox, SimRuleOrigin, SimRuleSnapshot, SimRuleSource
from alerting_core.sim.streams import SimSink, SimStream
from alerting_core.sim.wiring import Habits, Place, Ports, make_conductors

if TYPE_CHECKING:
    from alerting_core.sim.platform import Platform

GROUPS: Final[Mapping[str, str]] = {
    RECORDER_GROUP: ALERTS_NEW,
    EVALUATOR_GROUP: ALERTS_NEW,
    AGGREGATOR_GROUP: ALERTS_MATCHED,
    SENDER_GROUP: NOTIFICATIONS_READY,
    RULE_UPDATER_GROUP: RULE_CHANGED,
}
"""Consumer group → the topic that it reads."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a world is made of. A test that plants a bug replaces one of these."""

    log: Callable[..., MemoryLog] = MemoryLog
    rules: Callable[[MemoryDatabase], RuleSource] = MemoryRuleSource
    snapshot: Callable[[Clock], MemoryRuleSnapshot] = MemoryRuleSnapshot
    alerts: Callable[[MemoryDatabase], AlertLog] = MemoryAlertLog
    notifications: Callable[[MemoryDatabase], NotificationStore] = MemoryNotificationStore
    deliveries: Callable[[MemoryDatabase, Callable[[], bool]], DeliveryStore] = RacingDeliveryStore
    abandoned: Callable[[MemoryDatabase], AbandonedLeases] = MemoryAbandonedLeases
    conductors: Callable[[Ports, Habits], dict[Stage, Callable[[], Conductor]]] = make_conductors
    receivers: Callable[["Platform"], Receivers] = Receivers


def ports_of(process: Process, world: "Platform", place: Place) -> Ports:
    """Return the ports of a process at *place*: what the world is made of, behind a gate that has faults."""
    gate, database, parts = Gate(world, process), world.database, world.parts

    def open_stream(group: str) -> Stream:
        topic = GROUPS[group]
        stream = MemoryStream(world.log, topic=topic, group=group, member=process.name)
        return SimStream(gate, world.log, stream, topic=topic, group=group)

    return Ports(
        open_stream=open_stream,
        sink=SimSink(gate, world.log),
        rules=_rules(gate, world),
        alerts=SimAlertLog(gate, parts.alerts(database)),
        notifications=SimNotificationStore(gate, parts.notifications(database)),
        deliveries=SimDeliveryStore(gate, parts.deliveries(database, gate.races)),
        transport=SimTransport(gate),
        clock=SimClock(gate, place.machine),
        presence=MemoryPresence(database, process.name),
        abandoned=SimAbandonedLeases(gate, parts.abandoned(database)),
        outbox=SimOutbox(gate, MemoryOutbox(database)),
        origin=SimRuleOrigin(gate, MemoryRuleOrigin(database)),
        snapshot=SimRuleSnapshot(gate, world.snapshot),
        ids=SeededIds(dice_for(world.seed, f"ids of {process.name}").getrandbits(64)),
    )


def _rules(gate: Gate, world: "Platform") -> RuleSource:
    """Return where evaluators have the rules from: the shared snapshot, or the tables themselves."""
    if world.distributes_rules:
        return SimRuleSource(gate, world.snapshot, Resource.SNAPSHOT)
    return SimRuleSource(gate, world.parts.rules(world.database), Resource.RULES)
