"""Worker processes: which there are, drawn by the seed, which stages each runs, what happens when one dies."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from alerting_core import limits
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.errors import AlertingError
from alerting_core.memory.log import MemoryLog
from alerting_core.sim.facts import Ended, Process, Raised
from alerting_core.sim.simulation import RESTART_MS_MEAN, Simulation
from alerting_core.stages.batch import StageName, WorkerKind
from alerting_core.stages.loop import DrainableStage, Stage, run_steps
from alerting_core.stages.send import DeliveryPolicy
from alerting_core.stages.wiring import PlatformPorts, StageSpec, Tuning, WiredStage
from alerting_core.topology import ALERT_WORKERS, alert_stages, groups_of, rule_stages


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """A process of a world: which machine it runs on, and which stages it runs."""

    name: str
    machine: str
    stages: Sequence[StageSpec[PlatformPorts]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is in a world.

    Attributes:
        alerts: Events.
        lives: What fires and ends, several times each.
    """

    clients: int
    rules: int
    endpoints: int
    alerts: int
    traffic_ms: int
    lives: int = 0

    @classmethod
    def drawn(cls, dice: Random) -> "Size":
        """Draw a small world of events: what can go wrong with a thousand alerts can go wrong with fifty."""
        return cls(
            clients=dice.randint(1, 5),
            rules=dice.randint(1, 4),
            endpoints=dice.randint(1, 3),
            alerts=dice.randint(8, 60),
            traffic_ms=dice.randint(5_000, 50_000),
        )


def draw_workers(dice: Random) -> list[WorkerSpec]:
    """Draw the workers that an alert meets: one process that does everything, two of them, or several of each kind."""
    drawn: list[tuple[str, Sequence[StageSpec[PlatformPorts]]]]
    if dice.random() < 0.25:
        drawn = [(f"whole-{n}", alert_stages()) for n in range(dice.randint(1, 2))]
    else:
        drawn = [
            (f"{kind}-{number}", stages)
            for kind, stages in ALERT_WORKERS.items()
            for number in range(1 if kind is WorkerKind.RECORDER else dice.randint(1, 3))
        ]
    machines = dice.randint(1, 3)
    return [WorkerSpec(name, f"m{dice.randrange(machines)}", stages) for name, stages in drawn]


def draw_rule_workers(dice: Random, machines: list[str]) -> list[WorkerSpec]:
    """Draw who carries edited rules to the evaluators; nobody where they read the tables themselves."""
    if dice.random() < 0.5:
        return []
    return [WorkerSpec(f"rule-updater-{n}", dice.choice(machines), rule_stages()) for n in range(dice.randint(1, 2))]


def draw_tuning(dice: Random, schedule: RetrySchedule) -> Tuning:
    """Draw small batches and large ones, short waits and long ones."""
    policy = DeliveryPolicy(
        schedule=schedule,
        held_max=dice.choice((4, 64, limits.HELD_CLAIMS_MAX)),
        claim_max=dice.choice((1, 3, 50)),
        per_host_claim_max=dice.choice((1, 2, 64)),
        per_host_sending_max=dice.choice((1, 2, limits.HOST_CONCURRENCY_MAX)),
        idle_wait_ms=5_000,
    )
    hasty = dice.random() < 0.5  # Sweeps so early that they meet work which is only late.
    return Tuning(
        sweep_after_ms=3_000 if hasty else limits.SWEEP_AFTER_MS,
        idle_pauses_ms={StageName.SWEEPER: 2_000} if hasty else {},
        records_max=dice.choice((1, 3, 20, 500)),
        outputs_max=dice.choice((1, 4, 1_000)),
        wait_ms=dice.choice((500, 20_000)),
        policy=policy,
        rule_clients_max=1,
    )


SESSION_MS_MEAN: Final = 4_000.0
"""How long a group waits for a dead consumer before it gives its partitions to others."""


@dataclass(slots=True)
class Worker:
    """A worker: when its process dies, another is started.

    Attributes:
        wire: Makes the stages of a process.
        process: The one that runs now, or the last that did.
        stop: Set to ask it to end.
        stages: Those of `process`.
        is_wanted: Whether another process takes the place of one that ended.
    """

    simulation: Simulation
    log: MemoryLog
    spec: WorkerSpec
    wire: Callable[[Process, WorkerSpec], Sequence[WiredStage]]
    process: Process = field(init=False)
    stop: asyncio.Event = field(init=False)
    stages: Mapping[StageName, Stage] = field(init=False, default_factory=dict[StageName, Stage])
    incarnation: int = 0
    is_wanted: bool = True

    def start(self) -> None:
        """Start a process, unless there is one."""
        if self.simulation.is_over or not self.is_wanted or self.is_alive:
            return
        self.incarnation += 1
        self.process = Process(f"{self.spec.name}.{self.incarnation}")
        self.stop = asyncio.Event()
        self.simulation.trace(f"{self.process.name} starts on {self.spec.machine}")
        self.simulation.loop.start(self.process, self._main(self.process, self.stop))

    @property
    def is_alive(self) -> bool:
        """Whether a process runs here."""
        return self.incarnation > 0 and not self.process.is_dead

    def is_running(self, process: Process) -> bool:
        """Whether *process* is the one that runs here, or was the last."""
        return self.incarnation > 0 and self.process is process

    def on_death(self) -> None:
        """Arrange what follows the death of the process: its groups miss it, and another takes its place."""
        simulation, process = self.simulation, self.process
        simulation.database.senders_present.discard(process.name)
        dice = simulation.dice("supervisor")
        simulation.loop.later(dice.expovariate(1.0) * SESSION_MS_MEAN, lambda: self._leave(process))
        restart_ms = simulation.restart_ms(self.spec.name)
        if restart_ms is not None:
            simulation.loop.later(restart_ms, self.start)

    def leave_groups(self) -> None:
        """Take the live process for dead: its groups give its partitions to others."""
        self._leave(self.process)

    def _leave(self, process: Process) -> None:
        for group, topic in groups_of(self.spec.stages).items():
            self.log.leave(group, topic, process.name)

    async def _main(self, process: Process, stop: asyncio.Event) -> None:
        """Run the stages until they are stopped."""
        simulation, wired = self.simulation, self.wire(process, self.spec)
        self.stages = {one.name: one.stage for one in wired}
        try:
            async with asyncio.TaskGroup() as tasks:
                for one in wired:
                    tasks.create_task(self._run(one, stop))
        except BaseExceptionGroup as errors:
            self._broke_off(process, errors.exceptions[0])
            return
        simulation.trace(f"{process.name} has stopped")
        simulation.emit(Ended(process))
        self._leave(process)
        simulation.database.senders_present.discard(process.name)
        process.is_dead = True
        simulation.loop.later(RESTART_MS_MEAN / 2, self.start)

    async def _run(self, one: WiredStage, stop: asyncio.Event) -> None:
        await run_steps(
            one.stage,
            clock=one.clock,
            stop=stop,
            on_report=lambda report: self.simulation.reported(self.spec.name, report),
            on_failure=lambda failure: self.simulation.failed(self.spec.name, one.name, failure),
            idle_pause_ms=one.idle_pause_ms,
        )
        if isinstance(one.stage, DrainableStage):
            await one.stage.drain()

    def _broke_off(self, process: Process, error: BaseException) -> None:
        """End a process by an error: while it drains a port may be away, at any other time it is a bug."""
        if self.simulation.is_over:
            return
        if not (self.stop.is_set() and isinstance(error, AlertingError) and error.retryable):
            self.simulation.emit(Raised(process, error))
        self.simulation.kill(process, why=f"by {error!r}")
