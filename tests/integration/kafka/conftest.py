"""Two topics on a real broker, "in" and "out", and what is needed to look at them."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import TOPICS, TopicsReady, create_topics
from alerting_core.errors import PortUnavailable
from alerting_core.ports.stream import Outgoing, Record
from alerting_core.stages.batch import offsets_after
from tests.support.servers.topics import Topics

PARTITIONS = 6
KEYS = [f"client-{number}".encode() for number in range(40)]


@dataclass
class Pair:
    """The topics, and streams that are closed with the test."""

    address: KafkaAddress
    topics: Topics
    sink: KafkaSink
    stack: AsyncExitStack
    numbers: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))

    def stream(self, topic: str = "in", group: str = "g", *, instance_id: str | None = None) -> KafkaStream:
        """Make one more consumer."""
        stream = KafkaStream(self.address, self.sink, topic=topic, group=group, instance_id=instance_id)
        self.stack.push_async_callback(stream.close)
        return stream

    async def make(self, topic: str, **how: Any) -> None:
        """Make one more topic; it can be used when this returns."""
        await self.topics.make(topic, **how)
        await create_topics(self.address, [topic])

    async def publish(self, count: int) -> None:
        """Publish *count* records to "in", numbered by key, again and again until they are there."""
        outputs = []
        for place in range(count):
            key = KEYS[place % len(KEYS)]
            outputs.append(Outgoing("in", key, b"%d" % self.numbers[key]))
            self.numbers[key] += 1
        while True:
            try:
                await self.sink.publish(outputs)
            except PortUnavailable:
                await asyncio.sleep(0.1)
            else:
                return

    async def is_done(self, group: str = "g") -> bool:
        """Tell whether *group* has read all of "in"."""
        stream = self.stream(group=group)
        try:
            return sum((await stream.lag()).values()) == 0
        except PortUnavailable:
            return False
        finally:
            await stream.close()

    async def read_all(self, topic: str = "out") -> Sequence[Record]:
        """Read a topic from its beginning to its end."""
        stream = self.stream(topic, f"reader-of-{topic}-{id(object())}")
        found: list[Record] = []
        while records := await stream.poll(records_max=5_000, wait_ms=0):
            found += records
            await stream.commit((), offsets_after(records))
        await stream.close()
        return found

    async def copier(self, *options: str, group: str = "g") -> "asyncio.subprocess.Process":
        """Start a process that copies "in" to "out"; it is killed at the end of the test at the latest."""
        command = ["-m", "tests.support.stream_copier", self.address.brokers, self.address.prefix, group, *options]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self.stack.push_async_callback(end, process)
        return process


async def check_ready(address: KafkaAddress, topics: Sequence[str] = TOPICS) -> None:
    """Look once whether *topics* can be used."""
    ready = TopicsReady(address, topics)
    try:
        await ready.check()
    finally:
        await ready.close()


async def until(holds: Callable[[], Awaitable[bool]], *, seconds_max: float = 60.0) -> None:
    """Return as soon as something holds that is looked at again and again, on servers that tell nobody."""
    async with asyncio.timeout(seconds_max):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def end(process: "asyncio.subprocess.Process") -> None:
    """Kill a process unless it has ended."""
    if process.returncode is None:
        process.kill()
    await process.wait()


def values_by_key(records: Sequence[Record]) -> Mapping[bytes, list[int]]:
    """Return key → the numbers of its records, in their order."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for record in records:
        found[record.key].append(int(record.value))
    return found


def without_repeats(numbers: Sequence[int]) -> list[int]:
    """Return each number where it comes first."""
    return list(dict.fromkeys(numbers))


async def open_pair(brokers: str, stack: AsyncExitStack) -> Pair:
    """Make the topics on a broker."""
    topics = Topics(brokers)
    stack.push_async_callback(topics.delete_all)
    for name in ("in", "out"):
        await topics.make(name, partitions=PARTITIONS)
    address = KafkaAddress(brokers, prefix=topics.prefix)
    await create_topics(address, ["in", "out"])  # They are there, and can be used when this returns.
    sink = KafkaSink(address)
    stack.push_async_callback(sink.close)
    return Pair(address, topics, sink, stack)


@pytest.fixture
async def pair(kafka_brokers: str) -> AsyncIterator[Pair]:
    """Return topics of this test's own on the shared broker."""
    async with AsyncExitStack() as stack:
        yield await open_pair(kafka_brokers, stack)
