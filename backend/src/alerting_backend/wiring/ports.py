"""The ports of the core, and the container of the API, on the servers that the settings name."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from alerting_api.auth import KeyAuthenticator
from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.topics import TopicsReady
from alerting_backend.adapters.postgres.catalog import clients, rule_distribution
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader, PgEndpointStore, PgRuleStore
from alerting_backend.adapters.postgres.connection import Address, Pool, Pools, Role, connected
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertLog, PgRetention
from alerting_backend.adapters.postgres.history.notifications import PgNotificationHistory
from alerting_backend.adapters.postgres.jobs import PgIdempotencyStore, PgJobStore
from alerting_backend.adapters.postgres.presence import PgAbandonedLeases
from alerting_backend.adapters.postgres.stream.dead_letters import PgDeadLetterStore
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_backend.api import files, probes
from alerting_backend.settings import Settings, SettingsInvalid
from alerting_core import errors, topology
from alerting_core.app import dead_letters, operations
from alerting_core.app.application import Application, ApplicationPorts
from alerting_core.ports import delivery, metrics, stream
from alerting_core.ports.operations import DeadLetterStore
from alerting_core.stages.evaluate import RuleFeed

if TYPE_CHECKING:
    # Embedded mode has no Redis, and starts without the time that importing its library takes.
    from alerting_backend.adapters.redis.connection import RedisFigures


def address_set_in(settings: Settings) -> Address | None:
    """Return the address of the operator's own Postgres; None: the embedded one is used."""
    if settings.postgres_dsn is None:
        return None
    passwords = {
        Role.API: settings.postgres_api_password,
        Role.ADMIN: settings.postgres_admin_password,
        Role.WORKER: settings.postgres_worker_password,
    }
    return Address(settings.postgres_dsn, {role: given for role, given in passwords.items() if given is not None})


def kafka_address(settings: Settings) -> KafkaAddress:
    """Return the address of the cluster, which must be set."""
    assert settings.kafka_brokers is not None, "the command has checked it"
    return KafkaAddress(
        settings.kafka_brokers,
        prefix=settings.kafka_prefix,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_user,
        sasl_password=settings.kafka_sasl_password,
        ca_file=settings.kafka_ca_file,
    )


def kafka_check(address: KafkaAddress, topics: Sequence[str], stack: AsyncExitStack) -> operations.ReadinessCheck:
    """Return the check that *topics* can be read and written; its connection is closed with *stack*."""
    ready = TopicsReady(address, topics)
    stack.push_async_callback(ready.close)
    return ready.check


async def open_figures(settings: Settings, stack: AsyncExitStack) -> "RedisFigures | None":
    """Return the board of figures, connected when first used and closed with *stack*; None without a Redis."""
    if settings.redis_url is None:
        return None
    from alerting_backend.adapters.redis import connection as redis  # noqa: PLC0415 - as above

    server = await stack.enter_async_context(redis.open_redis(settings.redis_url))
    return redis.RedisFigures(server, redis.FigureKeys(settings.redis_prefix))


RULES_AGE_MS_MAX: Final = 30_000
"""Rules that were not confirmed for so long may be out of date; the evaluator asks twice a second."""


class RulesNotLoaded(errors.AlertingError):
    """The evaluator has no rules yet."""

    code: ClassVar[str] = "rules-not-loaded"


class RulesOutdated(errors.AlertingError):
    """The evaluator could not ask for changes of rules for a while."""

    code: ClassVar[str] = "rules-outdated"


def postgres_check(pool: Pool) -> operations.ReadinessCheck:
    """Return the check that Postgres answers."""

    async def check() -> None:
        async with connected(pool, "readiness") as connection:
            await connection.fetchval("SELECT 1")

    return check


def rules_check(rules: RuleFeed) -> operations.ReadinessCheck:
    """Return the check that an evaluator has rules, and that they are current."""

    async def check() -> None:
        age_ms = rules.age_ms()
        if age_ms is None:
            raise RulesNotLoaded("the rules are being loaded")
        if age_ms > RULES_AGE_MS_MAX:
            raise RulesOutdated(f"the rules were last confirmed {age_ms // 1_000} s ago")

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
            alerts=stores.alerts,
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
            alerts=self.application.alerts,
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

    def bulk_loader(self) -> PgBulkLoader:
        """Return what loads many rows at once."""
        return PgBulkLoader(self.pools)

    def _open_stream(self, topic: str, group: str) -> stream.Stream:
        return PgStream(self.log, topic=topic, group=group)


def make_container(
    ports: PostgresPorts,
    settings: Settings,
    *,
    stages: metrics.StageMetrics,
    checks: Mapping[str, operations.ReadinessCheck],
    board: metrics.StageMetrics | None = None,
    letters: DeadLetterStore | None = None,
) -> probes.ServerContainer:
    """Return all that requests need.

    Args:
        ports: On the database.
        settings: Of this process.
        stages: The figures of this process.
        checks: What readiness depends on.
        board: The figures of all processes; those of this one when it is the only one.
        letters: The dead letters; those of the streams in the database when left out.
    """
    application = ports.application
    return probes.ServerContainer(
        use=Application.on(application, placeholders=settings.placeholder_domains),
        clock=application.clock,
        authenticator=KeyAuthenticator(application.keys, application.clock),
        idempotency=PgIdempotencyStore(ports.pools),
        jobs=operations.GeneratorJobs(ports.jobs(), application.clock, application.ids),
        dead_letters=dead_letters.DeadLetters(PgDeadLetterStore(ports.log) if letters is None else letters),
        dashboard=operations.Dashboard(application.history, stages if board is None else board, application.clock),
        started_at_ms=application.clock.now_ms(),
        stages=stages,
        checks=checks,
        source_label=settings.prometheus_source_label,
        ui=_ui(settings),
    )


def _ui(settings: Settings) -> files.Files | None:
    """Return the built user interface; without one, the API shows a page of its own."""
    folder = files.ui_folder() if settings.ui_dir is None else settings.ui_dir
    try:
        return None if folder is None else files.read_ui(folder)
    except OSError as error:
        name = "ALERTING_UI_DIR" if settings.ui_dir else str(folder)
        raise SettingsInvalid([f"{name} has no index.html that can be read: {error.strerror}"]) from error
