"""The composition root of a worker: from settings to a process that works until it is told to stop.

Order of the start: the port, so that probes are answered from the first moment on; the dependencies, each waited for
with a growing pause and a line in the log; the conductors. Order of the end: the conductors finish the step that they
are at, deliveries under way end and are recorded; the consumers leave their groups, so that others take over at once;
then the connections and the port are closed. What takes too long is cut off: it was not committed, and others do it
again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from typing import Final

import structlog

from alerting_backend.api.container import ReadinessCheck
from alerting_backend.api.probes import look_at
from alerting_backend.runtime.instance import instance_name
from alerting_backend.runtime.lag import measure_lag
from alerting_backend.runtime.listening import ApiServer, listen, url_of
from alerting_backend.runtime.reporting import report_figures
from alerting_backend.runtime.stage_log import TELL_EVERY_S, StageLog
from alerting_backend.runtime.stopping import Stop
from alerting_backend.settings import Settings
from alerting_backend.wiring.figures import open_figures
from alerting_backend.workers.dependencies import close_in_time, wait_for_all
from alerting_backend.workers.ground import Ground
from alerting_backend.workers.kind import Kind
from alerting_backend.workers.kinds import NEEDS, Worker, make_worker
from alerting_backend.workers.probes import Probes
from alerting_core.pipeline.loop import pause
from alerting_core.pipeline.meter import StageMeter
from alerting_core.pipeline.side_by_side import run_side_by_side

WORK_SECONDS_MAX: Final = 5.5
"""How long the conductors may take to end, deliveries under way included; it leaves time to close in order."""

_READY_LOOK_MS: Final = 50

_log = structlog.get_logger("alerting.worker")


async def run_worker(kind: Kind, settings: Settings, stop: Stop) -> None:
    """Run one worker until *stop* is asked for.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed as only a bug can.
    """
    with closing(listen(settings.http_host, settings.http_port)) as listener:
        stop.is_serving = True
        process = _Process(kind, settings, stop.asked)
        server = ApiServer(process.probes.app())
        _log.info("worker_started", worker=str(kind), url=url_of(listener), instance=process.instance)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]), name="probes")
            await server.ready.wait()
            await process.run(when_done=server.stop)


class _Process:
    def __init__(self, kind: Kind, settings: Settings, stop: asyncio.Event) -> None:
        self.instance = instance_name()
        self._kind, self._settings, self._stop = kind, settings, stop
        self._stack = AsyncExitStack()
        self._ground = Ground(settings, self._stack)
        self._meter = StageMeter()
        self.probes = Probes(self._meter, self._ground.clock)

    async def run(self, *, when_done: Callable[[], None]) -> None:
        try:
            self.probes.add(await self._ground.open(NEEDS[self._kind]))
            if await wait_for_all(self.probes.checks, self._stop):
                await self._work(await make_worker(self._kind, self._ground))
        finally:
            when_done()
            await close_in_time(self._stack)

    async def _work(self, worker: Worker) -> None:
        told = StageLog(
            self._meter,
            self._ground.clock,
            instance=self.instance,
            every_s=TELL_EVERY_S[self._settings.log_format],
            together=False,
        )
        self.probes.add(worker.checks)
        self.probes.is_starting = False
        work = run_side_by_side(
            worker.conductors, stop=self._stop, on_report=told.on_report, on_failure=told.on_failure
        )
        lag = measure_lag(
            worker.lag_streams,
            self._meter,
            self._ground.clock,
            instance=self.instance,
            stop=self._stop,
            sources=worker.gauges,
        )
        async with asyncio.TaskGroup() as tasks:
            beside: list[Awaitable[None]] = [told.tell(self._stop), lag, self._announce(worker.checks)]
            beside += [run(self._stop) for run in worker.beside]
            running = [tasks.create_task(_as_task(each)) for each in beside]
            working = tasks.create_task(work, name="work")
            if (board := await open_figures(self._settings, self._stack)) is not None:
                own, clock = self._meter, self._ground.clock
                tasks.create_task(report_figures(board, own, clock, instance=self.instance, stop=self._stop))
            await self._stop.wait()
            _log.info("worker_stopping", worker=str(self._kind))
            self.probes.is_starting = True  # No more work is taken.
            await self._cut_off_late(working)
            for one in running:
                one.cancel()
            told.flush()

    async def _cut_off_late(self, working: asyncio.Task[None]) -> None:
        await asyncio.wait([working], timeout=WORK_SECONDS_MAX)
        if not working.done():
            _log.warning("work_cut_off", seconds=WORK_SECONDS_MAX)
            working.cancel()
            await asyncio.wait([working], timeout=0.5)

    async def _announce(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """Say once when the worker's own checks pass."""
        while not (await look_at(checks)).ready:
            await pause(self._stop, _READY_LOOK_MS)
            if self._stop.is_set():
                return
        _log.info("worker_ready", worker=str(self._kind))


async def _as_task(work: Awaitable[None]) -> None:
    await work
