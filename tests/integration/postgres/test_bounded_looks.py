"""What looks at so many rows in a statement goes on in the next one until it has found what there is."""

import pytest

from alerting_backend.adapters.postgres.catalog.rule_distribution import PgOutbox, RuleChange, append_changes
from alerting_backend.adapters.postgres.connection import Pools, transaction
from alerting_backend.adapters.postgres.delivery.notifications import PgNotificationStore
from alerting_backend.adapters.postgres.history.retention import PgRetention
from alerting_core.codec.records import RuleAction
from tests.contract.fixtures_pipeline import World, postgres_world
from tests.support.catalog import NOW_MS, make_rule
from tests.support.pipeline import make_delivery, make_plan

LATER_MS = NOW_MS + 60_000
CHANGES = 7


@pytest.fixture
def world(pools: Pools) -> World:
    return postgres_world(pools)


@pytest.mark.parametrize("looks_max", [1, 2, 3, 5, 100])
async def test_what_no_delivery_will_finish_is_found_behind_what_waits(
    world: World, pools: Pools, looks_max: int
) -> None:
    await world.add_client()
    rule = await world.add_rule()
    endpoint = await world.add_endpoint(rule)
    for _ in range(5):
        waiting = await world.add_notification(rule)
        await world.deliveries.plan([make_plan(waiting, make_delivery(waiting, endpoint))], now_ms=NOW_MS)
    unplanned = await world.add_notification(rule)
    store = PgNotificationStore(pools.worker, looks_max=looks_max)
    assert await store.take_unfinished(older_than_ms=NOW_MS + 1, now_ms=LATER_MS, limit=9) == [unplanned.ref]
    assert await store.take_unfinished(older_than_ms=NOW_MS + 1, now_ms=LATER_MS, limit=9) == []


@pytest.mark.parametrize("changes_max", [1, 3, CHANGES, 100])
async def test_all_old_changes_are_forgotten_up_to_the_first_that_waits(pools: Pools, changes_max: int) -> None:
    outbox = PgOutbox(pools.worker)
    changes = [RuleChange("acme", make_rule().rule_id, RuleAction.UPDATED, 2) for _ in range(CHANGES)]
    async with transaction(pools.admin, "change") as connection:
        await append_changes(connection, changes, now_ms=NOW_MS)
    first, *others = [row.change_id for row in await outbox.unpublished(limit=CHANGES)]
    await outbox.mark_published([first, *others[:-2]], now_ms=NOW_MS)
    retention = PgRetention(pools.worker, has_relay=True, changes_max=changes_max)

    async def kept() -> list[int]:
        async with transaction(pools.admin, "look") as connection:
            return [row[0] for row in await connection.fetch("SELECT change_id FROM outbox ORDER BY change_id")]

    await retention.forget_changes(before_ms=NOW_MS)
    assert await kept() == [first, *others]
    await retention.forget_changes(before_ms=LATER_MS)
    assert await kept() == others[-2:]
    await outbox.mark_published(others, now_ms=NOW_MS)
    await retention.forget_changes(before_ms=LATER_MS)
    assert await kept() == []
