"""Producers and consumers that are not ours: librdkafka, which is behind most clients that are not written in Java."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from alerting_core.codec.records import MESSAGE_HEADERS, decode_alert
from alerting_core.ports.stream import ALERTS_NEW, Outgoing, alert_record
from tests.integration.kafka.conftest import KEYS, PARTITIONS, Pair
from tests.support.pipeline import make_alert

pytestmark = pytest.mark.integration

ALERTS = [make_alert(f"alert-{number}", name="größe 東京") for number in range(200)]


def produce(pair: Pair, topic: str, outputs: Sequence[Outgoing], **settings: Any) -> None:
    """Write *outputs* as librdkafka does, choosing partitions as Java producers do."""
    producer = Producer({"bootstrap.servers": pair.address.brokers, "partitioner": "murmur2_random", **settings})
    for output in outputs:
        producer.produce(
            pair.address.name(topic), key=output.key, value=output.value, headers=[tuple(h) for h in output.headers]
        )
    assert producer.flush(30) == 0


def consume(pair: Pair, topic: str, count: int) -> list[Any]:
    """Read *count* messages of a topic."""
    consumer = Consumer({"bootstrap.servers": pair.address.brokers, "group.id": "none", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(pair.address.name(topic), number, 0) for number in range(PARTITIONS)])
        found: list[Any] = []
        deadline = time.monotonic() + 60
        while len(found) < count and time.monotonic() < deadline:
            found += [message for message in consumer.consume(count, timeout=1.0) if message.error() is None]
        return found
    finally:
        consumer.close()


async def in_thread(call: Callable[[], Any]) -> Any:
    """Run what blocks beside the loop."""
    return await asyncio.to_thread(call)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_alerts_of_another_producer_are_read_whatever_they_are_compressed_with(pair: Pair, codec: str) -> None:
    await pair.make(ALERTS_NEW, partitions=PARTITIONS)
    outputs = [alert_record(alert) for alert in ALERTS]
    await in_thread(lambda: produce(pair, ALERTS_NEW, outputs, **{"compression.type": codec, "linger.ms": 50}))
    records = await pair.read_all(ALERTS_NEW)
    assert {record.key: decode_alert(record.value) for record in records} == {
        alert.alert_id.encode(): alert for alert in ALERTS
    }
    assert {record.headers for record in records} == {MESSAGE_HEADERS}
    assert all(record.timestamp_ms > 0 for record in records)


async def test_a_record_without_key_value_and_headers_is_read_as_an_empty_one(pair: Pair) -> None:
    def produce_nothing() -> None:
        producer = Producer({"bootstrap.servers": pair.address.brokers})
        producer.produce(pair.address.name("in"))
        producer.produce(pair.address.name("in"), headers=[("empty", None)])
        assert producer.flush(30) == 0

    await in_thread(produce_nothing)
    records = await pair.read_all("in")
    assert {(record.key, record.value) for record in records} == {(b"", b"")}
    assert {record.headers for record in records} == {(), (("empty", b""),)}


async def test_other_consumers_read_what_we_write(pair: Pair) -> None:
    outputs = [alert_record(alert) for alert in ALERTS]
    await pair.sink.publish([Outgoing("out", one.key, one.value, one.headers) for one in outputs])
    found = await in_thread(lambda: consume(pair, "out", len(outputs)))
    assert {(m.key(), m.value(), tuple(m.headers())) for m in found} == {(o.key, o.value, o.headers) for o in outputs}


async def test_a_key_has_one_partition_whoever_writes_it(pair: Pair) -> None:
    outputs = [Outgoing("in", key, b"v") for key in KEYS]
    await pair.sink.publish(outputs)
    await in_thread(lambda: produce(pair, "in", outputs))
    records = await pair.read_all("in")
    assert len(records) == 2 * len(KEYS)
    assert len({(record.key, record.partition) for record in records}) == len(KEYS)


async def test_a_transaction_that_was_rolled_back_is_not_read(pair: Pair) -> None:
    def produce_both() -> None:
        producer = Producer({"bootstrap.servers": pair.address.brokers, "transactional.id": f"{pair.address.prefix}x"})
        producer.init_transactions(30)
        for value, end in ((b"aborted", producer.abort_transaction), (b"done", producer.commit_transaction)):
            producer.begin_transaction()
            for key in KEYS:
                producer.produce(pair.address.name("in"), key=key, value=value)
            producer.flush(30)
            end(30)

    await in_thread(produce_both)
    stream = pair.stream()
    records = await stream.poll(records_max=1_000, wait_ms=0)
    assert {record.value for record in records} == {b"done"}
    assert {record.key for record in records} == set(KEYS)
    await stream.commit((), {record.partition: record.offset + 1 for record in records})
    assert await stream.poll(records_max=1_000, wait_ms=0) == []
