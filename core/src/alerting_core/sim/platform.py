"""What a simulated world is made of, what of it each process sees, and what may be done to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from alerting_core.domain.claim import Outcome
from alerting_core.domain.notification import NotificationRef
from alerting_core.memory.database import MemoryDatabase, SeededIds
from alerting_core.memory.deliveries import MemoryAbandonedLeases, MemoryDeliveryStore, MemoryPresence
from alerting_core.memory.history import MemoryAlertLog
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rule_distribution import (
    MemoryOutbox,
    MemoryRuleDatabase,
    MemoryRuleSnapshot,
    MemoryRuleSource,
)
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore, Presence, Transport
from alerting_core.ports.history import AlertLog
from alerting_core.ports.rule_distribution import Outbox, RuleDatabase, RuleSnapshotStore, RuleSource
from alerting_core.ports.stream import Record, Sink, Stream
from alerting_core.sim.facts import Appended
from alerting_core.sim.faults import Faults, Resource, dice_for
from alerting_core.sim.observations import Gate, gated
from alerting_core.sim.process import Process
from alerting_core.sim.receivers import Receivers, SimTransport
from alerting_core.sim.simulation import EPOCH_MS, Simulation
from alerting_core.sim.streams import open_sink, open_stream
from alerting_core.sim.workers import Worker, WorkerSpec
from alerting_core.stages.batch import StageName
from alerting_core.stages.wiring import StageSpec, Tuning, WiredStage, wire
from alerting_core.topology import groups_of


class RacingDeliveryStore(MemoryDeliveryStore):
    """A store whose transactions overlap, as a real one's do: neither sees that the other ends the last delivery but
    its own, and the notification is left for the sweeper to settle.

    Args:
        races: Whether this call meets another.
    """

    def __init__(self, database: MemoryDatabase, races: Callable[[], bool]) -> None:
        super().__init__(database)
        self._races = races
        self._is_racing = False

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record outcomes; settle nothing if another call is recording too."""
        self._is_racing = self._races()
        try:
            return await super().record_outcomes(outcomes, now_ms=now_ms)
        finally:
            self._is_racing = False

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        """Settle what is finished, as far as this call can see."""
        return 0 if self._is_racing else await super().settle(refs, now_ms=now_ms)


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
    rule_database: RuleDatabase
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
    receivers: Callable[[Simulation], Receivers] = Receivers


@dataclass(frozen=True, slots=True)
class Servers:
    """What the processes of a world share.

    Attributes:
        distributes_rules: Whether evaluators have the rules from the shared snapshot, or from the tables themselves.
    """

    log: MemoryLog
    snapshot: MemoryRuleSnapshot
    receivers: Receivers
    distributes_rules: bool


@dataclass(frozen=True, slots=True)
class MachineClock:
    """The clocks of a machine: its wall clock jumps, the monotonic one does not."""

    simulation: Simulation
    machine: str

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self.simulation.wall_ms(self.machine)

    def monotonic_ms(self) -> float:
        """Return the virtual time since the beginning of the world."""
        return self.simulation.loop.monotonic_ms()


def ports_of(process: Process, simulation: Simulation, servers: Servers, parts: Parts, *, machine: str) -> SimPorts:
    """Return the ports of a process on *machine*: what the world is made of, behind a gate that has faults."""
    gate, database, store = Gate(simulation, process), simulation.database, Resource.STORE
    rules, rules_at = parts.rules(database), Resource.RULES
    if servers.distributes_rules:
        rules, rules_at = servers.snapshot, Resource.SNAPSHOT
    return SimPorts(
        open_stream=partial(open_stream, gate, servers.log),
        sink=open_sink(gate, servers.log),
        rules=gated(gate, rules, "rules", rules_at),
        alerts=gated(gate, parts.alerts(database), "alerts", store),
        notifications=gated(gate, parts.notifications(database), "notifications", store),
        deliveries=gated(gate, parts.deliveries(database, gate.races), "deliveries", store),
        transport=SimTransport(gate, servers.receivers),
        clock=MachineClock(simulation, machine),
        presence=MemoryPresence(database, process.name),
        abandoned=gated(gate, parts.abandoned(database), "leases", store),
        outbox=gated(gate, MemoryOutbox(database), "outbox", store),
        rule_database=gated(gate, MemoryRuleDatabase(database), "origin", store),
        snapshot=gated(gate, servers.snapshot, "snapshot", Resource.SNAPSHOT),
        ids=SeededIds(dice_for(simulation.seed, f"ids of {process.name}").getrandbits(64)),
    )


class Platform(Simulation):
    """A platform on virtual time.

    Args:
        seed: Decides everything.
        faults: What goes wrong by chance.
        worker_specs: Who works in it.
        tuning: How they go about it.
        parts: What it is made of.
        trace_lines_max: How much of the trace is kept; None for all.

    Attributes:
        stage_specs: Of all workers, each once.
        groups: Consumer group → the topic that it reads.
        snapshot: Of all rules, for evaluators, in a world that distributes them.
    """

    def __init__(
        self,
        seed: int,
        faults: Faults,
        *,
        worker_specs: Sequence[WorkerSpec],
        tuning: Tuning,
        parts: Parts | None = None,
        trace_lines_max: int | None,
    ) -> None:
        machines = list(dict.fromkeys(spec.machine for spec in worker_specs))
        super().__init__(seed, faults, machines=machines, trace_lines_max=trace_lines_max)
        self.tuning, self.parts = tuning, parts or Parts()
        by_name = {stage.name: stage for spec in worker_specs for stage in spec.stages}
        self.stage_specs = list(by_name.values())
        self.groups = groups_of(self.stage_specs)
        self.distributes_rules = StageName.RULE_UPDATER in by_name
        clock = _LogClock(self)
        self.log = self.parts.log(clock=clock, on_append=self._appended)
        self.snapshot = self.parts.snapshot(clock)
        self.receivers = self.parts.receivers(self)
        self.workers = [Worker(self, self.log, spec, self._wire) for spec in worker_specs]

    def kill(self, process: Process, *, why: str) -> None:
        """Kill a process; another takes its place after a while."""
        super().kill(process, why=why)
        for worker in self.workers:
            if worker.is_running(process):
                worker.on_death()

    def lag(self, group: str, topic: str) -> int:
        """Return how many records wait for a group."""
        return sum(self.log.end_offsets(topic)) - sum(self.log.committed(group, topic).values())

    def _wire(self, process: Process, spec: WorkerSpec) -> Sequence[WiredStage]:
        servers = Servers(self.log, self.snapshot, self.receivers, distributes_rules=self.distributes_rules)
        ports = ports_of(process, self, servers, self.parts, machine=spec.machine)
        return wire(map(self.parts.stage, spec.stages), ports, self.tuning)

    def _appended(self, record: Record) -> None:
        self.emit(Appended(record))


@dataclass(frozen=True, slots=True)
class _LogClock:
    simulation: Simulation

    def now_ms(self) -> int:
        return EPOCH_MS + self.simulation.loop.now_ms()

    def monotonic_ms(self) -> float:
        return self.simulation.loop.monotonic_ms()
