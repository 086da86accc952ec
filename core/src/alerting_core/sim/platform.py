"""What a simulated world is made of, what of it each process sees, and what happens to it by itself.

By itself processes die, resources go away, clocks jump, people edit: that is the `FaultInjector`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from alerting_core.domain.claim import Outcome
from alerting_core.domain.notification import NotificationRef, NotificationStatus
from alerting_core.memory import rule_distribution
from alerting_core.memory.database import MemoryDatabase, SeededIds
from alerting_core.memory.deliveries import MemoryAbandonedLeases, MemoryDeliveryStore, MemoryPresence
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.history import MemoryAlertLog, MemoryNotificationHistory
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore, Presence, Transport
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.history import AlertLog
from alerting_core.ports.rule_distribution import Outbox, RuleDatabase, RuleSnapshotStore, RuleSource
from alerting_core.ports.stream import Record, Sink, Stream, ready_record
from alerting_core.sim.facts import Appended, Process, RulesChanged
from alerting_core.sim.faults import Faults, Resource, dice_for
from alerting_core.sim.observations import Gate, gated
from alerting_core.sim.receivers import Receivers, SimTransport
from alerting_core.sim.simulation import EPOCH_MS, PEOPLE, Simulation
from alerting_core.sim.streams import open_sink, open_stream
from alerting_core.sim.tenants import HOSTS_MAX, Edit, Tenants
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
    episodes: EpisodeStore
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
    rules: Callable[[MemoryDatabase], RuleSource] = rule_distribution.MemoryRuleSource
    snapshot: Callable[[Clock], rule_distribution.MemoryRuleSnapshot] = rule_distribution.MemoryRuleSnapshot
    alerts: Callable[[MemoryDatabase], AlertLog] = MemoryAlertLog
    episodes: Callable[[MemoryDatabase], EpisodeStore] = MemoryEpisodeStore
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
    snapshot: rule_distribution.MemoryRuleSnapshot
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
        episodes=gated(gate, parts.episodes(database), "episodes", store),
        notifications=gated(gate, parts.notifications(database), "notifications", store),
        deliveries=gated(gate, parts.deliveries(database, gate.races), "deliveries", store),
        transport=SimTransport(gate, servers.receivers),
        clock=MachineClock(simulation, machine),
        presence=MemoryPresence(database, process.name),
        abandoned=gated(gate, parts.abandoned(database), "leases", store),
        outbox=gated(gate, rule_distribution.MemoryOutbox(database), "outbox", store),
        rule_database=gated(gate, rule_distribution.MemoryRuleDatabase(database), "origin", store),
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


MINUTE_MS: Final = 60_000
OUTAGE_MS_MEAN: Final = 4_000.0
BREAKDOWN_MS_MEAN: Final = 15_000.0
CLOCK_JUMP_MS_MAX: Final = 600_000
UNANNOUNCED: Final = 0.3
"""How often who resends dies between the change and its announcement: the sweeper has to see it."""


class FaultInjector:
    """Runs one task for each kind of event, each with dice of its own."""

    def __init__(self, world: Platform, tenants: Tenants, rules_changed: Callable[[], None]) -> None:
        """Break *world*, and let people edit what *tenants* have; *rules_changed* is called after an edit of a rule."""
        self._world, self._tenants, self._rules_changed = world, tenants, rules_changed
        self._history = MemoryNotificationHistory(world.database)
        self._dice = dice_for(world.seed, "weather")  # Purposes are part of what a seed means: they keep their names.

    def start(self) -> None:
        """Let everything happen from now on, each as often as the world's faults say."""
        faults, tenants = self._world.faults, self._tenants
        events: tuple[tuple[str, float, Callable[[], Awaitable[None]]], ...] = (
            ("crash anywhere", faults.crashes_per_minute, self._crash),
            ("graceful stop", faults.stops_per_minute, self._stop),
            ("outage", faults.outages_per_minute, self._outage),
            ("rebalance", faults.rebalances_per_minute, self._rebalance),
            ("clock jump", faults.clock_jumps_per_minute, self._jump),
            ("rule edit", faults.edits_per_minute, lambda: self._edit(tenants.edit_rule)),
            ("endpoint edit", faults.endpoint_edits_per_minute, lambda: self._edit(tenants.edit_endpoint)),
            ("client deletion", faults.deletions_per_minute, lambda: self._edit(tenants.delete_client)),
            ("resend", faults.resends_per_minute, self._resend),
            ("breakdown", faults.breakdowns_per_minute, self._break_down),
            ("flush", faults.flushes_per_minute, self._flush),
        )
        for kind, per_minute, happen in events:
            if per_minute > 0:
                self._world.outside(self._go_on(kind, per_minute, happen))

    async def _go_on(self, kind: str, per_minute: float, happen: Callable[[], Awaitable[None]]) -> None:
        dice = dice_for(self._world.seed, kind)
        while True:
            await self._world.loop.pause(dice.expovariate(per_minute) * MINUTE_MS)
            if self._world.is_quiet:
                return
            await happen()

    async def _crash(self) -> None:
        worker = self._dice.choice(self._world.workers)
        if not worker.process.is_dead:
            self._world.count("crash anywhere")
            self._world.kill(worker.process, why="anywhere")

    async def _stop(self) -> None:
        worker = self._dice.choice(self._world.workers)
        if not worker.process.is_dead:
            self._world.count("graceful stop")
            worker.stop.set()

    async def _outage(self) -> None:
        resource = self._dice.choice(list(Resource))
        self._world.count(f"outage of the {resource}")
        for_ms = self._dice.expovariate(1.0) * OUTAGE_MS_MEAN
        self._world.trace(f"the {resource} is away for {for_ms:.0f} ms")
        self._world.away_until_ms[resource] = self._world.loop.now_ms() + round(for_ms)

    async def _rebalance(self) -> None:
        worker = self._dice.choice(self._world.workers)
        if not worker.process.is_dead:
            self._world.count("rebalance")
            self._world.trace(f"{worker.process.name} is taken for dead")
            worker.leave_groups()

    async def _jump(self) -> None:
        machine = self._dice.choice(self._world.machines)
        by_ms = round(self._dice.choice((-1, 1)) * self._dice.random() ** 2 * CLOCK_JUMP_MS_MAX)
        self._world.count("clock jump forwards" if by_ms > 0 else "clock jump backwards")
        self._world.set_clock(machine, by_ms=by_ms)

    async def _edit(self, edit: Callable[[], Awaitable[Edit | None]]) -> None:
        edited = await edit()
        if edited is not None:
            self._world.count(edited.kind)
            self._world.trace(edited.what)
            if edited.changed_rules:
                self._rules_changed()

    async def _resend(self) -> None:
        finished = [
            n for n in self._world.database.notifications.values() if n.status is not NotificationStatus.RECEIVED
        ]
        if not finished:
            return
        notification = self._dice.choice(finished)
        self._world.count("resend")
        self._world.trace(f"{notification.client_id} resends {notification.notification_id}")
        await self._history.resend(
            notification.client_id, notification.notification_id, now_ms=self._world.wall_ms(PEOPLE)
        )
        if self._dice.random() < UNANNOUNCED:
            self._world.count("resend not announced")
        else:
            self._world.log.append([ready_record(notification.ref, notification.alert_id)])

    async def _break_down(self) -> None:
        host = f"h{self._dice.randrange(HOSTS_MAX)}.sim"
        self._world.count("breakdown")
        for_ms = self._dice.expovariate(1.0) * BREAKDOWN_MS_MEAN
        self._world.trace(f"{host} is down for {for_ms:.0f} ms")
        self._world.receivers.down_until_ms[host] = self._world.loop.now_ms() + round(for_ms)

    async def _flush(self) -> None:
        if self._world.distributes_rules:
            self._world.count("snapshot lost")
            self._world.trace("the snapshot of all rules is lost")
            self._world.snapshot.empty()


def rules_changed_fact(database: MemoryDatabase) -> RulesChanged:
    """Return what the rules are now."""
    version = database.outbox[-1].version if database.outbox else 0
    return RulesChanged(version, [rule for rule in database.rules.values() if rule.enabled])
