"""Each promise of `Presence` and `AbandonedLeases`: the dead lose their leases, the living keep them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from alerting_core.domain.claim import Claim, sender_of
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.errors import PortUnavailable
from alerting_core.ports.delivery import Presence
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS
from tests.support.pipeline import LEASE_MS, accepted, make_delivery, make_plan, to_retry

SEEN_SECONDS_MAX: Final = 20.0
LATER_MS: Final = NOW_MS + 5_000


async def seen(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is seen that somebody came or went."""
    async with asyncio.timeout(SEEN_SECONDS_MAX):
        while not await holds():  # noqa: ASYNC110 - nobody rings when a connection has ended
            await asyncio.sleep(0.01)


async def owe(world: World, count: int = 1) -> None:
    """Plan deliveries that are due now."""
    await world.add_client("acme")
    rule = await world.add_rule("acme")
    endpoint = await world.add_endpoint(rule)
    for _ in range(count):
        notification = await world.add_notification(rule)
        await world.deliveries.plan([make_plan(notification, make_delivery(notification, endpoint))], now_ms=NOW_MS)


async def owner_of(presence: Presence) -> str:
    """Return an owner as soon as the sender is there."""
    owners: list[str] = []

    async def has_come() -> bool:
        with suppress(PortUnavailable):
            owners.append(presence.new_owner())
        return bool(owners)

    await seen(has_come)
    return owners[0]


async def claim(world: World, owner: str, *, now_ms: int = NOW_MS, limit: int = 100) -> Sequence[Claim]:
    return await world.deliveries.claim_due(
        owner=owner, now_ms=now_ms, lease_ms=LEASE_MS, limit=limit, per_host_max=100, hosts_excluded=()
    )


async def claim_and_die(world: World, *, limit: int = 100) -> Sequence[Claim]:
    """Claim as a sender that is gone afterwards, and is seen to be."""
    async with world.new_presence() as presence:
        claims = await claim(world, await owner_of(presence), limit=limit)
    await seen(lambda: _is_absent(world, presence.sender))
    return claims


async def _is_absent(world: World, sender: str) -> bool:
    return sender in await world.abandoned.absent(now_ms=LATER_MS, lease_ms=LEASE_MS)


async def take_back(world: World, *claims: Claim, limit: int = 100) -> int:
    senders = {sender for one in claims if (sender := sender_of(one.owner)) is not None}
    return await world.abandoned.take_back(senders, now_ms=LATER_MS, lease_ms=LEASE_MS, limit=limit)


async def test_no_two_claims_have_the_same_owner_and_each_names_its_sender(world: World) -> None:
    async with world.new_presence() as one, world.new_presence() as other:
        first, second, third = await owner_of(one), await owner_of(one), await owner_of(other)
        assert len({first, second, third}) == 3
        assert [sender_of(owner) for owner in (first, second, third)] == [one.sender, one.sender, other.sender]
        assert one.sender != other.sender


async def test_a_sender_that_is_there_is_not_absent_and_keeps_its_leases(world: World) -> None:
    await owe(world)
    async with world.new_presence() as presence:
        (held,) = await claim(world, await owner_of(presence))
        assert list(await world.abandoned.absent(now_ms=LATER_MS, lease_ms=LEASE_MS)) == []
        assert await take_back(world, held) == 0
        assert list(await claim(world, "another/1", now_ms=LATER_MS)) == []
        assert list(await world.deliveries.record_outcomes([accepted(held)], now_ms=LATER_MS)) == [True]


async def test_what_a_sender_that_is_gone_had_leased_is_due_at_once(world: World) -> None:
    await owe(world, 3)
    held = await claim_and_die(world)
    assert await take_back(world, *held) == 3
    again = await claim(world, "another/1", now_ms=LATER_MS)
    assert {one.delivery.delivery_id for one in again} == {one.delivery.delivery_id for one in held}
    assert list(await world.abandoned.absent(now_ms=LATER_MS, lease_ms=LEASE_MS)) == ["another"]


async def test_each_lease_taken_back_leaves_an_interrupted_attempt_that_is_no_step_of_the_schedule(
    world: World,
) -> None:
    await owe(world)
    (held,) = await claim_and_die(world)
    await take_back(world, held)
    detail = await world.look_at_delivery(held.delivery)
    (attempt,) = detail.attempts
    assert (attempt.reason, attempt.number, attempt.status_code) == (Reason.INTERRUPTED, 1, None)
    assert (attempt.started_at_ms, attempt.latency_ms) == (NOW_MS, LATER_MS - NOW_MS)
    assert "may have arrived" in attempt.detail
    assert (detail.delivery.status, detail.delivery.attempts) == (DeliveryStatus.PENDING, 0)
    assert detail.delivery.updated_at_ms == held.delivery.updated_at_ms


async def test_a_lease_that_ran_out_leaves_an_interrupted_attempt_too(world: World) -> None:
    await owe(world)
    (lost,) = await claim(world, "slow/1")
    (again,) = await claim(world, "another/1", now_ms=NOW_MS + LEASE_MS)
    detail = await world.look_at_delivery(lost.delivery)
    assert [(a.reason, a.number, a.latency_ms) for a in detail.attempts] == [(Reason.INTERRUPTED, 1, LEASE_MS)]
    assert again.delivery.attempts == 0


async def test_an_owner_that_lives_after_all_has_its_own_word_in_the_place_of_the_interruption(world: World) -> None:
    await owe(world)
    (held,) = await claim_and_die(world)
    await take_back(world, held)
    late = to_retry(held, at_ms=LATER_MS + 9)
    assert list(await world.deliveries.record_outcomes([late], now_ms=LATER_MS)) == [False]
    assert list((await world.look_at_delivery(held.delivery)).attempts) == [late.attempt]
    (again,) = await claim(world, "another/1", now_ms=LATER_MS)
    assert list(await world.deliveries.record_outcomes([accepted(again)], now_ms=LATER_MS)) == [True]


async def test_a_success_of_an_owner_that_lives_after_all_counts(world: World) -> None:
    await owe(world)
    (held,) = await claim_and_die(world)
    await take_back(world, held)
    assert list(await world.deliveries.record_outcomes([accepted(held)], now_ms=LATER_MS)) == [True]
    detail = await world.look_at_delivery(held.delivery)
    assert [attempt.reason for attempt in detail.attempts] == [Reason.DELIVERED]
    assert detail.delivery.status is DeliveryStatus.DELIVERED


async def test_what_was_recorded_before_the_end_is_not_taken_back(world: World) -> None:
    await owe(world, 2)
    async with world.new_presence() as presence:
        done, left = await claim(world, await owner_of(presence))
        await world.deliveries.record_outcomes([accepted(done)], now_ms=NOW_MS)
    await seen(lambda: _is_absent(world, presence.sender))
    assert await take_back(world, done, left) == 1
    assert [a.reason for a in (await world.look_at_delivery(done.delivery)).attempts] == [Reason.DELIVERED]


async def test_at_most_limit_are_taken_back_and_only_those_of_the_senders_named(world: World) -> None:
    await owe(world, 5)
    first, others = await claim_and_die(world, limit=3), await claim_and_die(world)
    assert await take_back(world, *first, limit=2) == 2
    assert await take_back(world, *first) == 1
    assert await take_back(world, *first) == 0
    assert await take_back(world, *others) == 2
    assert await world.abandoned.take_back([], now_ms=LATER_MS, lease_ms=LEASE_MS, limit=9) == 0


async def test_an_owner_that_names_no_sender_keeps_its_lease_until_it_runs_out(world: World) -> None:
    await owe(world)
    await claim(world, "of-an-earlier-version")
    assert list(await world.abandoned.absent(now_ms=LATER_MS, lease_ms=LEASE_MS)) == []
