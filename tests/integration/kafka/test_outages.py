"""What is published and consumed while the broker is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from alerting_backend.adapters.kafka.sink import DELIVERY_SECONDS_MAX
from alerting_backend.adapters.kafka.stream import AWAY_SECONDS, LOOK_SECONDS_MAX
from alerting_backend.adapters.kafka.topics import TopicsReady
from alerting_core.errors import FencedOff, PortUnavailable
from alerting_core.stages.batch import offsets_after
from tests.integration.kafka.conftest import KEYS, Pair, check_ready, open_pair, until, values_by_key, without_repeats
from tests.support.pipeline import make_output
from tests.support.servers.kafka import KafkaServer
from tests.support.stream_copier import copy_batch

pytestmark = pytest.mark.integration

OUTAGE_SECONDS = 10.0


@pytest.fixture
async def pair(stoppable_kafka: KafkaServer) -> AsyncIterator[Pair]:
    """Return topics on a broker that the test may stop."""
    async with AsyncExitStack() as stack:
        yield await open_pair(stoppable_kafka.brokers, stack)
        await asyncio.to_thread(stoppable_kafka.start)


async def test_a_broker_that_is_away_for_ten_seconds_under_load_loses_nothing(
    pair: Pair, stoppable_kafka: KafkaServer
) -> None:
    stream = pair.stream()
    stop = asyncio.Event()
    failures: list[Exception] = []

    async def publish() -> None:
        while not stop.is_set():
            await pair.publish(10 * len(KEYS))
            await asyncio.sleep(0.02)

    async def copy() -> None:
        while not (published.done() and await pair.is_done()):
            try:
                while not published.done() or await copy_batch(stream):
                    await copy_batch(stream)
            except (PortUnavailable, FencedOff) as error:
                failures.append(error)
                await asyncio.sleep(0.1)

    async with asyncio.timeout(100), asyncio.TaskGroup() as work:
        published = work.create_task(publish())
        work.create_task(copy())
        await asyncio.sleep(1.0)
        await asyncio.to_thread(stoppable_kafka.kill)
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(stoppable_kafka.start)
        stop.set()
    copied = values_by_key(await pair.read_all())
    for key in KEYS:
        assert without_repeats(copied[key]) == list(range(pair.numbers[key])), key
    assert any(isinstance(error, PortUnavailable) for error in failures), "the outage was noticed"


async def test_calls_say_in_time_that_the_broker_does_not_answer(pair: Pair, stoppable_kafka: KafkaServer) -> None:
    await pair.publish(len(KEYS))
    stream = pair.stream()
    records = await stream.poll(records_max=1_000, wait_ms=0)
    await stream.commit((), offsets_after(records))
    await asyncio.to_thread(stoppable_kafka.pause)
    try:
        began = time.monotonic()
        with pytest.raises(PortUnavailable):
            await pair.sink.publish([make_output("in")])
        assert time.monotonic() - began < 2 * DELIVERY_SECONDS_MAX
        with pytest.raises(PortUnavailable):
            await pair.stream(group="new").poll(records_max=1, wait_ms=100)
        began = time.monotonic()
        with pytest.raises(PortUnavailable):
            while time.monotonic() - began < 2 * (AWAY_SECONDS + LOOK_SECONDS_MAX):
                await stream.poll(records_max=1_000, wait_ms=500)
        with pytest.raises(PortUnavailable):
            await check_ready(pair.address, ["in"])
    finally:
        await asyncio.to_thread(stoppable_kafka.resume)
    await pair.publish(len(KEYS))

    async def is_there() -> bool:
        return len(await pair.read_all("in")) >= 2 * len(KEYS)

    await until(is_there)


async def test_readiness_goes_and_comes_back_with_the_broker(pair: Pair, stoppable_kafka: KafkaServer) -> None:
    ready = TopicsReady(pair.address, ["in", "out"])
    pair.stack.push_async_callback(ready.close)
    await ready.check()
    await asyncio.to_thread(stoppable_kafka.kill)
    with pytest.raises(PortUnavailable):
        await ready.check()
    with pytest.raises(PortUnavailable, match=r"refuses connections \(ALERTING_KAFKA_BROKERS\)"):
        await ready.check()
    await asyncio.to_thread(stoppable_kafka.start)

    async def is_back() -> bool:
        try:
            await ready.check()
        except PortUnavailable:
            return False
        return True

    await until(is_back)
