"""The stores of what people edit and read, on memory and on real servers. The tests ask for the fixtures by name."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from alerting_backend.adapters.postgres.catalog.clients import PgClientStore, PgKeyStore
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader, PgEndpointStore, PgRuleStore
from alerting_backend.adapters.postgres.connection import Pools, connected, open_pools
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.notifications import PgNotificationHistory
from alerting_backend.adapters.postgres.jobs import PgIdempotencyStore
from alerting_core.codec.records import RuleAction
from alerting_core.memory.clients import MemoryClientStore, MemoryIdempotencyStore, MemoryKeyStore
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.deliveries import MemoryDeliveryStore
from alerting_core.memory.endpoints import MemoryEndpointStore
from alerting_core.memory.history import MemoryNotificationHistory
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rules import MemoryBulkLoader, MemoryRuleStore
from alerting_core.ports.catalog import BulkLoader, ClientStore, EndpointStore, KeyStore, RuleStore
from alerting_core.ports.delivery import DeliveryStore, NotificationStore
from alerting_core.ports.history import NotificationHistory
from alerting_core.ports.idempotency import IdempotencyStore
from tests.support.postgres.cluster import Cluster

RULES_MAX = 5
"""Rules that a client may have in these tests."""

LOOKS_MAX = 3
"""Notifications that a page of one rule looks at in these tests."""

Notice = tuple[str, str, RuleAction, int]
"""(client_id, rule_id, action, version of the rule) as the outbox tells it."""


@dataclass(frozen=True)
class Catalog:
    """All stores on one database; `told` reads the outbox from the start."""

    clients: ClientStore
    rules: RuleStore
    endpoints: EndpointStore
    keys: KeyStore
    idempotency: IdempotencyStore
    bulk: BulkLoader
    history: NotificationHistory
    notifications: NotificationStore
    deliveries: DeliveryStore
    told: Callable[[], Awaitable[list[Notice]]]


def on_memory(database: MemoryDatabase | None = None) -> Catalog:
    """Return the stores on *database*, or on a new one in memory."""
    database = database if database is not None else MemoryDatabase()

    async def told() -> list[Notice]:
        return [(c.client_id, c.rule_id, RuleAction(c.action), c.rule_version) for c in database.outbox]

    return Catalog(
        clients=MemoryClientStore(database),
        rules=MemoryRuleStore(database, rules_per_client_max=RULES_MAX),
        endpoints=MemoryEndpointStore(database),
        keys=MemoryKeyStore(database),
        idempotency=MemoryIdempotencyStore(database),
        bulk=MemoryBulkLoader(database),
        history=MemoryNotificationHistory(database, looks_max=LOOKS_MAX),
        notifications=MemoryNotificationStore(database),
        deliveries=MemoryDeliveryStore(database),
        told=told,
    )


def on_postgres(pools: Pools) -> Catalog:
    """Return the stores on the database that *pools* reach."""

    async def told() -> list[Notice]:
        async with connected(pools.admin, "told") as connection:
            rows = await connection.fetch("SELECT client_id, rule_id, action, version FROM outbox ORDER BY change_id")
        return [(row[0], row[1], RuleAction(row[2]), row[3]) for row in rows]

    return Catalog(
        clients=PgClientStore(pools),
        rules=PgRuleStore(pools, rules_per_client_max=RULES_MAX),
        endpoints=PgEndpointStore(pools),
        keys=PgKeyStore(pools),
        idempotency=PgIdempotencyStore(pools),
        bulk=PgBulkLoader(pools),
        history=PgNotificationHistory(pools, looks_max=LOOKS_MAX),
        notifications=PgNotificationStore(pools.worker),
        deliveries=PgDeliveryStore(pools.worker),
        told=told,
    )


@pytest.fixture(params=["memory", "embedded_postgres_cluster", "oldest_postgres_cluster"])
def cluster_or_memory(request: pytest.FixtureRequest) -> Cluster | None:
    """Return the server to test on, None for memory."""
    return None if request.param == "memory" else request.getfixturevalue(request.param)


@pytest.fixture
async def catalog(cluster_or_memory: Cluster | None) -> AsyncIterator[Catalog]:
    """Return the stores on an empty database."""
    if cluster_or_memory is None:
        yield on_memory()
        return
    async with cluster_or_memory.database() as address, open_pools(address, size_max=4) as pools:
        yield on_postgres(pools)


@pytest.fixture
def clients(catalog: Catalog) -> ClientStore:
    """Return the clients of `catalog`."""
    return catalog.clients


@pytest.fixture
def rules(catalog: Catalog) -> RuleStore:
    """Return the rules of `catalog`."""
    return catalog.rules


@pytest.fixture
def endpoints(catalog: Catalog) -> EndpointStore:
    """Return the endpoints of `catalog`."""
    return catalog.endpoints


@pytest.fixture
def keys(catalog: Catalog) -> KeyStore:
    """Return the keys of `catalog`."""
    return catalog.keys


@pytest.fixture
def idempotency(catalog: Catalog) -> IdempotencyStore:
    """Return the answers of `catalog`."""
    return catalog.idempotency


@pytest.fixture
def bulk(catalog: Catalog) -> BulkLoader:
    """Return the bulk loader of `catalog`."""
    return catalog.bulk


@pytest.fixture
def history(catalog: Catalog) -> NotificationHistory:
    """Return the journal of `catalog`."""
    return catalog.history
