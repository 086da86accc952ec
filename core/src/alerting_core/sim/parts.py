"""What a world is made of, and what of it each process sees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from alerting_core.pipeline.wiring import StageSpec
from alerting_core.ports.alerts import AlertLog
from alerting_core.ports.clock import Clock
from alerting_core.ports.deliveries import DeliveryStore
from alerting_core.ports.ids import IdSource
from alerting_core.ports.notifications import NotificationStore
from alerting_core.ports.outbox import Outbox
from alerting_core.ports.presence import AbandonedLeases, Presence
from alerting_core.ports.rule_origin import RuleOrigin
from alerting_core.ports.rule_snapshot import RuleSnapshotStore
from alerting_core.ports.rules import RuleSource
from alerting_core.ports.stream import Sink, Stream
from alerting_core.ports.transport import Transport
from alerting_core.sim.delivery_ports import SimAbandonedLeases, SimDeliveryStore
from alerting_core.sim.dice import dice_for
from alerting_core.sim.gate import Gate, Resource
from alerting_core.sim.ports import SimAlertLog, SimClock, SimNotificationStore
from alerting_core.sim.process import Process
from alerting_core.sim.races import RacingDeliveryStore
from alerting_core.sim.receivers import Receivers, SimTransport
from alerting_core.sim.rule_ports import SimOutbox, SimRuleOrigin, SimRuleSnapshot, SimRuleSource
from alerting_core.sim.streams import SimSink, SimStream

if TYPE_CHECKING:
    from alerting_core.sim.platform import Platform


@dataclass(frozen=True, slots=True)
class SimPorts:
    """What one process asks of the world: `PlatformPorts`, with each port in a field."""

    open_stream: Callable[[str, str], Stream]
    sink: Sink
    rules: RuleSource
    alerts: AlertLog
    notifications: NotificationStore
    deliveries: DeliveryStore
    transport: Transport
    clock: Clock
    presence: Presence
    abandoned: AbandonedLeases
    outbox: Outbox
    origin: RuleOrigin
    snapshot: RuleSnapshotStore
    ids: IdSource


def unchanged(spec: StageSpec[SimPorts]) -> StageSpec[SimPorts]:
    """Return the stage as it is in the topology."""
    return spec


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
    stage: Callable[[StageSpec[SimPorts]], StageSpec[SimPorts]] = unchanged
    receivers: Callable[["Platform"], Receivers] = Receivers


def ports_of(process: Process, world: "Platform", *, machine: str) -> SimPorts:
    """Return the ports of a process on *machine*: what the world is made of, behind a gate that has faults."""
    gate, database, parts = Gate(world, process), world.database, world.parts

    def open_stream(topic: str, group: str) -> Stream:
        stream = MemoryStream(world.log, topic=topic, group=group, member=process.name)
        return SimStream(gate, world.log, stream, topic=topic, group=group)

    return SimPorts(
        open_stream=open_stream,
        sink=SimSink(gate, world.log),
        rules=_rules(gate, world),
        alerts=SimAlertLog(gate, parts.alerts(database)),
        notifications=SimNotificationStore(gate, parts.notifications(database)),
        deliveries=SimDeliveryStore(gate, parts.deliveries(database, gate.races)),
        transport=SimTransport(gate),
        clock=SimClock(gate, machine),
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
