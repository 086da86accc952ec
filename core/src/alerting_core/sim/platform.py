"""What every simulated world has: a log, tables, workers and the outside; and what may be done to them.

A world adds who sends alerts, what goes wrong by itself and who watches: `world.World` runs one seed from its beginning
to its end for tests, a session of the playground goes on for as long as somebody looks at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alerting_core.ports.stream import Record
from alerting_core.sim.facts import Appended
from alerting_core.sim.faults import Faults
from alerting_core.sim.parts import Parts, Servers, ports_of
from alerting_core.sim.process import Process
from alerting_core.sim.simulation import EPOCH_MS, Simulation
from alerting_core.sim.workers import Worker, WorkerSpec
from alerting_core.stages.batch import StageName
from alerting_core.stages.wiring import Tuning, WiredStage, wire
from alerting_core.topology import groups_of


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
