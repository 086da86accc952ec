"""The ports of the core, as a worker has them: streams in Kafka, the shared snapshot in Redis, all else in Postgres."""

from functools import cached_property

from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.postgres.abandoned import PgAbandonedLeases
from alerting_backend.adapters.postgres.alerts import PgAlertLog
from alerting_backend.adapters.postgres.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.presence import present
from alerting_backend.adapters.postgres.rule_origin import PgRuleOrigin
from alerting_backend.adapters.postgres.unpublished import PgOutbox
from alerting_backend.adapters.redis.rule_snapshot import RedisRuleSnapshot
from alerting_backend.adapters.redis.rule_source import RedisRuleSource
from alerting_backend.adapters.system import SystemIds
from alerting_backend.wiring.transport import open_transport
from alerting_backend.workers.resources import Resources
from alerting_core.ports.presence import Presence
from alerting_core.ports.transport import Transport


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
    def origin(self) -> PgRuleOrigin:
        """The rules in the database of record."""
        return PgRuleOrigin(self._resources.pool)

    @cached_property
    def snapshot(self) -> RedisRuleSnapshot:
        """The shared snapshot."""
        return RedisRuleSnapshot(self._resources.redis, self._resources.keys)
