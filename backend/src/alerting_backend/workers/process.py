"""The composition root of a worker: from settings to a process that works.

What a worker runs follows from the topology of the core. Its ports are made when they are first asked for, on the
servers that this kind of worker needs, so that no process is connected to more than that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import structlog

from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.postgres.connection import Address, Pool, Role, open_pool
from alerting_backend.adapters.postgres.ports import WorkerStores
from alerting_backend.adapters.postgres.presence import present
from alerting_backend.adapters.redis import rule_snapshot, scripts
from alerting_backend.adapters.redis.connection import RedisServer, open_redis
from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_backend.runtime import background, listening, probes, reporting
from alerting_backend.settings import Settings
from alerting_backend.wiring import dependencies, kafka
from alerting_core import errors, topology
from alerting_core.app import operations
from alerting_core.ports.delivery import Presence, Transport
from alerting_core.stages import batch, consumers, loop, meter, wiring


class Resources:
    """The servers of one worker; nothing is connected before it is used. Closed with *stack*."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.stack = stack
        self.clock = SystemClock()
        self.kafka = kafka.kafka_address(settings)
        self.sink = kafka.sink_on(self.kafka, stack)
        self._pool: Pool | None = None
        self._redis: RedisServer | None = None

    @property
    def address(self) -> Address:
        """Where Postgres is."""
        address = dependencies.address_set_in(self.settings)
        assert address is not None, "the command has checked it"
        return address

    @property
    def pool(self) -> Pool:
        """Postgres, as the workers' role."""
        assert self._pool is not None, "this kind of worker needs no Postgres"
        return self._pool

    @property
    def redis(self) -> RedisServer:
        """Redis."""
        assert self._redis is not None, "this kind of worker needs no Redis"
        return self._redis

    @property
    def keys(self) -> scripts.RuleKeys:
        """Names of the rules in Redis."""
        return scripts.RuleKeys(self.settings.redis_prefix)

    def stream(self, topic: str, group: str) -> KafkaStream:
        """Return a consumer; it leaves its group when the stack is closed."""
        instance_id = self.settings.kafka_instance_id
        stream = KafkaStream(self.kafka, self.sink, topic=topic, group=group, instance_id=instance_id)
        self.stack.push_async_callback(stream.close)
        return stream

    async def open(self, needs: Sequence[dependencies.Dependency]) -> Mapping[str, operations.ReadinessCheck]:
        """Open what *needs* names, without connecting; return the checks of it."""
        checks: dict[str, operations.ReadinessCheck] = {}
        for dependency in needs:
            match dependency:
                case dependencies.Dependency.KAFKA:
                    checks[dependency] = kafka.kafka_check(self.kafka, self.stack)
                case dependencies.Dependency.POSTGRES:
                    pool = open_pool(self.address, Role.WORKER, size_min=0)
                    self._pool = await self.stack.enter_async_context(pool)
                    checks[dependency] = dependencies.schema_check(self._pool)
                case dependencies.Dependency.REDIS:
                    assert self.settings.redis_url is not None, "the command has checked it"
                    self._redis = await self.stack.enter_async_context(open_redis(self.settings.redis_url))
                    checks[dependency] = dependencies.redis_check(self._redis)
        return checks


class WorkerPorts(WorkerStores):
    """All ports of the platform. Each is made when it is first asked for, so that a worker needs no others' servers.

    Attributes:
        streams: The consumers that were opened.
    """

    def __init__(self, resources: Resources) -> None:
        super().__init__(lambda: resources.pool)
        self._resources = resources
        self.sink = resources.sink
        self.clock = resources.clock
        self.ids = SystemIds()
        self.streams: list[KafkaStream] = []
        self._transport: Transport | None = None
        self._presence: Presence | None = None

    async def open_sending(self) -> None:
        """Open what only a worker that sends needs: the transport, and its sign of life."""
        # Late: no other worker waits until the HTTP client is imported.
        from alerting_backend.wiring.transport import open_transport

        resources = self._resources
        self._transport = await resources.stack.enter_async_context(open_transport(resources.settings))
        self._presence = await resources.stack.enter_async_context(present(resources.address))

    def open_stream(self, topic: str, group: str, /) -> KafkaStream:
        """Return a consumer."""
        stream = self._resources.stream(topic, group)
        self.streams.append(stream)
        return stream

    @cached_property
    def rules(self) -> rule_snapshot.RedisRuleSource:
        """Where evaluators read the rules."""
        return rule_snapshot.RedisRuleSource(self._resources.redis, self._resources.keys)

    @property
    def transport(self) -> Transport:
        """What carries messages to endpoints."""
        assert self._transport is not None, "this worker does not send"
        return self._transport

    @property
    def presence(self) -> Presence:
        """The sign of life of this process's sender."""
        assert self._presence is not None, "this worker does not send"
        return self._presence

    @cached_property
    def snapshot(self) -> rule_snapshot.RedisRuleSnapshot:
        """The shared snapshot."""
        return rule_snapshot.RedisRuleSnapshot(self._resources.redis, self._resources.keys)


_K, _P, _R = dependencies.Dependency.KAFKA, dependencies.Dependency.POSTGRES, dependencies.Dependency.REDIS

NEEDS: Final[Mapping[batch.WorkerKind, Sequence[dependencies.Dependency]]] = {
    batch.WorkerKind.RECORDER: (_K, _P),
    batch.WorkerKind.EVALUATOR: (_K, _R),
    batch.WorkerKind.AGGREGATOR: (_K, _P),
    batch.WorkerKind.SENDER: (_K, _P),
    batch.WorkerKind.RELAY: (_K, _P),
    batch.WorkerKind.RULE_UPDATER: (_K, _P, _R),
}


class NotInGroup(errors.AlertingError):
    """The consumer has no share of the partitions at present."""

    code: ClassVar[str] = "not-in-group"


@dataclass(frozen=True, slots=True)
class Worker:
    """What one process runs.

    Attributes:
        checks: Of the worker itself, beside those of its dependencies.
        beside: What else runs until it is told to stop.
    """

    stages: Sequence[wiring.WiredStage]
    checks: Mapping[str, operations.ReadinessCheck]
    beside: Sequence[Callable[[asyncio.Event], Awaitable[None]]] = ()


async def make_worker(kind: batch.WorkerKind, resources: Resources) -> Worker:
    """Put together what a worker of this kind runs."""
    ports, settings = WorkerPorts(resources), resources.settings
    if kind is batch.WorkerKind.SENDER:
        await ports.open_sending()
    tuning = wiring.Tuning(policy=dependencies.delivery_policy(settings), placeholders=settings.placeholder_domains)
    stages = wiring.wire(topology.workers()[kind], ports, tuning)
    return Worker(stages, _checks(stages, ports.streams), _beside(kind, ports, resources))


def _checks(
    stages: Sequence[wiring.WiredStage], streams: Sequence[KafkaStream]
) -> Mapping[str, operations.ReadinessCheck]:
    async def in_group() -> None:
        if any(stream.rebalancing for stream in streams):
            raise NotInGroup("the consumer has no share of the partitions at present")

    checks: dict[str, operations.ReadinessCheck] = {"group": in_group} if streams else {}
    for one in stages:
        if isinstance(one.stage, consumers.Evaluator):
            checks["rules"] = dependencies.rules_check(one.stage.rules)
    return checks


def _beside(
    kind: batch.WorkerKind, ports: WorkerPorts, resources: Resources
) -> Sequence[Callable[[asyncio.Event], Awaitable[None]]]:
    if kind is not batch.WorkerKind.RECORDER:
        return ()
    return [
        background.Janitor(
            ports.retention(has_relay=True), resources.clock, background.Retention.of(resources.settings)
        ).run
    ]


WORK_SECONDS_MAX: Final = 5.5
"""How long the stages may take to end, deliveries under way included; it leaves time to close in order."""

_READY_LOOK_MS: Final = 50

_log = structlog.get_logger("alerting.worker")


async def run_worker(kind: batch.WorkerKind, settings: Settings, stop: listening.Stop) -> None:
    """Run one worker until *stop* is asked for.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed as only a bug can.
    """
    with closing(listening.listen(settings.http_host, settings.http_port)) as listener:
        stop.is_serving = True
        process = _Process(kind, settings, stop.asked)
        server = listening.ApiServer(process.probes.app())
        _log.info("worker_started", worker=str(kind), url=listening.url_of(listener), instance=process.instance)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]), name="probes")
            await server.ready.wait()
            await process.run(when_done=server.stop)


class _Process:
    def __init__(self, kind: batch.WorkerKind, settings: Settings, stop: asyncio.Event) -> None:
        self.instance = reporting.instance_name()
        self._kind, self._settings, self._stop = kind, settings, stop
        self._stack = AsyncExitStack()
        self._resources = Resources(settings, self._stack)
        self._meter = meter.StageMeter()
        self.probes = probes.Probes(self._meter, self._resources.clock)

    async def run(self, *, when_done: Callable[[], None]) -> None:
        try:
            self.probes.add(await self._resources.open(NEEDS[self._kind]))
            if await dependencies.wait_for_all(self.probes.checks, self._stop):
                await self._work(await make_worker(self._kind, self._resources))
        finally:
            when_done()
            await dependencies.close_in_time(self._stack)

    async def _work(self, worker: Worker) -> None:
        told = reporting.StageLog(
            self._meter,
            self._resources.clock,
            instance=self.instance,
            every_s=reporting.REPORT_EVERY_S[self._settings.log_format],
            together=False,
        )
        self.probes.add(worker.checks)
        self.probes.is_starting = False
        work = wiring.run_side_by_side(
            worker.stages, stop=self._stop, on_report=told.on_report, on_failure=told.on_failure
        )
        lag = reporting.measure_lag(
            worker.stages, self._meter, self._resources.clock, instance=self.instance, stop=self._stop
        )
        async with asyncio.TaskGroup() as tasks:
            beside: list[Awaitable[None]] = [told.emit(self._stop), lag, self._announce(worker.checks)]
            beside += [run(self._stop) for run in worker.beside]
            running = [tasks.create_task(_as_task(each)) for each in beside]
            working = tasks.create_task(work, name="work")
            if (board := await dependencies.open_figures(self._settings, self._stack)) is not None:
                own, clock = self._meter, self._resources.clock
                tasks.create_task(reporting.report_figures(board, own, clock, instance=self.instance, stop=self._stop))
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

    async def _announce(self, checks: Mapping[str, operations.ReadinessCheck]) -> None:
        """Say once when the worker's own checks pass."""
        while not (await operations.check_readiness(checks)).ready:
            await loop.pause(self._stop, _READY_LOOK_MS)
            if self._stop.is_set():
                return
        _log.info("worker_ready", worker=str(self._kind))


async def _as_task(work: Awaitable[None]) -> None:
    await work
