"""The ports of the core on one Postgres."""

from dataclasses import dataclass

from alerting_backend.adapters.postgres.abandoned import PgAbandonedLeases
from alerting_backend.adapters.postgres.alerts import PgAlertLog
from alerting_backend.adapters.postgres.catalog.clients import PgClientStore
from alerting_backend.adapters.postgres.catalog.endpoints import PgEndpointStore
from alerting_backend.adapters.postgres.catalog.keys import PgKeyStore
from alerting_backend.adapters.postgres.catalog.rules import PgRuleStore
from alerting_backend.adapters.postgres.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.journal import PgJournal
from alerting_backend.adapters.postgres.log import PgLog
from alerting_backend.adapters.postgres.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.pools import Pools
from alerting_backend.adapters.postgres.rules import PgRuleSource
from alerting_backend.adapters.postgres.sink import PgSink
from alerting_backend.adapters.postgres.stream import PgStream
from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_core.app.application import ApplicationPorts
from alerting_core.embedded.pipeline import PipelinePorts
from alerting_core.ports.presence import Presence
from alerting_core.ports.stream import Sink, Stream
from alerting_core.ports.transport import Transport


@dataclass(frozen=True, slots=True)
class PostgresPorts:
    """Everything on one set of pools. The log is shared, so that writers ring the readers of the same process."""

    pools: Pools
    log: PgLog
    application: ApplicationPorts

    @classmethod
    def on(cls, pools: Pools, *, sink: Sink | None = None) -> "PostgresPorts":
        """Return the ports on *pools* with the system's clock; streams are in tables unless *sink* leads elsewhere."""
        log = PgLog(pools.worker)
        application = ApplicationPorts(
            clients=PgClientStore(pools),
            rules=PgRuleStore(pools),
            endpoints=PgEndpointStore(pools),
            keys=PgKeyStore(pools),
            journal=PgJournal(pools),
            alerts=PgAlertLog(pools.worker),
            sink=PgSink(log) if sink is None else sink,
            clock=SystemClock(),
            ids=SystemIds(),
        )
        return cls(pools, log, application)

    def pipeline(self, transport: Transport, presence: Presence) -> PipelinePorts:
        """Return what the pipeline asks for; *transport* carries the messages of the sender that *presence* shows."""
        return PipelinePorts(
            open_stream=self._open_stream,
            sink=self.application.sink,
            rules=PgRuleSource(self.pools.worker),
            alerts=self.application.alerts,
            notifications=PgNotificationStore(self.pools.worker),
            deliveries=PgDeliveryStore(self.pools.worker),
            transport=transport,
            clock=self.application.clock,
            presence=presence,
            abandoned=PgAbandonedLeases(self.pools.worker),
        )

    def _open_stream(self, topic: str, group: str) -> Stream:
        return PgStream(self.log, topic=topic, group=group)
