"""Fixtures of Kafka and Redis, for all tests: loaded as a plugin, so that there is one server of a kind per test run.

`ALERTING_TEST_KAFKA_BROKERS` and `ALERTING_TEST_REDIS_URL` name servers of your own; the tests empty the Redis database
that is named. Servers that tests stop and kill are always ones that were started here.
"""

import os
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.install.unavailable import Unavailable

# Drivers are imported by those tests alone that use them.
if TYPE_CHECKING:
    from tests.support.servers.choice import AnyKafka, AnyRedis
    from tests.support.servers.postgres import PostgresOnTcp
    from tests.support.servers.secure_kafka import SecureKafkaServer
    from tests.support.servers.topics import Topics


@pytest.fixture(scope="session")
def kafka_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a real Kafka that tests share: make topics of your own with `topics`."""
    from tests.support.servers.shared import kafka_of_this_run

    if given := os.environ.get("ALERTING_TEST_KAFKA_BROKERS"):
        yield given
        return
    try:
        with kafka_of_this_run(tmp_path_factory.getbasetemp().parent) as brokers:
            yield brokers
    except Unavailable as error:
        pytest.skip(f"no Kafka: {error}")


@pytest.fixture
async def topics(kafka_brokers: str) -> "AsyncIterator[Topics]":
    """Return what makes topics on the shared Kafka."""
    from tests.support.servers.topics import Topics

    own = Topics(kafka_brokers)
    try:
        yield own
    finally:
        await own.delete_all()


@pytest.fixture(scope="session")
def _redis_of_this_run() -> Iterator[str]:
    from tests.support.servers.shared import own_redis

    if given := os.environ.get("ALERTING_TEST_REDIS_URL"):
        yield given
        return
    try:
        with own_redis() as server:
            yield server.url
    except Unavailable as error:
        pytest.skip(f"no Redis: {error}")


@pytest.fixture
async def redis_url(_redis_of_this_run: str) -> str:
    """Return the address of a real and empty Redis database."""
    from redis.asyncio import Redis

    async with Redis.from_url(_redis_of_this_run) as client:
        await client.flushdb()
    return _redis_of_this_run


@pytest.fixture(scope="module")
def _kafka_of_this_module() -> "Iterator[AnyKafka]":
    from tests.support.servers.shared import own_kafka

    try:
        with own_kafka() as server:
            yield server
    except Unavailable as error:
        pytest.skip(f"no Kafka: {error}")


@pytest.fixture
def stoppable_kafka(_kafka_of_this_module: "AnyKafka") -> "AnyKafka":
    """Return a running Kafka that the tests of this module may stop, kill and pause; it keeps its data."""
    _kafka_of_this_module.start()
    return _kafka_of_this_module


@pytest.fixture
def stoppable_redis() -> "Iterator[AnyRedis]":
    """Return a running and empty Redis that this test may stop, kill and pause; it keeps its data."""
    from tests.support.servers.shared import own_redis

    try:
        with own_redis() as server:
            yield server
    except Unavailable as error:
        pytest.skip(f"no Redis: {error}")


@pytest.fixture
def stoppable_postgres() -> "Iterator[PostgresOnTcp]":
    """Return a running Postgres with an empty database, that this test may stop and kill; it keeps its data."""
    from tests.support.postgres.servers import scratch_folder
    from tests.support.servers.postgres import PostgresOnTcp

    with scratch_folder() as folder:
        server = PostgresOnTcp(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def secure_kafka() -> "Iterator[SecureKafkaServer]":
    """Return a running Kafka that lets in nobody without TLS and a password."""
    from tests.support.install.kafka import kafka_programs
    from tests.support.postgres.servers import scratch_folder
    from tests.support.servers.secure_kafka import SecureKafkaServer

    try:
        programs = kafka_programs()
    except Unavailable as error:
        pytest.skip(f"no Kafka: {error}")
    with scratch_folder() as folder:
        server = SecureKafkaServer(folder, programs)
        try:
            server.start()
            yield server
        finally:
            server.stop()
