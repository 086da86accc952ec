"""Publishing to Kafka.

Theory of operation. A batch of a group commit is sent as one batch per partition and waited for as a whole, so that a
caller with ten thousand records costs no more than one with a single record. A batch that has not arrived in time is
given up together with its producer (see `producer.py`). Parts of it may have been written.
"""

from collections.abc import Sequence
from typing import Final

from aiokafka.errors import MessageSizeTooLargeError

from alerting_backend.adapters.group_commit import GroupCommit
from alerting_backend.adapters.kafka.address import KafkaAddress
from alerting_backend.adapters.kafka.border import bounded_border
from alerting_backend.adapters.kafka.diagnosis import connecting
from alerting_backend.adapters.kafka.letters import shortened
from alerting_backend.adapters.kafka.producer import Producer
from alerting_core.errors import LimitExceeded, PortUnavailable
from alerting_core.ports.records import is_dead_letter
from alerting_core.ports.stream import Outgoing

BATCH_RECORDS_MAX: Final = 10_000
"""Of several callers together. Some 50 ms of work."""

DELIVERY_SECONDS_MAX: Final = 10.0
"""From the start of a batch until all replicas have it; connecting is part of it. A healthy broker takes 10 ms."""

CONNECT_SECONDS_MAX: Final = 6.0
"""Of that, connecting."""


class KafkaSink:
    """Publishes to a cluster; connected when first used, and again after every trouble. `close` it at the end."""

    def __init__(self, address: KafkaAddress) -> None:
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
            short = [shortened(output) if is_dead_letter(output) else output for output in outputs]
            if short == outputs:
                raise
            await self._send_once(short)

    async def _send_once(self, outputs: Sequence[Outgoing]) -> None:
        try:
            async with bounded_border("publish", DELIVERY_SECONDS_MAX):
                producer = self._producer
                if producer is None:
                    producer = self._producer = Producer(self._address)
                    async with connecting(self._address, "publish", CONNECT_SECONDS_MAX):
                        await producer.start()
                await producer.send(outputs)
        except BaseException as error:
            producer, self._producer = self._producer, None
            if producer is not None:
                await producer.abandon()
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise LimitExceeded("a record is larger than its topic takes (max.message.bytes)") from error
            raise
