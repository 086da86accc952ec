"""Attempts side by side: bounded, recorded, and let end when stopping."""

import asyncio
from collections.abc import Sequence

import pytest

from alerting_core import limits
from alerting_core.domain.claim import HttpMessage, HttpReply, Message, Outcome, Reply
from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.errors import PortUnavailable
from alerting_core.stages.batch import Count, StageName
from alerting_core.stages.send import ClaimSize

from .platform import Platform, make_alert


class Hanging:
    """A target that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.sent = 0

    async def send(self, message: Message) -> Reply:
        self.sent += 1
        await self.open.wait()
        return HttpReply(200)


async def _claimed_and_hanging(platform: Platform, transport: Hanging) -> None:
    platform.transport = transport  # type: ignore[assignment]
    platform.pipeline = platform.new_pipeline()
    await platform.add_rule("acme")
    platform.send(make_alert())
    for stage in (StageName.EVALUATOR, StageName.AGGREGATOR, StageName.DISPATCHER, StageName.SENDER):
        await platform.step(stage)
    await asyncio.sleep(0)


async def test_stopping_lets_the_attempts_under_way_end_and_records_them() -> None:
    platform, transport = Platform(), Hanging()
    await _claimed_and_hanging(platform, transport)
    assert transport.sent == 1
    draining = asyncio.create_task(platform.drain())
    await asyncio.sleep(0)
    transport.open.set()
    report = await draining
    assert report.counts[Count.DELIVERIES_DELIVERED] == 1
    (row,) = platform.db.deliveries.values()
    assert row.delivery.status is DeliveryStatus.DELIVERED


async def test_stopping_gives_back_at_once_what_waits_for_its_turn() -> None:
    platform, transport = Platform(), Hanging()
    platform.transport = transport  # type: ignore[assignment]
    platform.pipeline = platform.new_pipeline()
    await platform.add_rule("acme")
    platform.send(*[make_alert(f"a{number}") for number in range(40)])
    for _ in range(3):
        for stage in (StageName.EVALUATOR, StageName.AGGREGATOR, StageName.DISPATCHER):
            await platform.step(stage)
    await platform.step(StageName.SENDER)
    await asyncio.sleep(0)
    assert transport.sent == 1, "the others wait until the first is answered"
    draining = asyncio.create_task(platform.drain())
    while sum(row.lease_owner is None for row in platform.db.deliveries.values()) < 39:
        assert not draining.done()
        await asyncio.sleep(0)
    assert not draining.done(), "the attempts under way are waited for"
    transport.open.set()
    report = await draining
    assert report.counts[Count.DELIVERIES_RELEASED] == 39
    assert report.counts[Count.DELIVERIES_DELIVERED] == 1
    assert transport.sent == 1


async def test_what_cannot_be_given_back_is_tried_again_when_the_attempts_have_ended() -> None:
    platform, transport = Platform(), Hanging()
    await _claimed_and_hanging(platform, transport)
    stored, calls = platform.deliveries.record_outcomes, 0

    async def away_once(outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise PortUnavailable("postgres", operation="record_outcomes")
        return await stored(outcomes, now_ms=now_ms)

    platform.deliveries.record_outcomes = away_once  # type: ignore[method-assign]
    transport.open.set()
    for _ in range(5):
        await asyncio.sleep(0)
    await platform.drain()
    assert calls == 2
    (row,) = platform.db.deliveries.values()
    assert row.delivery.status is DeliveryStatus.DELIVERED


async def test_outcomes_are_kept_until_the_store_has_taken_them() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.send(make_alert())
    for stage in (StageName.EVALUATOR, StageName.AGGREGATOR, StageName.DISPATCHER, StageName.SENDER):
        await platform.step(stage)
    stored = platform.deliveries.record_outcomes

    async def away(outcomes: Sequence[object], *, now_ms: int) -> Sequence[bool]:
        raise PortUnavailable("postgres", operation="record_outcomes")

    platform.deliveries.record_outcomes = away  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(PortUnavailable):
            for _ in range(3):
                await platform.step(StageName.SENDER)
    platform.deliveries.record_outcomes = stored  # type: ignore[method-assign]
    await platform.step(StageName.SENDER)
    (row,) = platform.db.deliveries.values()
    assert row.delivery.status is DeliveryStatus.DELIVERED
    assert len(platform.transport.arrivals) == 1, "it was not sent again"


async def test_a_bug_in_an_attempt_ends_the_sender_instead_of_hiding() -> None:
    class Buggy:
        async def send(self, message: Message) -> Reply:
            raise ZeroDivisionError

    platform = Platform()
    platform.transport = Buggy()  # type: ignore[assignment]
    platform.pipeline = platform.new_pipeline()
    await platform.add_rule("acme")
    platform.send(make_alert())
    for stage in (StageName.EVALUATOR, StageName.AGGREGATOR, StageName.DISPATCHER):
        await platform.step(stage)
    with pytest.raises(ZeroDivisionError):
        for _ in range(5):
            await platform.step(StageName.SENDER)


async def test_a_dead_host_does_not_hold_up_the_others() -> None:
    class HalfDead(Hanging):
        async def send(self, message: Message) -> Reply:
            assert isinstance(message, HttpMessage)
            if "dead.local" in message.url:
                return await super().send(message)
            return HttpReply(200)

    platform, transport = Platform(), HalfDead()
    platform.transport = transport  # type: ignore[assignment]
    platform.pipeline = platform.new_pipeline()
    await platform.add_rule("dead")
    await platform.add_rule("alive")
    platform.send(*[make_alert(f"a{number}") for number in range(300)])
    for _ in range(3):
        for stage in (StageName.EVALUATOR, StageName.AGGREGATOR, StageName.DISPATCHER):
            await platform.step(stage)
    for _ in range(40):
        await platform.step(StageName.SENDER)
    done = [row.delivery.host for row in platform.db.deliveries.values() if row.delivery.status.is_final]
    assert len(done) == 300
    assert set(done) == {"alive.local:80"}
    assert transport.sent == 1, "no second message is sent before a first one was answered"


def _sizes(size: ClaimSize, *, each_ms: float, claims: int, due: int = 10_000) -> list[int]:
    """Return the sizes of claims that take so long for each of the deliveries that they find due."""
    sizes = []
    for _ in range(claims):
        sizes.append(size.most)
        claimed = min(size.most, due)
        size.learn(claimed, took_ms=claimed * each_ms)
    return sizes


@pytest.mark.parametrize("each_ms", [0.4, 0.8, 2.0])
def test_claims_take_about_as_long_as_they_may(each_ms: float) -> None:
    sizes = _sizes(ClaimSize(256), each_ms=each_ms, claims=60)[20:]
    assert max(sizes) * each_ms <= limits.CLAIM_MS_MAX * 1.3
    assert min(sizes) * each_ms >= limits.CLAIM_MS_MAX * 0.7


def test_claims_grow_to_the_most_again_when_the_store_is_quick_again() -> None:
    size = ClaimSize(256)
    assert _sizes(size, each_ms=2.0, claims=10)[-1] < 50
    sizes = _sizes(size, each_ms=0.1, claims=20)
    assert sizes == sorted(sizes)
    assert sizes[-1] == 256


def test_a_store_that_is_slow_whatever_it_does_is_asked_for_the_fewest_at_least() -> None:
    assert _sizes(ClaimSize(256), each_ms=1_000.0, claims=3) == [64, *[limits.CLAIM_DELIVERIES_MIN] * 2]


def test_a_small_claim_says_nothing_of_what_a_large_one_would_take() -> None:
    size = ClaimSize(256)
    small = _sizes(size, each_ms=2.0, claims=10)[-1]
    assert _sizes(size, each_ms=0.1, claims=5, due=3)[-1] <= small * 5 // 4 + 1


def test_the_most_may_be_fewer_than_the_fewest() -> None:
    assert set(_sizes(ClaimSize(1), each_ms=0.1, claims=5)) == {1}
