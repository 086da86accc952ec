"""Each promise of `DeliveryStore` about who may make the next attempt, and when."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import pytest

from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import Delivery, DeliveryStatus
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import NotificationStatus
from alerting_core.domain.rule import Rule
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS
from tests.support.pipeline import (
    LEASE_MS,
    accepted,
    given_up,
    make_delivery,
    make_plan,
    make_skipped,
    not_wanted,
    postponed,
    to_retry,
)

HOST: Final = "hooks.acme.io"


class Sender:
    """Claims as one owner per call, as a sender does."""

    def __init__(self, world: World, name: str = "sender") -> None:
        self._world = world
        self._name = name
        self._calls = 0

    async def claim(
        self,
        *,
        now_ms: int = NOW_MS,
        limit: int = 100,
        per_host_max: int = 100,
        hosts_excluded: Collection[str] = (),
        clients_excluded: Collection[str] = (),
        places_excluded: Collection[tuple[str, str]] = (),
    ) -> Sequence[Claim]:
        self._calls += 1
        return await self._world.deliveries.claim_due(
            owner=f"{self._name}-{self._calls}",
            now_ms=now_ms,
            lease_ms=LEASE_MS,
            limit=limit,
            per_host_max=per_host_max,
            hosts_excluded=hosts_excluded,
            clients_excluded=clients_excluded,
            places_excluded=places_excluded,
        )


class Client:
    """A client with one rule and one endpoint, and deliveries of its own."""

    def __init__(self, world: World, rule: Rule, endpoint: Endpoint) -> None:
        self._world = world
        self._rule = rule
        self._endpoint = endpoint

    async def owe(self, count: int = 1, *, host: str = HOST, due_ms: int = NOW_MS) -> list[Delivery]:
        """Plan deliveries, each of a notification of its own."""
        notifications = [await self._world.add_notification(self._rule) for _ in range(count)]
        deliveries = [
            make_delivery(notification, self._endpoint, host=host, next_attempt_at_ms=due_ms + place)
            for place, notification in enumerate(notifications)
        ]
        plans = [make_plan(*pair) for pair in zip(notifications, deliveries, strict=True)]
        await self._world.deliveries.plan(plans, now_ms=NOW_MS)
        return deliveries


@pytest.fixture
def sender(world: World) -> Sender:
    return Sender(world)


async def new_client(world: World, client_id: str) -> Client:
    await world.add_client(client_id)
    rule = await world.add_rule(client_id)
    return Client(world, rule, await world.add_endpoint(rule))


@pytest.fixture
async def acme(world: World) -> Client:
    return await new_client(world, "acme")


def ids(items: Sequence[Claim] | Sequence[Delivery]) -> set[str]:
    return {item.delivery.delivery_id if isinstance(item, Claim) else item.delivery_id for item in items}


async def test_a_claim_carries_its_owner_the_delivery_and_its_notification(
    world: World, acme: Client, sender: Sender
) -> None:
    (delivery,) = await acme.owe()
    (claim,) = await sender.claim()
    assert claim.owner == "sender-1"
    assert (claim.delivery.delivery_id, claim.delivery.attempts) == (delivery.delivery_id, 0)
    assert claim.delivery.status is DeliveryStatus.PENDING
    assert list(await world.notifications.load([claim.notification.ref])) == [claim.notification]
    assert claim.notification.notification_id == delivery.notification_id
    assert claim.endpoint is not None


async def test_nothing_is_claimed_before_it_is_due(acme: Client, sender: Sender) -> None:
    (delivery,) = await acme.owe(due_ms=NOW_MS + 1)
    assert list(await sender.claim(now_ms=NOW_MS)) == []
    assert ids(await sender.claim(now_ms=NOW_MS + 1)) == {delivery.delivery_id}


async def test_what_is_final_is_never_claimed(world: World, acme: Client, sender: Sender) -> None:
    await acme.owe(3)
    claims = await sender.claim(now_ms=NOW_MS + 10)
    outcomes = [accepted(claims[0]), given_up(claims[1]), not_wanted(claims[2])]
    assert list(await world.deliveries.record_outcomes(outcomes, now_ms=NOW_MS)) == [True] * 3
    assert list(await sender.claim(now_ms=NOW_MS + 10 * LEASE_MS)) == []
    assert await world.deliveries.next_due_ms() is None


async def test_no_delivery_is_leased_by_two_owners_at_once(world: World, acme: Client) -> None:
    await acme.owe(60)
    taken = await asyncio.gather(*(Sender(world, f"s{n}").claim(limit=25, now_ms=NOW_MS + 100) for n in range(6)))
    claimed = [claim.delivery.delivery_id for claims in taken for claim in claims]
    assert len(claimed) == len(set(claimed))
    rest = await Sender(world).claim(now_ms=NOW_MS + 100)
    assert len(claimed) + len(rest) == 60


async def test_a_leased_delivery_is_due_again_when_the_lease_ran_out_and_not_before(
    acme: Client, sender: Sender
) -> None:
    (delivery,) = await acme.owe()
    await sender.claim()
    assert list(await sender.claim(now_ms=NOW_MS + LEASE_MS - 1)) == []
    (again,) = await sender.claim(now_ms=NOW_MS + LEASE_MS)
    assert again.delivery.delivery_id == delivery.delivery_id
    assert again.owner == "sender-3"


async def test_an_owner_that_crashed_between_claim_and_act_loses_nothing(world: World, acme: Client) -> None:
    """The next owner makes the attempt; what the dead one might still say does not take it away again."""
    (delivery,) = await acme.owe()
    (dead,) = await Sender(world, "dead").claim()
    (alive,) = await Sender(world, "alive").claim(now_ms=NOW_MS + LEASE_MS)
    late = to_retry(dead, at_ms=NOW_MS + 1)
    assert list(await world.deliveries.record_outcomes([late], now_ms=NOW_MS + LEASE_MS)) == [False]
    assert list(await Sender(world, "third").claim(now_ms=NOW_MS + LEASE_MS + 1)) == []
    assert list(await world.deliveries.record_outcomes([accepted(alive)], now_ms=NOW_MS + LEASE_MS)) == [True]
    detail = await world.look_at_delivery(delivery)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    assert {attempt.attempt_id for attempt in detail.attempts} == {
        outcome.attempt.attempt_id for outcome in (late, accepted(alive)) if outcome.attempt is not None
    }


async def test_an_owner_that_crashed_between_act_and_record_makes_the_same_attempt_once(
    world: World, acme: Client
) -> None:
    """It comes back under its old name and records what it did: once, though the answer of the first try was lost."""
    (delivery,) = await acme.owe()
    (claim,) = await Sender(world).claim()
    for _ in range(2):
        await world.deliveries.record_outcomes([accepted(claim)], now_ms=NOW_MS)
    detail = await world.look_at_delivery(delivery)
    assert detail.delivery.attempts == len(detail.attempts) == 1


async def test_at_most_limit_are_claimed(acme: Client, sender: Sender) -> None:
    await acme.owe(5)
    assert len(await sender.claim(limit=3, now_ms=NOW_MS + 10)) == 3
    assert len(await sender.claim(limit=3, now_ms=NOW_MS + 10)) == 2


async def test_within_a_client_what_is_due_longest_comes_first(acme: Client, sender: Sender) -> None:
    late, early = await acme.owe(1, due_ms=NOW_MS + 5), await acme.owe(1, host="other.acme.io")
    assert ids(await sender.claim(limit=1, now_ms=NOW_MS + 9)) == ids(early)
    assert ids(await sender.claim(limit=1, now_ms=NOW_MS + 9)) == ids(late)


async def test_every_client_gets_its_turn_before_any_gets_a_larger_share(world: World, sender: Sender) -> None:
    clients = [await new_client(world, f"client-{number}") for number in range(5)]
    await clients[0].owe(40, due_ms=NOW_MS - 10_000)
    for client in clients[1:]:
        await client.owe(3)
    claims = await sender.claim(limit=8, now_ms=NOW_MS + 100)
    counts = Counter(claim.delivery.client_id for claim in claims)
    assert len(counts) == 5
    assert max(counts.values()) - min(counts.values()) <= 1


async def test_with_more_clients_than_the_limit_all_get_their_turn_in_a_few_claims(
    world: World, sender: Sender
) -> None:
    for number in range(7):
        await (await new_client(world, f"client-{number}")).owe(4)
    served: list[str] = []
    for _ in range(4):
        served += [claim.delivery.client_id for claim in await sender.claim(limit=2, now_ms=NOW_MS + 100)]
    assert len(set(served)) == 7


async def test_nothing_is_claimed_for_an_excluded_host_and_it_holds_up_nobody_else(
    world: World, acme: Client, sender: Sender
) -> None:
    await acme.owe(30, host="dead.example", due_ms=NOW_MS - 1_000)
    alive = await acme.owe(2)
    globex = await (await new_client(world, "globex")).owe(2)
    claims = await sender.claim(limit=4, now_ms=NOW_MS + 100, hosts_excluded={"dead.example"})
    assert ids(claims) == ids(alive) | ids(globex)
    assert len(await sender.claim(now_ms=NOW_MS + 100)) == 30


async def test_nothing_is_claimed_for_an_excluded_client_and_others_on_its_hosts_have_their_turn(
    world: World, acme: Client, sender: Sender
) -> None:
    await acme.owe(30, due_ms=NOW_MS - 1_000)
    globex = await (await new_client(world, "globex")).owe(2)
    assert ids(await sender.claim(limit=4, now_ms=NOW_MS + 100, clients_excluded={"acme"})) == ids(globex)
    assert len(await sender.claim(now_ms=NOW_MS + 100)) == 30


async def test_an_excluded_place_is_one_clients_at_one_host_and_nobody_elses(
    world: World, acme: Client, sender: Sender
) -> None:
    await acme.owe(30, due_ms=NOW_MS - 1_000)
    elsewhere = await acme.owe(2, host="other.acme.io")
    globex = await (await new_client(world, "globex")).owe(2)
    claims = await sender.claim(limit=10, now_ms=NOW_MS + 100, places_excluded={("acme", HOST), ("globex", "x")})
    assert ids(claims) == ids(elsewhere) | ids(globex)
    assert len(await sender.claim(now_ms=NOW_MS + 100)) == 30


async def test_a_claim_says_when_its_delivery_was_due(acme: Client, sender: Sender) -> None:
    await acme.owe(due_ms=NOW_MS + 7)
    (claim,) = await sender.claim(now_ms=NOW_MS + 100)
    assert claim.delivery.next_attempt_at_ms == NOW_MS + 7


async def test_at_most_per_host_max_are_claimed_for_a_host_whoever_owns_them(
    world: World, acme: Client, sender: Sender
) -> None:
    await acme.owe(10)
    await (await new_client(world, "globex")).owe(10)
    await acme.owe(10, host="other.acme.io")
    claims = await sender.claim(now_ms=NOW_MS + 100, per_host_max=4)
    assert Counter(claim.delivery.host for claim in claims) == {HOST: 4, "other.acme.io": 4}
    of_host = Counter(claim.delivery.client_id for claim in claims if claim.delivery.host == HOST)
    assert of_host.keys() == {"acme", "globex"}


async def test_released_claims_are_due_at_once(world: World, acme: Client, sender: Sender) -> None:
    deliveries = await acme.owe(2)
    claims = await sender.claim(now_ms=NOW_MS + 10)
    await world.deliveries.release(claims, now_ms=NOW_MS + 20)
    again = await sender.claim(now_ms=NOW_MS + 20)
    assert ids(again) == ids(deliveries)
    assert {claim.delivery.attempts for claim in again} == {0}


async def test_only_the_owners_own_claims_are_released(world: World, acme: Client) -> None:
    await acme.owe(3)
    dead = await Sender(world, "dead").claim(now_ms=NOW_MS + 10)
    alive = await Sender(world, "alive").claim(now_ms=NOW_MS + 10 + LEASE_MS)
    await world.deliveries.record_outcomes([accepted(alive[0])], now_ms=NOW_MS + 10 + LEASE_MS)
    await world.deliveries.release(dead, now_ms=NOW_MS + 20 + LEASE_MS)
    await world.deliveries.release([], now_ms=NOW_MS)
    assert list(await Sender(world, "third").claim(now_ms=NOW_MS + 30 + LEASE_MS)) == []
    results = await world.deliveries.record_outcomes([accepted(c) for c in alive[1:]], now_ms=NOW_MS + 40 + LEASE_MS)
    assert list(results) == [True, True]


async def test_next_due_is_the_earliest_time_of_what_is_due_or_leased(
    world: World, acme: Client, sender: Sender
) -> None:
    assert await world.deliveries.next_due_ms() is None
    await acme.owe(1, due_ms=NOW_MS + 500_000)
    await acme.owe(1, due_ms=NOW_MS + 7)
    assert await world.deliveries.next_due_ms() == NOW_MS + 7
    (claim,) = await sender.claim(now_ms=NOW_MS + 10)
    assert await world.deliveries.next_due_ms() == NOW_MS + 10 + LEASE_MS
    await world.deliveries.record_outcomes([accepted(claim)], now_ms=NOW_MS + 20)
    assert await world.deliveries.next_due_ms() == NOW_MS + 500_000


async def test_a_postponed_delivery_only_changes_when_it_is_due(world: World, acme: Client, sender: Sender) -> None:
    (delivery,) = await acme.owe()
    (claim,) = await sender.claim()
    until_ms = NOW_MS + 30_000
    assert list(await world.deliveries.record_outcomes([postponed(claim, until_ms=until_ms)], now_ms=NOW_MS + 1)) == [
        True
    ]
    detail = await world.look_at_delivery(delivery)
    assert detail.delivery.next_attempt_at_ms == until_ms
    assert (detail.delivery.status, detail.delivery.attempts) == (DeliveryStatus.PENDING, 0)
    assert detail.delivery.updated_at_ms == delivery.updated_at_ms
    assert list(detail.attempts) == []
    assert list(await sender.claim(now_ms=until_ms - 1)) == []
    assert ids(await sender.claim(now_ms=until_ms)) == {delivery.delivery_id}


async def test_a_clock_that_jumps_back_loses_nothing(world: World, acme: Client, sender: Sender) -> None:
    (delivery,) = await acme.owe()
    await sender.claim(now_ms=NOW_MS + 3_600_000)
    assert list(await sender.claim(now_ms=NOW_MS)) == []
    assert ids(await sender.claim(now_ms=NOW_MS + 3_600_000 + LEASE_MS)) == {delivery.delivery_id}


async def test_a_plan_of_skipped_deliveries_gives_nothing_to_claim(world: World, sender: Sender) -> None:
    await world.add_client("globex")
    rule = await world.add_rule("globex")
    notification = await world.add_notification(rule)
    skipped = make_skipped(notification, await world.add_endpoint(rule))
    await world.deliveries.plan([make_plan(notification, skipped)], now_ms=NOW_MS)
    assert list(await sender.claim(now_ms=NOW_MS + LEASE_MS)) == []
    assert (await world.look_at(notification))[0].status is NotificationStatus.SKIPPED
