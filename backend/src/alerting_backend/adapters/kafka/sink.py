"""Publishing to Kafka: one producer from its start to its end, the partition of a key, groups of records."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from alerting_backend.adapters.group_commit import GroupCommit
from alerting_backend.adapters.kafka import connection, dead_letters, internals
from alerting_core.errors import LimitExceeded, PortUnavailable
from alerting_core.ports.stream import Outgoing, is_dead_letter

KEYS_MAX: Final = 65_536
"""Keys whose hash is remembered: the same clients come again and again, and hashing costs ten times a look-up."""


@lru_cache(maxsize=KEYS_MAX)
def _hash(key: bytes) -> int:
    positive: int = murmur2(key) & 0x7FFF_FFFF
    return positive


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of *key* in a topic with that many partitions."""
    return _hash(key) % partitions


BATCH_BYTES_MAX: Final = 524_288
"""One batch of one partition, before compression: half of what a broker takes by default, so that none is refused for
its size but one that is a single record."""

COMPRESSION: Final = "zstd"
"""The messages of one alert differ in a few bytes: they shrink to a fraction, in less time than it takes to send them
as they are. Of the four codecs this one costs the least."""

CLOSE_SECONDS_MAX: Final = 5.0
"""How long ending waits for the library to close its connections."""

_Batches = dict[tuple[str, int], list[Any]]


class Producer:
    """A started producer.

    Args:
        address: The cluster.
    """

    def __init__(self, address: connection.KafkaAddress) -> None:
        self._address = address
        self._producer = AIOKafkaProducer(
            **address.log_in(),
            acks="all",
            enable_idempotence=True,
            compression_type=COMPRESSION,
            max_batch_size=BATCH_BYTES_MAX,
        )

    async def start(self) -> None:
        """Connect. Waits without bound for a broker that is there and does not answer."""
        await self._producer.start()

    async def send(self, outputs: Sequence[Outgoing]) -> None:
        """Write *outputs*, in order within each partition; they are on all replicas in sync when this returns.

        Costs one request per round of batches, whatever their number, and no waiting per record.
        """
        batches = await self._batch(outputs)
        await asyncio.gather(*(self._send_in_order(*place, of_partition) for place, of_partition in batches.items()))

    async def abandon(self) -> None:
        """End the producer and forget what it holds. Nothing of that is sent after this returns."""
        internals.drop_all(self._producer)
        # First the connections: that ends the requests under way, which the sender waits for.
        await connection.finish(self._producer.client.close(), seconds_max=CLOSE_SECONDS_MAX)
        await connection.finish(self._producer.stop(), seconds_max=CLOSE_SECONDS_MAX)

    async def _batch(self, outputs: Sequence[Outgoing]) -> _Batches:
        counts: dict[str, int] = {}
        for topic in {output.topic: None for output in outputs}:
            counts[topic] = len(await self._producer.partitions_for(self._address.name(topic)))
        batches: _Batches = {}
        for output in outputs:
            place = output.topic, partition_of(output.key, counts[output.topic])
            of_partition = batches.get(place)
            if of_partition is None:
                of_partition = batches[place] = [self._producer.create_batch()]
            record = {"key": output.key, "value": output.value, "headers": list(output.headers), "timestamp": None}
            if of_partition[-1].append(**record) is None:  # It is full. An empty one takes any record.
                of_partition.append(self._producer.create_batch())
                of_partition[-1].append(**record)
        return batches

    async def _send_in_order(self, topic: str, partition: int, batches: Sequence[Any]) -> None:
        name = self._address.name(topic)
        sent: list[asyncio.Future[Any]] = []
        try:
            for batch in batches:
                sent.append(await self._producer.send_batch(batch, name, partition=partition))  # noqa: PERF401
            await asyncio.gather(*sent)
        finally:
            for one in sent:
                one.cancel()


BATCH_RECORDS_MAX: Final = 10_000
"""Of several callers together. Some 50 ms of work."""

DELIVERY_SECONDS_MAX: Final = 10.0
"""From the start of a batch until all replicas have it; connecting is part of it. A healthy broker takes 10 ms."""

CONNECT_SECONDS_MAX: Final = 6.0
"""Of that, connecting."""


class KafkaSink:
    """Publishes to a cluster; connected when first used, and again after every trouble. `close` it at the end."""

    def __init__(self, address: connection.KafkaAddress) -> None:
        self._address = address
        self._producer: Producer | None = None
        self._commits = GroupCommit(self._send, records_max=BATCH_RECORDS_MAX, fail_waiting=True)
        self._closed = False

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*; all replicas in sync have them when this returns."""
        if self._closed and outputs:
            raise PortUnavailable("kafka", operation="publish", detail="the sink is closed")
        await self._commits.publish(outputs)

    async def close(self) -> None:
        """Send what waits, and disconnect."""
        self._closed = True
        await self._commits.drain()
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.abandon()

    async def _send(self, outputs: Sequence[Outgoing]) -> None:
        try:
            await self._send_once(outputs)
        except LimitExceeded:
            short = [dead_letters.shortened(output) if is_dead_letter(output) else output for output in outputs]
            if short == outputs:
                raise
            await self._send_once(short)

    async def _send_once(self, outputs: Sequence[Outgoing]) -> None:
        try:
            async with connection.translate_errors_in_time("publish", DELIVERY_SECONDS_MAX):
                producer = self._producer
                if producer is None:
                    producer = self._producer = Producer(self._address)
                    async with connection.connecting(self._address, "publish", CONNECT_SECONDS_MAX):
                        await producer.start()
                await producer.send(outputs)
        except BaseException as error:
            producer, self._producer = self._producer, None
            if producer is not None:
                await producer.abandon()
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise LimitExceeded("a record is larger than its topic takes (max.message.bytes)") from error
            raise
