"""What one worker runs, from the topology of the core, and the servers that its ports stand on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import SOURCES
from alerting_backend.adapters.postgres.catalog.rule_distribution import PgOutbox, PgRuleDatabase
from alerting_backend.adapters.postgres.connection import Address, Role
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertLog, PgRetention
from alerting_backend.adapters.postgres.pools import Pool, open_pool
from alerting_backend.adapters.postgres.presence import PgAbandonedLeases, present
from alerting_backend.adapters.redis.connection import RedisServer, open_redis
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot
from alerting_backend.adapters.redis.rule_source import RedisRuleSource
from alerting_backend.adapters.redis.scripts import RuleKeys
from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_backend.runtime.background import Janitor, Retention
from alerting_backend.settings import Settings
from alerting_backend.wiring.dependencies import Dependency, redis_check, schema_check, sink_on
from alerting_backend.wiring.ports import address_set_in, kafka_address, kafka_check, rules_check
from alerting_backend.wiring.transport import delivery_policy, open_transport
from alerting_core.app.operations import ReadinessCheck
from alerting_core.errors import AlertingError
from alerting_core.ports.delivery import Presence, Transport
from alerting_core.stages.batch import WorkerKind
from alerting_core.stages.evaluate import Evaluator
from alerting_core.stages.wiring import Tuning, WiredStage, wire
from alerting_core.topology import workers


class Resources:
    """The servers of one worker; nothing is connected before it is used. Closed with *stack*."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.stack = stack
        self.clock = SystemClock()
        self.kafka = kafka_address(settings)
        self.sink = sink_on(self.kafka, stack)
        self._pool: Pool | None = None
        self._redis: RedisServer | None = None

    @property
    def address(self) -> Address:
        """Where Postgres is."""
        address = address_set_in(self.settings)
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
    def keys(self) -> RuleKeys:
        """Names of the rules in Redis."""
        return RuleKeys(self.settings.redis_prefix)

    def stream(self, topic: str, group: str) -> KafkaStream:
        """Return a consumer; it leaves its group when the stack is closed."""
        instance_id = self.settings.kafka_instance_id
        stream = KafkaStream(self.kafka, self.sink, topic=topic, group=group, instance_id=instance_id)
        self.stack.push_async_callback(stream.close)
        return stream

    async def open(self, needs: Sequence[Dependency]) -> Mapping[str, ReadinessCheck]:
        """Open what *needs* names, without connecting; return the checks of it."""
        checks: dict[str, ReadinessCheck] = {}
        for dependency in needs:
            match dependency:
                case Dependency.KAFKA:
                    checks[dependency] = kafka_check(self.kafka, SOURCES, self.stack)
                case Dependency.POSTGRES:
                    pool = open_pool(self.address, Role.WORKER, size_min=0)
                    self._pool = await self.stack.enter_async_context(pool)
                    checks[dependency] = schema_check(self._pool)
                case Dependency.REDIS:
                    assert self.settings.redis_url is not None, "the command has checked it"
                    self._redis = await self.stack.enter_async_context(open_redis(self.settings.redis_url))
                    checks[dependency] = redis_check(self._redis)
        return checks


class WorkerPorts:
    """All ports of the platform. Each is made when it is first asked for, so that a worker needs no others' servers.

    Attributes:
        streams: The consumers that were opened.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.sink = resources.sink
        self.clock = resources.clock
        self.ids = SystemIds()
        self.streams: list[KafkaStream] = []
        self._transport: Transport | None = None
        self._presence: Presence | None = None

    async def open_sending(self) -> None:
        """Open what only a worker that sends needs: the transport, and its sign of life."""
        resources = self._resources
        self._transport = await resources.stack.enter_async_context(open_transport(resources.settings))
        self._presence = await resources.stack.enter_async_context(present(resources.address))

    def open_stream(self, topic: str, group: str, /) -> KafkaStream:
        """Return a consumer."""
        stream = self._resources.stream(topic, group)
        self.streams.append(stream)
        return stream

    @cached_property
    def rules(self) -> RedisRuleSource:
        """Where evaluators read the rules."""
        return RedisRuleSource(self._resources.redis, self._resources.keys)

    @cached_property
    def alerts(self) -> PgAlertLog:
        """The recent alerts."""
        return PgAlertLog(self._resources.pool)

    @cached_property
    def notifications(self) -> PgNotificationStore:
        """The notifications."""
        return PgNotificationStore(self._resources.pool)

    @cached_property
    def deliveries(self) -> PgDeliveryStore:
        """The deliveries and their attempts."""
        return PgDeliveryStore(self._resources.pool)

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
    def abandoned(self) -> PgAbandonedLeases:
        """The leases of senders that are gone."""
        return PgAbandonedLeases(self._resources.pool)

    @cached_property
    def outbox(self) -> PgOutbox:
        """The changes of rules that were committed."""
        return PgOutbox(self._resources.pool)

    @cached_property
    def rule_database(self) -> PgRuleDatabase:
        """The rules in the database of record."""
        return PgRuleDatabase(self._resources.pool)

    @cached_property
    def snapshot(self) -> RedisRuleSnapshot:
        """The shared snapshot."""
        return RedisRuleSnapshot(self._resources.redis, self._resources.keys)


_K, _P, _R = Dependency.KAFKA, Dependency.POSTGRES, Dependency.REDIS

NEEDS: Final[Mapping[WorkerKind, Sequence[Dependency]]] = {
    WorkerKind.RECORDER: (_K, _P),
    WorkerKind.EVALUATOR: (_K, _R),
    WorkerKind.AGGREGATOR: (_K, _P),
    WorkerKind.SENDER: (_K, _P),
    WorkerKind.RELAY: (_K, _P),
    WorkerKind.RULE_UPDATER: (_K, _P, _R),
}


class NotInGroup(AlertingError):
    """The consumer has no share of the partitions at present."""

    code: ClassVar[str] = "not-in-group"


@dataclass(frozen=True, slots=True)
class Worker:
    """What one process runs.

    Attributes:
        checks: Of the worker itself, beside those of its dependencies.
        beside: What else runs until it is told to stop.
    """

    stages: Sequence[WiredStage]
    checks: Mapping[str, ReadinessCheck]
    beside: Sequence[Callable[[asyncio.Event], Awaitable[None]]] = ()


async def make_worker(kind: WorkerKind, resources: Resources) -> Worker:
    """Put together what a worker of this kind runs."""
    ports, settings = WorkerPorts(resources), resources.settings
    if kind is WorkerKind.SENDER:
        await ports.open_sending()
    tuning = Tuning(policy=delivery_policy(settings), placeholders=settings.placeholder_domains)
    stages = wire(workers()[kind], ports, tuning)
    return Worker(stages, _checks(stages, ports.streams), _beside(kind, resources))


def _checks(stages: Sequence[WiredStage], streams: Sequence[KafkaStream]) -> Mapping[str, ReadinessCheck]:
    async def in_group() -> None:
        if any(stream.rebalancing for stream in streams):
            raise NotInGroup("the consumer has no share of the partitions at present")

    checks: dict[str, ReadinessCheck] = {"group": in_group} if streams else {}
    for one in stages:
        if isinstance(one.stage, Evaluator):
            checks["rules"] = rules_check(one.stage.rules)
    return checks


def _beside(kind: WorkerKind, resources: Resources) -> Sequence[Callable[[asyncio.Event], Awaitable[None]]]:
    if kind is not WorkerKind.RECORDER:
        return ()
    retention = PgRetention(resources.pool, has_relay=True)
    return [Janitor(retention, resources.clock, Retention.of(resources.settings)).run]
