"""The Kafka of the tests is a real one: what it was told outlives whatever happens to it."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.support.servers.kafka import KafkaServer
from tests.support.servers.topics import Topics


async def _send(brokers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=brokers, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, value, key=b"key", headers=[("content-type", b"application/x-protobuf")])


async def _read(brokers: str, topic: str, count: int) -> list[bytes | None]:
    """Read the first *count* records of the only partition."""
    async with AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest") as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(count)]


async def test_a_record_that_was_sent_is_read_back(topics: Topics) -> None:
    topic = await topics.make()
    await _send(topics.brokers, topic, b"value")
    assert await _read(topics.brokers, topic, 1) == [b"value"]


async def test_each_test_has_topics_of_its_own(topics: Topics) -> None:
    others = Topics(topics.brokers)
    try:
        assert await topics.make("alerts.new") != await others.make("alerts.new")
    finally:
        await others.delete_all()


async def test_a_group_of_two_shares_the_partitions(topics: Topics) -> None:
    topic, group = await topics.make(partitions=2), f"{topics.prefix}group"
    first = AIOKafkaConsumer(topic, bootstrap_servers=topics.brokers, group_id=group, auto_offset_reset="earliest")
    second = AIOKafkaConsumer(topic, bootstrap_servers=topics.brokers, group_id=group, auto_offset_reset="earliest")
    async with first, second, AIOKafkaProducer(bootstrap_servers=topics.brokers) as producer:
        while not (len(first.assignment()) == len(second.assignment()) == 1):
            await asyncio.gather(first.getmany(timeout_ms=20), second.getmany(timeout_ms=20))
        for partition in (0, 1):
            await producer.send_and_wait(topic, b"value", partition=partition)
        records = await asyncio.gather(first.getone(), second.getone())
        assert {record.partition for record in records} == {0, 1}


async def test_records_outlive_a_stop_and_a_kill(stoppable_kafka: KafkaServer) -> None:
    topic = await Topics(stoppable_kafka.brokers).make()
    await _send(stoppable_kafka.brokers, topic, b"before the stop")
    await asyncio.to_thread(stoppable_kafka.stop)
    assert stoppable_kafka.running() is None
    await asyncio.to_thread(stoppable_kafka.start)
    await _send(stoppable_kafka.brokers, topic, b"before the kill")
    await asyncio.to_thread(stoppable_kafka.kill)
    await asyncio.to_thread(stoppable_kafka.start)
    assert await _read(stoppable_kafka.brokers, topic, 2) == [b"before the stop", b"before the kill"]


async def test_a_paused_broker_answers_when_it_goes_on(stoppable_kafka: KafkaServer) -> None:
    topic = await Topics(stoppable_kafka.brokers).make()
    stoppable_kafka.pause()
    sending = asyncio.create_task(_send(stoppable_kafka.brokers, topic, b"value"))
    try:
        done, _ = await asyncio.wait([sending], timeout=0.2)
        assert not done
    finally:
        stoppable_kafka.resume()
    await sending
    assert await _read(stoppable_kafka.brokers, topic, 1) == [b"value"]
