"""Attempts side by side: bounded, recorded, and let end when stopping."""

import asyncio
from collections.abc import Sequence

import pytest

from alerting_core.domain.claim import HttpMessage, HttpReply, Message, Outcome, Reply
from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.errors import PortUnavailable
from alerting_core.stages.batch import Count, StageName

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
    assert transport.sent == 32, "the others wait for their turn at the host"
    draining = asyncio.create_task(platform.drain())
    while sum(row.lease_owner is None for row in platform.db.deliveries.values()) < 8:
        assert not draining.done()
        await asyncio.sleep(0)
    assert not draining.done(), "the attempts under way are waited for"
    transport.open.set()
    report = await draining
    assert report.counts[Count.DELIVERIES_RELEASED] == 8
    assert report.counts[Count.DELIVERIES_DELIVERED] == 32
    assert transport.sent == 32


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
    assert transport.sent == 32, "no more than the bound is sent to one host at once"
