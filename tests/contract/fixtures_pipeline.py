"""The ports of the pipeline, on memory and on real servers. The tests ask for the fixtures by name."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from alerting_backend.adapters.postgres.catalog.rule_distribution import PgRuleSource, trim_changes
from alerting_backend.adapters.postgres.connection import Address, Pools, open_pools, transaction
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory, PgAlertLog
from alerting_backend.adapters.postgres.presence import PgAbandonedLeases, present
from alerting_core.domain.delivery import Delivery
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.deliveries import MemoryAbandonedLeases, MemoryDeliveryStore, MemoryPresence
from alerting_core.memory.history import MemoryAlertLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rule_distribution import MemoryRuleSource
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore, Presence
from alerting_core.ports.history import AlertHistory, AlertLog, DeliveryDetail
from alerting_core.ports.rule_distribution import RuleSource
from tests.contract.fixtures_catalog import Catalog, on_memory, on_postgres
from tests.support.catalog import NOW_MS, make_client, make_endpoint, make_rule, new_uuid
from tests.support.pipeline import make_match
from tests.support.postgres.cluster import Cluster


@dataclass(frozen=True)
class World:
    """The ports on one database, and what is there before the pipeline runs.

    Attributes:
        catalog: What people edit and read.
        trim_changes: Forgets the changes of rules up to and including a version.
        new_presence: Gives a sender that is there until the block is left.
    """

    catalog: Catalog
    rule_source: RuleSource
    alerts: AlertLog
    alert_history: AlertHistory
    notifications: NotificationStore
    deliveries: DeliveryStore
    trim_changes: Callable[[int], Awaitable[None]]
    abandoned: AbandonedLeases
    new_presence: Callable[[], AbstractAsyncContextManager[Presence]]

    async def add_client(self, client_id: str = "acme") -> None:
        """Store a client."""
        await self.catalog.clients.create(make_client(client_id))

    async def add_rule(self, client_id: str = "acme", *, enabled: bool = True) -> Rule:
        """Store a rule of a client that is there."""
        return await self.catalog.rules.create(make_rule(client_id, enabled=enabled))

    async def add_endpoint(self, rule: Rule, **changes: object) -> Endpoint:
        """Store an endpoint."""
        return await self.catalog.endpoints.create(None, make_endpoint(rule, **changes))

    async def add_notification(self, rule: Rule, *more: Rule) -> Notification:
        """Store a RECEIVED notification that these rules of one client caused."""
        match = make_match(rule.client_id, rule_ids=[rule.rule_id, *(r.rule_id for r in more)])
        (recorded,) = await self.notifications.record([match], now_ms=NOW_MS)
        (notification,) = await self.notifications.load([recorded.ref])
        return notification

    async def look_at(self, notification: Notification) -> tuple[Notification, list[DeliveryDetail]]:
        """Return the notification and its deliveries as they are stored now."""
        detail = await self.catalog.history.detail(None, notification.notification_id)
        return detail.notification, list(detail.deliveries)

    async def look_at_delivery(self, delivery: Delivery) -> DeliveryDetail:
        """Return a delivery as it is stored now."""
        detail = await self.catalog.history.detail(None, delivery.notification_id)
        (found,) = [d for d in detail.deliveries if d.delivery.delivery_id == delivery.delivery_id]
        return found


def memory_world() -> World:
    """Return the ports on a new database in memory."""
    database = MemoryDatabase()

    async def trim(version: int) -> None:
        database.outbox[:] = [change for change in database.outbox if change.version > version]

    @asynccontextmanager
    async def new_presence() -> AsyncIterator[Presence]:
        presence = MemoryPresence(database, new_uuid())
        yield presence
        presence.leave()

    return World(
        catalog=on_memory(database),
        rule_source=MemoryRuleSource(database),
        alerts=MemoryAlertLog(database),
        alert_history=MemoryAlertLog(database),
        notifications=MemoryNotificationStore(database),
        deliveries=MemoryDeliveryStore(database),
        trim_changes=trim,
        abandoned=MemoryAbandonedLeases(database),
        new_presence=new_presence,
    )


def postgres_world(pools: Pools, address: Address | None = None) -> World:
    """Return the ports on the database that *pools* reach; *address* leads to it too, where senders show themselves."""

    async def trim(version: int) -> None:
        async with transaction(pools.worker, "trim_changes") as connection:
            await trim_changes(connection, up_to=version)

    def new_presence() -> AbstractAsyncContextManager[Presence]:
        assert address is not None, "no sender is to show itself here"
        return present(address)

    return World(
        catalog=on_postgres(pools),
        rule_source=PgRuleSource(pools.worker),
        alerts=PgAlertLog(pools.worker),
        alert_history=PgAlertHistory(pools),
        notifications=PgNotificationStore(pools.worker),
        deliveries=PgDeliveryStore(pools.worker),
        trim_changes=trim,
        abandoned=PgAbandonedLeases(pools.worker),
        new_presence=new_presence,
    )


@pytest.fixture
async def world(cluster_or_memory: Cluster | None) -> AsyncIterator[World]:
    """Return the ports on an empty database."""
    if cluster_or_memory is None:
        yield memory_world()
        return
    async with cluster_or_memory.database() as address, open_pools(address, size_max=4) as pools:
        yield postgres_world(pools, address)
