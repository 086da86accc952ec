"""A world on a real Postgres."""

from collections.abc import Mapping
from itertools import count

from alerting_backend.adapters.postgres.catalog.clients import PgClientStore, PgKeyStore
from alerting_backend.adapters.postgres.catalog.rules import PgEndpointStore, PgRuleStore
from alerting_backend.adapters.postgres.connection import Address, Pools, owner_connection
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_backend.adapters.postgres.history.notifications import PgNotificationHistory
from alerting_backend.adapters.postgres.jobs import PgIdempotencyStore, PgJobStore
from alerting_backend.adapters.postgres.stream.dead_letters import PgDeadLetterStore
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_core.app.application import ApplicationPorts
from alerting_core.memory.database import MemoryClock, SeededIds
from alerting_core.ports.stream import Stream
from tests.api.world import Backing


class PostgresBacking(Backing):
    """Stores in one database."""

    def __init__(self, address: Address, pools: Pools, clock: MemoryClock, ids: SeededIds) -> None:
        self.clock = clock
        self._address = address
        self._log = PgLog(pools.worker)
        self.idempotency = PgIdempotencyStore(pools)
        self.jobs = PgJobStore(pools)
        self.notifications = PgNotificationStore(pools.worker)
        self.deliveries = PgDeliveryStore(pools.worker)
        self.alerts = PgAlertLog(pools.worker)
        self.letters = PgDeadLetterStore(self._log)
        self.ports = ApplicationPorts(
            clients=PgClientStore(pools),
            rules=PgRuleStore(pools),
            endpoints=PgEndpointStore(pools),
            keys=PgKeyStore(pools),
            history=PgNotificationHistory(pools),
            alerts=PgAlertHistory(pools),
            episodes=PgEpisodeStore(of_owners(pools)),
            sink=PgSink(self._log),
            clock=clock,
            ids=ids,
        )
        self._groups = count(1)

    def stream(self, topic: str) -> Stream:
        """Return a consumer that starts at the first record of *topic*."""
        return PgStream(self._log, topic=topic, group=f"test-{next(self._groups)}")

    async def footprint(self) -> Mapping[str, object]:
        """Return a digest of every table."""
        async with owner_connection(self._address) as connection:
            tables = await connection.fetch("SELECT relname FROM pg_stat_user_tables ORDER BY relname")
            return {
                name: await connection.fetchval(
                    # That a key was used is recorded whatever becomes of the request.
                    "SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) "
                    f"FROM (SELECT to_jsonb(r) - 'last_used_at' AS t FROM \"{name}\" AS r) AS rows"
                )
                for (name,) in tables
                if name != "stream_partitions"  # A topic that was named has partitions, though nothing is in them.
            }
