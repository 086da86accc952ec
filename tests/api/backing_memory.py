"""A world in memory."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from alerting_core.app.application import ApplicationPorts
from alerting_core.memory.clients import MemoryClientStore, MemoryIdempotencyStore, MemoryKeyStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase, SeededIds
from alerting_core.memory.deliveries import MemoryDeliveryStore
from alerting_core.memory.endpoints import MemoryEndpointStore
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.history import MemoryAlertLog, MemoryNotificationHistory
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemoryDeadLetterStore, MemorySink, MemoryStream
from alerting_core.ports.stream import Stream
from tests.api.world import START_MS, Backing, digest


class MemoryBacking(Backing):
    """Stores in memory."""

    def __init__(self, clock: MemoryClock | None = None, ids: SeededIds | None = None) -> None:
        clock, ids = clock or MemoryClock(START_MS), ids or SeededIds(1)
        self.clock = clock
        self.database = MemoryDatabase()
        self.log = MemoryLog(clock=clock)
        self.idempotency = MemoryIdempotencyStore(self.database)
        self.jobs = MemoryJobStore()
        self.notifications = MemoryNotificationStore(self.database)
        self.deliveries = MemoryDeliveryStore(self.database)
        self.alerts = MemoryAlertLog(self.database)
        self.letters = MemoryDeadLetterStore(self.log)
        self.ports = ApplicationPorts(
            clients=MemoryClientStore(self.database),
            rules=MemoryRuleStore(self.database),
            endpoints=MemoryEndpointStore(self.database),
            keys=MemoryKeyStore(self.database),
            history=MemoryNotificationHistory(self.database),
            alerts=self.alerts,
            episodes=MemoryEpisodeStore(self.database),
            sink=MemorySink(self.log),
            clock=clock,
            ids=ids,
        )
        self._groups = count(1)

    def stream(self, topic: str) -> Stream:
        """Return a consumer that starts at the first record of *topic*."""
        return MemoryStream(self.log, topic=topic, group=f"test-{next(self._groups)}")

    async def footprint(self) -> Mapping[str, object]:
        """Return a digest of everything."""
        tables = {name: getattr(self.database, name) for name in self.database.__slots__}
        # That a key was used is recorded whatever becomes of the request.
        tables["keys"] = {id_: replace(key, last_used_at_ms=None) for id_, key in self.database.keys.items()}
        texts = {
            name: repr(list(table.items()) if hasattr(table, "items") else table) for name, table in tables.items()
        }
        texts["idempotency"] = repr(self.idempotency.__dict__)
        texts["jobs"] = repr(self.jobs.__dict__)
        texts["letters"] = repr(sorted(self.letters._replayed))
        texts["log"] = repr(
            {topic: parts for topic, parts in self.log._topics.items() if any(p.records for p in parts)}
        )
        return {name: digest(text) for name, text in texts.items()}
