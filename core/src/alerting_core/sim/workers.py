"""Worker processes: which stages each runs, on which machine, and what happens when one dies."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alerting_core.errors import AlertingError
from alerting_core.memory.log import MemoryLog
from alerting_core.pipeline.loop import DrainableStage, Stage, run_steps
from alerting_core.pipeline.report import StageName
from alerting_core.pipeline.wiring import WiredStage
from alerting_core.sim.facts import Ended, Raised
from alerting_core.sim.process import Process
from alerting_core.sim.shape import WorkerSpec
from alerting_core.sim.simulation import RESTART_MS_MEAN, Simulation
from alerting_core.topology import groups_of

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

    def buried(self) -> None:
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
        simulation.tell(Ended(process))
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
            self.simulation.tell(Raised(process, error))
        self.simulation.kill(process, why=f"by {error!r}")
