"""One producer of aiokafka, from its start to its end.

aiokafka never gives up a record of an idempotent producer, however long the broker is away, and after a refused batch
such a producer is out of step with the broker for good. So its life ends with the first trouble: it is given up, with
all that it holds, and the next publish begins with a new one.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from alerting_backend.adapters.kafka.address import KafkaAddress
from alerting_backend.adapters.kafka.border import finish
from alerting_backend.adapters.kafka.internals import drop_all
from alerting_backend.adapters.kafka.partition import partition_of
from alerting_core.ports.stream import Outgoing

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

    def __init__(self, address: KafkaAddress) -> None:
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
        drop_all(self._producer)
        # First the connections: that ends the requests under way, which the sender waits for.
        await finish(self._producer.client.close(), seconds_max=CLOSE_SECONDS_MAX)
        await finish(self._producer.stop(), seconds_max=CLOSE_SECONDS_MAX)

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
