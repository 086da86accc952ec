"""All ports of the core on one Postgres."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from alerting_backend.adapters.postgres.catalog import clients, rule_distribution
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader, PgEndpointStore, PgRuleStore
from alerting_backend.adapters.postgres.connection import Pool, Pools, connected
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners, of_pipeline
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_backend.adapters.postgres.history.notifications import PgNotificationHistory
from alerting_backend.adapters.postgres.history.retention import PgRetention
from alerting_backend.adapters.postgres.jobs import PgIdempotencyStore, PgJobStore
from alerting_backend.adapters.postgres.presence import PgAbandonedLeases
from alerting_backend.adapters.postgres.stream.dead_letters import PgDeadLetterStore
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_core import topology
from alerting_core.app.application import ApplicationPorts
from alerting_core.app.operations import ReadinessCheck
from alerting_core.ports import delivery, stream


def postgres_check(pool: Pool) -> ReadinessCheck:
    """Return the check that Postgres answers."""

    async def check() -> None:
        async with connected(pool, "readiness") as connection:
            await connection.fetchval("SELECT 1")

    return check


class WorkerStores:
    """What the pipeline keeps in Postgres. Each is made when it is first asked for."""

    def __init__(self, pool_of: Callable[[], Pool]) -> None:
        """Be on what *pool_of* returns, which is asked for no sooner than a store is: a pool of the workers' role."""
        self._pool_of = pool_of

    @cached_property
    def alerts(self) -> PgAlertLog:
        """The recent alerts."""
        return PgAlertLog(self._pool_of())

    @cached_property
    def episodes(self) -> PgEpisodeStore:
        """The episodes of alerts with a life."""
        return PgEpisodeStore(of_pipeline(self._pool_of()))

    @cached_property
    def notifications(self) -> PgNotificationStore:
        """The notifications."""
        return PgNotificationStore(self._pool_of())

    @cached_property
    def deliveries(self) -> PgDeliveryStore:
        """The deliveries and their attempts."""
        return PgDeliveryStore(self._pool_of())

    @cached_property
    def abandoned(self) -> PgAbandonedLeases:
        """The leases of senders that are gone."""
        return PgAbandonedLeases(self._pool_of())

    @cached_property
    def outbox(self) -> rule_distribution.PgOutbox:
        """The changes of rules that were committed."""
        return rule_distribution.PgOutbox(self._pool_of())

    @cached_property
    def rule_database(self) -> rule_distribution.PgRuleDatabase:
        """The rules in the database of record."""
        return rule_distribution.PgRuleDatabase(self._pool_of())

    def retention(self, *, has_relay: bool) -> PgRetention:
        """Return what clears away whatever is old."""
        return PgRetention(self._pool_of(), has_relay=has_relay)


@dataclass(frozen=True, slots=True)
class PostgresPorts:
    """Everything on one set of pools. The log is shared, so that writers ring the readers of the same process."""

    pools: Pools
    log: PgLog
    application: ApplicationPorts
    stores: WorkerStores

    @classmethod
    def on(cls, pools: Pools, *, sink: stream.Sink | None = None) -> "PostgresPorts":
        """Return the ports on *pools* with the system's clock; streams are in tables unless *sink* leads elsewhere."""
        log, stores = PgLog(pools.worker), WorkerStores(lambda: pools.worker)
        application = ApplicationPorts(
            clients=clients.PgClientStore(pools),
            rules=PgRuleStore(pools),
            endpoints=PgEndpointStore(pools),
            keys=clients.PgKeyStore(pools),
            history=PgNotificationHistory(pools),
            alerts=PgAlertHistory(pools),
            episodes=PgEpisodeStore(of_owners(pools)),
            sink=PgSink(log) if sink is None else sink,
            clock=SystemClock(),
            ids=SystemIds(),
        )
        return cls(pools, log, application, stores)

    def pipeline(self, transport: delivery.Transport, presence: delivery.Presence) -> topology.PipelinePorts:
        """Return what the pipeline asks for; *transport* carries the messages of the sender that *presence* shows."""
        return topology.PipelinePorts(
            open_stream=self._open_stream,
            sink=self.application.sink,
            rules=rule_distribution.PgRuleSource(self.pools.worker),
            alerts=self.stores.alerts,
            episodes=self.stores.episodes,
            notifications=self.stores.notifications,
            deliveries=self.stores.deliveries,
            transport=transport,
            clock=self.application.clock,
            presence=presence,
            abandoned=self.stores.abandoned,
        )

    def jobs(self) -> PgJobStore:
        """Return the jobs of the alert generator."""
        return PgJobStore(self.pools)

    def idempotency(self) -> PgIdempotencyStore:
        """Return the answers by Idempotency-Key."""
        return PgIdempotencyStore(self.pools)

    def dead_letters(self) -> PgDeadLetterStore:
        """Return the dead letters of the streams in the database."""
        return PgDeadLetterStore(self.log)

    def bulk_loader(self) -> PgBulkLoader:
        """Return what loads many rows at once."""
        return PgBulkLoader(self.pools)

    def _open_stream(self, topic: str, group: str) -> stream.Stream:
        return PgStream(self.log, topic=topic, group=group)
