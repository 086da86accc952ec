"""Worker processes: which stages each runs, on which machine, and what happens when one dies."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from alerting_core.errors import AlertingError
from alerting_core.pipeline.loop import DrainableStage, Stage, run_steps
from alerting_core.pipeline.report import StageName
from alerting_core.pipeline.wiring import WiredStage, wire
from alerting_core.sim.facts import Ended, Raised
from alerting_core.sim.parts import ports_of
from alerting_core.sim.process import Process
from alerting_core.sim.shape import WorkerSpec
from alerting_core.topology import groups_of

if TYPE_CHECKING:
    from alerting_core.sim.platform import Platform

RESTART_MS_MEAN: Final = 2_000.0
SESSION_MS_MEAN: Final = 4_000.0
"""How long a group waits for a dead consumer before it gives its partitions to others."""


@dataclass(slots=True)
class Worker:
    """A worker: when its process dies, another is started.

    Attributes:
        process: The one that runs now, or the last that did.
        stop: Set to ask it to end.
        stages: Those of `process`.
        is_wanted: Whether another process takes the place of one that ended.
    """

    world: "Platform"
    spec: WorkerSpec
    process: Process = field(init=False)
    stop: asyncio.Event = field(init=False)
    stages: Mapping[StageName, Stage] = field(init=False, default_factory=dict[StageName, Stage])
    incarnation: int = 0
    is_wanted: bool = True

    def start(self) -> None:
        """Start a process, unless there is one."""
        if self.world.is_over or not self.is_wanted or self.is_alive:
            return
        self.incarnation += 1
        self.process = Process(f"{self.spec.name}.{self.incarnation}")
        self.stop = asyncio.Event()
        self.world.trace(f"{self.process.name} starts on {self.spec.machine}")
        self.world.loop.start(self.process, self._main(self.process, self.stop))

    @property
    def is_alive(self) -> bool:
        """Whether a process runs here."""
        return self.incarnation > 0 and not self.process.is_dead

    def is_running(self, process: Process) -> bool:
        """Whether *process* is the one that runs here, or was the last."""
        return self.incarnation > 0 and self.process is process

    def buried(self) -> None:
        """Arrange what follows the death of the process: its groups miss it, and another takes its place."""
        world, process = self.world, self.process
        world.database.senders_present.discard(process.name)
        dice = world.dice("supervisor")
        world.loop.later(dice.expovariate(1.0) * SESSION_MS_MEAN, lambda: self._leave(process))
        restart_ms = world.restart_ms(self)
        if restart_ms is not None:
            world.loop.later(restart_ms, self.start)

    def leave_groups(self) -> None:
        """Take the live process for dead: its groups give its partitions to others."""
        self._leave(self.process)

    def _leave(self, process: Process) -> None:
        for group, topic in groups_of(self.spec.stages).items():
            self.world.log.leave(group, topic, process.name)

    async def _main(self, process: Process, stop: asyncio.Event) -> None:
        """Run the stages until they are stopped."""
        ports = ports_of(process, self.world, machine=self.spec.machine)
        wired = wire(map(self.world.parts.stage, self.spec.stages), ports, self.world.tuning)
        self.stages = {one.name: one.stage for one in wired}
        try:
            async with asyncio.TaskGroup() as tasks:
                for one in wired:
                    tasks.create_task(self._run(one, stop))
        except BaseExceptionGroup as errors:
            self._broke_off(process, errors.exceptions[0])
            return
        self.world.trace(f"{process.name} has stopped")
        self.world.tell(Ended(process))
        self._leave(process)
        self.world.database.senders_present.discard(process.name)
        process.is_dead = True
        self.world.loop.later(RESTART_MS_MEAN / 2, self.start)

    async def _run(self, one: WiredStage, stop: asyncio.Event) -> None:
        await run_steps(
            one.stage,
            stop=stop,
            on_report=lambda report: self.world.reported(self, report),
            on_failure=lambda failure: self.world.failed(self, one.name, failure),
            idle_pause_ms=one.idle_pause_ms,
        )
        if isinstance(one.stage, DrainableStage):
            await one.stage.drain()

    def _broke_off(self, process: Process, error: BaseException) -> None:
        """End a process by an error: while it drains a port may be away, at any other time it is a bug."""
        if self.world.is_over:
            return
        if not (self.stop.is_set() and isinstance(error, AlertingError) and error.retryable):
            self.world.tell(Raised(process, error))
        self.world.kill(process, why=f"by {error!r}")
