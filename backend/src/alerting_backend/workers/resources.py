"""The servers that a worker needs, each opened once."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import SOURCES
from alerting_backend.adapters.postgres.address import Address, Role
from alerting_backend.adapters.postgres.pools import Pool, open_pool
from alerting_backend.adapters.redis.connection import RedisServer, open_redis
from alerting_backend.adapters.redis.keys import RuleKeys
from alerting_backend.adapters.system import SystemClock
from alerting_backend.settings import Settings
from alerting_backend.wiring.address import address_set_in
from alerting_backend.wiring.kafka import kafka_address, kafka_check
from alerting_backend.workers.dependencies import Dependency, redis_check, schema_check, sink_on
from alerting_core.app.readiness import ReadinessCheck


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
