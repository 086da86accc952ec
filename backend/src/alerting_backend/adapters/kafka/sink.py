"""Publishing to Kafka.

Theory of operation. Callers add what they publish to a queue; one round at a time is taken from it, sent as one batch
per partition, and waited for as a whole. While a round is under way the next one gathers, so that a thousand callers
with one record each cost a few requests, and a caller with ten thousand records costs no more. No round starts before
the one before it has ended, which keeps the order of each key whatever fails.

A round that has not arrived in time is given up together with its producer (see `producer.py`), and all who wait are
told so at once: they keep their records and publish again. Parts of it may have been written.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, TypeAlias

from aiokafka.errors import MessageSizeTooLargeError

from alerting_backend.adapters.kafka.address import KafkaAddress
from alerting_backend.adapters.kafka.border import bounded_border
from alerting_backend.adapters.kafka.diagnosis import connecting
from alerting_backend.adapters.kafka.letters import shortened
from alerting_backend.adapters.kafka.producer import Producer
from alerting_core.errors import LimitExceeded, PortUnavailable
from alerting_core.ports.records import check_sizes, is_dead_letter
from alerting_core.ports.stream import Outgoing

ROUND_RECORDS_MAX: Final = 10_000
"""Of several callers together; one call alone is never split. Some 50 ms of work."""

ROUND_BYTES_MAX: Final = 16 * 1_048_576
"""Likewise: what is held twice, by the callers and as batches, while a round is under way."""

DELIVERY_SECONDS_MAX: Final = 10.0
"""From the start of a round until all replicas have it; connecting is part of it. A healthy broker takes 10 ms."""

CONNECT_SECONDS_MAX: Final = 6.0
"""Of that, connecting."""

_Waiting: TypeAlias = tuple[Sequence[Outgoing], "asyncio.Future[None]"]


class KafkaSink:
    """Publishes to a cluster; connected when first used, and again after every trouble. `close` it at the end."""

    def __init__(self, address: KafkaAddress) -> None:
        self._address = address
        self._producer: Producer | None = None
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None
        self._closed = False

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*; all replicas in sync have them when this returns."""
        if not outputs:
            return
        check_sizes(outputs)
        if self._closed:
            raise PortUnavailable("kafka", operation="publish", detail="the sink is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outputs, done))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        await done

    async def close(self) -> None:
        """Send what waits, and disconnect."""
        self._closed = True
        if self._sending is not None:
            await asyncio.wait([self._sending])
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.abandon()

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send_round(self._take())
        finally:
            self._sending = None
            for _, done in self._waiting:  # Not empty only when the process is being stopped.
                done.cancel()

    def _take(self) -> Sequence[_Waiting]:
        records = size = 0
        for count, (outputs, _) in enumerate(self._waiting):
            records += len(outputs)
            size += sum(len(output.value) for output in outputs)
            if count > 0 and (records > ROUND_RECORDS_MAX or size > ROUND_BYTES_MAX):
                break
        else:
            count = len(self._waiting)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _send_round(self, taken: Sequence[_Waiting]) -> None:
        try:
            await self._send([output for outputs, _ in taken for output in outputs])
        except asyncio.CancelledError:
            for _, done in taken:
                done.cancel()
            raise
        except LimitExceeded as error:
            await self._send_apart(taken, error)
        except Exception as error:  # It is the callers', who get it; those who wait would meet the same.
            waiting, self._waiting = self._waiting, []
            for _, done in (*taken, *waiting):
                _fail(done, error)
        else:
            for _, done in taken:
                if not done.done():
                    done.set_result(None)

    async def _send_apart(self, taken: Sequence[_Waiting], error: LimitExceeded) -> None:
        """Send each caller's records alone, after one of them had a record that was refused for its size."""
        if len(taken) == 1:
            _fail(taken[0][1], error)
            return
        for one in taken:
            await self._send_round([one])

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


def _fail(done: "asyncio.Future[None]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
