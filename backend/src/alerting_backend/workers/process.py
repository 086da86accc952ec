"""The composition roots of a worker and of the API in the distributed mode: from settings to a process that works."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import asdict
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerting_backend.adapters.kafka.dead_letters import FreshDeadLetters, KafkaDeadLetterStore
from alerting_backend.adapters.kafka.topics import SOURCES
from alerting_backend.adapters.postgres.connection import SoleLock
from alerting_backend.adapters.postgres.jobs import PgJobStore
from alerting_backend.adapters.postgres.pools import open_pools
from alerting_backend.adapters.postgres.presence import run_as_sole
from alerting_backend.api.app import create_app
from alerting_backend.api.probes import CONTENT_TYPE, expose
from alerting_backend.runtime.background import JobRunner
from alerting_backend.runtime.listening import ApiServer, Stop, listen, url_of
from alerting_backend.runtime.reporting import REPORT_EVERY_S, StageLog, instance_name, measure_lag, report_figures
from alerting_backend.settings import Settings
from alerting_backend.wiring.dependencies import close_in_time, schema_check, sink_on, wait_for_all
from alerting_backend.wiring.ports import (
    PostgresPorts,
    address_set_in,
    kafka_address,
    kafka_check,
    make_container,
    open_figures,
)
from alerting_backend.workers.worker import NEEDS, Resources, Worker, make_worker
from alerting_core.app.application import Application
from alerting_core.app.operations import CheckResult, ReadinessCheck, ReadinessReport, check_readiness
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import StageMetrics
from alerting_core.stages.batch import WorkerKind
from alerting_core.stages.loop import pause, retry_until_stopped
from alerting_core.stages.meter import StageMeter
from alerting_core.stages.wiring import run_side_by_side

STARTING: Final = CheckResult("worker", ok=False, reason="starting")


class Probes:
    """Answers probes from the moment that the port is open.

    Attributes:
        checks: What readiness depends on; those of the dependencies first, the worker's own when it runs.
        is_starting: Whether the worker does not work yet.
    """

    def __init__(self, stages: StageMetrics, clock: Clock) -> None:
        self.checks: dict[str, ReadinessCheck] = {}
        self.is_starting = True
        self._stages = stages
        self._clock = clock

    def app(self) -> Starlette:
        """Return the application that serves the probes."""
        routes = {"/healthz": self.healthz, "/readyz": self.readyz, "/metrics": self.metrics}
        return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])

    def add(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """Let readiness depend on *checks* too."""
        self.checks.update(checks)

    async def readiness(self) -> ReadinessReport:
        """Return what fails, if anything."""
        found = await check_readiness(self.checks)
        return ReadinessReport([*found.checks, STARTING]) if self.is_starting else found

    async def healthz(self, _request: Request) -> Response:
        """Say that this process lives."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        """Say whether this process can work, and if not, which dependency fails."""
        found = await self.readiness()
        shown = {"ready": found.ready, "checks": [asdict(check) for check in found.checks]}
        return JSONResponse(shown, status_code=200 if found.ready else 503)

    async def metrics(self, _request: Request) -> Response:
        """Return the figures for Prometheus."""
        figures = await self._stages.read(now_ms=self._clock.now_ms())
        return Response(expose(figures, None), media_type=CONTENT_TYPE)


WORK_SECONDS_MAX: Final = 5.5
"""How long the stages may take to end, deliveries under way included; it leaves time to close in order."""

_READY_LOOK_MS: Final = 50

_log_worker = structlog.get_logger("alerting.worker")


async def run_worker(kind: WorkerKind, settings: Settings, stop: Stop) -> None:
    """Run one worker until *stop* is asked for.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed as only a bug can.
    """
    with closing(listen(settings.http_host, settings.http_port)) as listener:
        stop.is_serving = True
        process = _Process(kind, settings, stop.asked)
        server = ApiServer(process.probes.app())
        _log_worker.info("worker_started", worker=str(kind), url=url_of(listener), instance=process.instance)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]), name="probes")
            await server.ready.wait()
            await process.run(when_done=server.stop)


class _Process:
    def __init__(self, kind: WorkerKind, settings: Settings, stop: asyncio.Event) -> None:
        self.instance = instance_name()
        self._kind, self._settings, self._stop = kind, settings, stop
        self._stack = AsyncExitStack()
        self._resources = Resources(settings, self._stack)
        self._meter = StageMeter()
        self.probes = Probes(self._meter, self._resources.clock)

    async def run(self, *, when_done: Callable[[], None]) -> None:
        try:
            self.probes.add(await self._resources.open(NEEDS[self._kind]))
            if await wait_for_all(self.probes.checks, self._stop):
                await self._work(await make_worker(self._kind, self._resources))
        finally:
            when_done()
            await close_in_time(self._stack)

    async def _work(self, worker: Worker) -> None:
        told = StageLog(
            self._meter,
            self._resources.clock,
            instance=self.instance,
            every_s=REPORT_EVERY_S[self._settings.log_format],
            together=False,
        )
        self.probes.add(worker.checks)
        self.probes.is_starting = False
        work = run_side_by_side(worker.stages, stop=self._stop, on_report=told.on_report, on_failure=told.on_failure)
        lag = measure_lag(worker.stages, self._meter, self._resources.clock, instance=self.instance, stop=self._stop)
        async with asyncio.TaskGroup() as tasks:
            beside: list[Awaitable[None]] = [told.emit(self._stop), lag, self._announce(worker.checks)]
            beside += [run(self._stop) for run in worker.beside]
            running = [tasks.create_task(_as_task(each)) for each in beside]
            working = tasks.create_task(work, name="work")
            if (board := await open_figures(self._settings, self._stack)) is not None:
                own, clock = self._meter, self._resources.clock
                tasks.create_task(report_figures(board, own, clock, instance=self.instance, stop=self._stop))
            await self._stop.wait()
            _log_worker.info("worker_stopping", worker=str(self._kind))
            self.probes.is_starting = True  # No more work is taken.
            await self._cut_off_late(working)
            for one in running:
                one.cancel()
            told.flush()

    async def _cut_off_late(self, working: asyncio.Task[None]) -> None:
        await asyncio.wait([working], timeout=WORK_SECONDS_MAX)
        if not working.done():
            _log_worker.warning("work_cut_off", seconds=WORK_SECONDS_MAX)
            working.cancel()
            await asyncio.wait([working], timeout=0.5)

    async def _announce(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """Say once when the worker's own checks pass."""
        while not (await check_readiness(checks)).ready:
            await pause(self._stop, _READY_LOOK_MS)
            if self._stop.is_set():
                return
        _log_worker.info("worker_ready", worker=str(self._kind))


async def _as_task(work: Awaitable[None]) -> None:
    await work


_log_api = structlog.get_logger("alerting.api")


async def run_api(settings: Settings, stop: Stop, show_key: Callable[[str], None]) -> None:
    """Serve the API until *stop* is asked for.

    Args:
        tell_key: Told the first admin key when one was made, to be shown this once.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed as only a bug can.
    """
    with closing(listen(settings.http_host, settings.http_port)) as listener:
        stop.is_serving = True
        stack = AsyncExitStack()
        _log_api.info("api_started", url=url_of(listener))
        try:
            kafka, address = kafka_address(settings), address_set_in(settings)
            assert address is not None, "the command has checked it"
            pools = await stack.enter_async_context(open_pools(address, size_min=0))
            ports = PostgresPorts.on(pools, sink=sink_on(kafka, stack))
            checks: Mapping[str, ReadinessCheck] = {
                "postgres": schema_check(pools.admin),
                "kafka": kafka_check(kafka, SOURCES, stack),
            }
            use = Application.on(ports.application, placeholders=settings.placeholder_domains)
            container = make_container(
                ports,
                settings,
                stages=StageMeter(),
                checks=checks,
                board=await open_figures(settings, stack),
                letters=FreshDeadLetters(lambda: KafkaDeadLetterStore(kafka, ports.application.sink)),
            )
            server = ApiServer(create_app(container))
            jobs = JobRunner(PgJobStore(pools), ports.application.sink, ports.application.clock)
            async with asyncio.TaskGroup() as tasks:
                # From the first moment on, so that probes are told what is waited for.
                tasks.create_task(server.serve(sockets=[listener]), name="api")
                await server.ready.wait()
                if await wait_for_all(checks, stop.asked):
                    await _ensure_admin_key(use, settings, stop.asked, show_key)
                    _log_api.info("api_ready", url=url_of(listener))
                    tasks.create_task(run_as_sole(pools.admin, SoleLock.JOB_RUNNER, jobs.run, stop.asked), name="jobs")
                    await stop.asked.wait()
                _log_api.info("api_stopping")
                server.stop()
        finally:
            await close_in_time(stack)


async def _ensure_admin_key(
    use: Application, settings: Settings, stop: asyncio.Event, show_key: Callable[[str], None]
) -> None:
    """See to it that an operator can get in, also when Postgres goes away just now."""

    async def ensure() -> None:
        made = await use.keys.ensure_admin_key(settings.admin_key)
        if made is not None:
            show_key(made)

    await retry_until_stopped(ensure, stop=stop)
