"""Making and describing the topics of the platform on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.topics import (
    DEAD_LETTER_BYTES_MAX,
    RECORD_BYTES_MAX,
    TOPICS,
    TopicsReady,
    create_topics,
    describe_topics,
)
from alerting_core import limits
from alerting_core.errors import PortUnavailable
from tests.integration.kafka.conftest import check_ready

pytestmark = pytest.mark.integration

DAY_MS = 24 * 3_600_000


@pytest.fixture
async def address(kafka_brokers: str) -> AsyncIterator[KafkaAddress]:
    """Return a part of the broker's names that nobody else uses."""
    address = KafkaAddress(kafka_brokers, prefix=f"test-{uuid4().hex[:12]}.")
    yield address
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_brokers)
    await admin.start()
    await admin.delete_topics([address.name(topic) for topic in TOPICS])
    await admin.close()


async def test_all_topics_are_made_with_their_partitions_and_retention(address: KafkaAddress) -> None:
    assert await create_topics(address, partitions=3, keep_ms=2 * DAY_MS, dead_letters_keep_ms=9 * DAY_MS) == [*TOPICS]
    states = {state.name: state for state in await describe_topics(address)}
    assert states.keys() == set(TOPICS)
    assert {state.partitions for state in states.values()} == {3}
    assert states["alerts.new"].keep_ms == 2 * DAY_MS
    assert states["alerts.new"].record_bytes_max == RECORD_BYTES_MAX > limits.RECORD_VALUE_BYTES_MAX
    assert states["alerts.new.dlq"].keep_ms == 9 * DAY_MS
    assert states["alerts.new.dlq"].record_bytes_max == DEAD_LETTER_BYTES_MAX


async def test_topics_that_are_there_are_left_as_they_are(address: KafkaAddress) -> None:
    assert await create_topics(address, ["alerts.new"], partitions=2) == ["alerts.new"]
    assert await create_topics(address, ["alerts.new", "alerts.matched"], partitions=6) == ["alerts.matched"]
    assert {state.name: state.partitions for state in await describe_topics(address)} == {
        "alerts.new": 2,
        "alerts.matched": 6,
    }


async def test_readiness_names_the_topics_that_are_missing(address: KafkaAddress) -> None:
    await create_topics(address, ["alerts.new"])
    await check_ready(address, ["alerts.new"])
    with pytest.raises(PortUnavailable, match=rf"no topic {address.prefix}alerts.matched \(alerting topics create\)"):
        await check_ready(address, ["alerts.new", "alerts.matched"])


async def test_readiness_is_asked_again_and_again_on_one_connection(
    address: KafkaAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_topics(address, ["alerts.new"])
    started: list[AIOKafkaAdminClient] = []
    start = AIOKafkaAdminClient.start

    async def counted(admin: AIOKafkaAdminClient) -> None:
        started.append(admin)
        await start(admin)

    monkeypatch.setattr(AIOKafkaAdminClient, "start", counted)
    ready = TopicsReady(address, ["alerts.new"])
    await asyncio.gather(*(ready.check() for _ in range(10)))
    with pytest.raises(PortUnavailable, match="no topic"):
        missing = TopicsReady(address, ["alerts.matched"])
        try:
            await missing.check()
        finally:
            await missing.close()
    await ready.check()
    await ready.close()
    assert len(started) == 2
    with pytest.raises(PortUnavailable):
        await ready.check()


async def test_a_broker_that_is_not_there_is_said_to_be_unavailable() -> None:
    nobody = KafkaAddress("127.0.0.1:9")
    for call in (create_topics, describe_topics, check_ready):
        with pytest.raises(PortUnavailable, match="kafka is unavailable"):
            await call(nobody)  # type: ignore[operator]
