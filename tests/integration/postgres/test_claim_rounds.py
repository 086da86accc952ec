"""Claims when there are more clients and hosts with open deliveries than one claim looks at."""

from collections import Counter
from collections.abc import Collection

import pytest

from alerting_backend.adapters.postgres.connection import Pools
from alerting_backend.adapters.postgres.delivery.deliveries import PgDeliveryStore
from tests.contract.fixtures_pipeline import World, postgres_world
from tests.support.catalog import NOW_MS
from tests.support.pipeline import LEASE_MS, make_delivery, make_plan


@pytest.fixture
def world(pools: Pools) -> World:
    return postgres_world(pools)


async def owe(world: World, client_id: str, *, due_ms: int = NOW_MS, hosts: Collection[str] = ("h",)) -> None:
    """Store one delivery to each host, each of a notification of its own, for a new client."""
    await world.add_client(client_id)
    rule = await world.add_rule(client_id)
    endpoint = await world.add_endpoint(rule)
    for host in hosts:
        notification = await world.add_notification(rule)
        delivery = make_delivery(notification, endpoint, host=host, next_attempt_at_ms=due_ms)
        await world.deliveries.plan([make_plan(notification, delivery)], now_ms=NOW_MS)


async def claim(
    store: PgDeliveryStore, *, limit: int = 100, hosts_excluded: Collection[str] = (), now_ms: int = NOW_MS
) -> list[str]:
    claims = await store.claim_due(
        owner="o", now_ms=now_ms, lease_ms=LEASE_MS, limit=limit, per_host_max=99, hosts_excluded=hosts_excluded
    )
    return [claimed.delivery.client_id for claimed in claims]


@pytest.mark.parametrize("places_max", [1, 2, 3, 7, 100])
async def test_all_that_is_due_is_claimed_and_no_claim_is_empty_before_that(
    world: World, pools: Pools, places_max: int
) -> None:
    for number in range(7):
        await owe(world, f"client-{number}", hosts=("a", "b"))
    store = PgDeliveryStore(pools.worker, places_max=places_max)
    served: Counter[str] = Counter()
    while claimed := await claim(store):
        served.update(claimed)
    assert served == {f"client-{number}": 2 for number in range(7)}


@pytest.mark.parametrize("places_max", [1, 2, 4])
async def test_what_is_due_is_found_wherever_the_claim_before_stopped(
    world: World, pools: Pools, places_max: int
) -> None:
    for number in range(5):
        await owe(world, f"client-{number}", due_ms=NOW_MS + 1_000 * (5 - number))
    store = PgDeliveryStore(pools.worker, places_max=places_max)
    for number in reversed(range(5)):
        assert await claim(store, now_ms=NOW_MS + 1_000 * (5 - number)) == [f"client-{number}"]
        assert await claim(store, now_ms=NOW_MS + 1_000 * (5 - number)) == []


async def test_one_client_with_much_does_not_keep_the_others_from_their_turn(world: World, pools: Pools) -> None:
    await owe(world, "a", hosts=[f"h{number}" for number in range(12)], due_ms=NOW_MS - 60_000)
    for client_id in ("b", "c"):
        await owe(world, client_id)
    store = PgDeliveryStore(pools.worker, places_max=4)
    served: list[str] = []
    for _ in range(4):
        served += await claim(store, limit=2)
    assert {"b", "c"} <= set(served)


async def test_excluded_hosts_on_all_the_places_of_a_look_do_not_end_the_claim(world: World, pools: Pools) -> None:
    await owe(world, "a", hosts=[f"dead-{number}" for number in range(9)])
    await owe(world, "b")
    store = PgDeliveryStore(pools.worker, places_max=2)
    assert await claim(store, hosts_excluded={f"dead-{number}" for number in range(9)}) == ["b"]


async def test_with_nothing_due_or_nothing_at_all_a_claim_ends(world: World, pools: Pools) -> None:
    store = PgDeliveryStore(pools.worker, places_max=1)
    assert await claim(store) == []
    for number in range(3):
        await owe(world, f"client-{number}", due_ms=NOW_MS + 1)
    for _ in range(5):
        assert await claim(store) == []
