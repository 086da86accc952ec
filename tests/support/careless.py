"""A producer that puts anything onto a topic, as other programs may, and the limit that a topic sets to it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from alerting_backend.adapters.kafka.connection import KafkaAddress

REQUEST_BYTES_MAX: Final = 64 * 1_048_576
"""Larger than any topic of the tests takes: what is refused was refused by the broker."""


@dataclass(frozen=True, slots=True)
class Put:
    """A record for one partition."""

    topic: str
    partition: int
    key: bytes
    value: bytes


def put(address: KafkaAddress, records: Sequence[Put]) -> Sequence[int]:
    """Write *records*, and return at which offsets.

    Raises:
        KafkaError: What the broker says.
    """
    return asyncio.run(_put(address, records))


def ends(address: KafkaAddress, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
    """Return partition → the offset of the next record that will be written there."""
    return asyncio.run(_ends(address, [TopicPartition(address.name(topic), partition) for partition in partitions]))


def set_record_limit(address: KafkaAddress, topic: str, bytes_max: int) -> None:
    """Let *topic* take records of up to *bytes_max*."""
    asyncio.run(_set_record_limit(address, topic, bytes_max))


async def _put(address: KafkaAddress, records: Sequence[Put]) -> Sequence[int]:
    producer = AIOKafkaProducer(bootstrap_servers=address.brokers, max_request_size=REQUEST_BYTES_MAX)
    await producer.start()
    try:
        sent = [
            await producer.send(address.name(one.topic), one.value, key=one.key, partition=one.partition)
            for one in records
        ]
        return [(await each).offset for each in sent]
    finally:
        await producer.stop()


async def _ends(address: KafkaAddress, places: Sequence[TopicPartition]) -> Mapping[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=address.brokers)
    await consumer.start()
    try:
        return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
    finally:
        await consumer.stop()


async def _set_record_limit(address: KafkaAddress, topic: str, bytes_max: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address.brokers)
    await admin.start()
    try:
        place = ConfigResource(
            ConfigResourceType.TOPIC, address.name(topic), configs={"max.message.bytes": str(bytes_max)}
        )
        (response,) = await admin.alter_configs([place])
        assert [code for code, *_ in response.resources] == [0], response
    finally:
        await admin.close()
