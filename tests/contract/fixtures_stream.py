"""Logs to publish to and to consume from, in memory and on real servers. The tests ask for the fixtures by name."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import DEAD_LETTER_BYTES_MAX, RECORD_BYTES_MAX, create_topics
from alerting_backend.adapters.postgres.connection import open_pools
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink, PgStream
from alerting_core.memory.database import MemoryClock
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.ports.stream import Sink, Stream
from tests.support.catalog import NOW_MS
from tests.support.postgres.cluster import Cluster
from tests.support.servers.topics import Topics


@dataclass(frozen=True)
class Log:
    """An empty log with the topics "t" and "u" of six partitions, and "t.dlq" for the dead letters of the first.

    Attributes:
        new_stream: Makes one more consumer of a topic in a group, as another process would.
    """

    sink: Sink
    new_stream: Callable[[str, str], Stream]


def memory_log() -> Log:
    """Return a new log in memory."""
    log = MemoryLog(clock=MemoryClock(NOW_MS))
    return Log(MemorySink(log), lambda topic, group: MemoryStream(log, topic=topic, group=group))


@asynccontextmanager
async def postgres_log(cluster: Cluster) -> AsyncIterator[Log]:
    """Yield the log of a new database."""
    async with cluster.database() as address, open_pools(address, size_max=4) as pools:
        # Each with a log of its own: no consumer knows what another one of the same process wrote.
        yield Log(
            PgSink(PgLog(pools.worker)),
            lambda topic, group: PgStream(PgLog(pools.worker), topic=topic, group=group),
        )


@asynccontextmanager
async def kafka_log(brokers: str) -> AsyncIterator[Log]:
    """Yield new topics of a real broker."""
    topics = Topics(brokers)
    address = KafkaAddress(brokers, prefix=topics.prefix)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(topics.delete_all)
        for topic in ("t", "u"):
            await topics.make(topic, partitions=6, settings={"max.message.bytes": str(RECORD_BYTES_MAX)})
        await topics.make("t.dlq", partitions=1, settings={"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)})
        await create_topics(address, ["t", "u", "t.dlq"])  # They are there, and can be used when this returns.
        sink = KafkaSink(address)
        stack.push_async_callback(sink.close)

        def new_stream(topic: str, group: str) -> Stream:
            stream = KafkaStream(address, sink, topic=topic, group=group)
            stack.push_async_callback(stream.close)
            return stream

        yield Log(sink, new_stream)


@pytest.fixture(
    params=[
        "memory",
        "embedded_postgres_cluster",
        "oldest_postgres_cluster",
        pytest.param("kafka_brokers", marks=pytest.mark.integration),
    ]
)
def log_server(request: pytest.FixtureRequest) -> Cluster | str | None:
    """Return the server to test on: Postgres, the address of Kafka, or None for memory."""
    return None if request.param == "memory" else request.getfixturevalue(request.param)


@pytest.fixture
async def log(log_server: Cluster | str | None) -> AsyncIterator[Log]:
    """Return an empty log."""
    if log_server is None:
        yield memory_log()
    elif isinstance(log_server, str):
        async with kafka_log(log_server) as log:
            yield log
    else:
        async with postgres_log(log_server) as log:
            yield log
