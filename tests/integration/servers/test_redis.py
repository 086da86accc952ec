"""The Redis of the tests is a real one of a supported version."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.install.redis import MAJOR_MIN
from tests.support.servers.redis import RedisServer


@pytest.mark.parametrize("value", ["first", "second"])
async def test_each_test_begins_with_an_empty_database(redis_url: str, value: str) -> None:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        assert await client.get("key") is None
        await client.set("key", value)
        assert await client.get("key") == value
        assert int((await client.info("server"))["redis_version"].split(".")[0]) >= MAJOR_MIN


async def test_what_was_told_outlives_a_stop_and_a_kill(stoppable_redis: RedisServer) -> None:
    await _set(stoppable_redis.url, "first", "1")
    await asyncio.to_thread(stoppable_redis.stop)
    with pytest.raises(RedisConnectionError):
        await _set(stoppable_redis.url, "second", "0")
    await asyncio.to_thread(stoppable_redis.start)
    await _set(stoppable_redis.url, "second", "2")
    await asyncio.to_thread(stoppable_redis.kill)
    await asyncio.to_thread(stoppable_redis.start)
    async with Redis.from_url(stoppable_redis.url, decode_responses=True) as client:
        assert await client.mget("first", "second") == ["1", "2"]


async def _set(url: str, key: str, value: str) -> None:
    async with Redis.from_url(url) as client:
        await client.set(key, value)
