"""The connection to Redis. All waiting is bounded, and short: evaluators ask before each batch of alerts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroken

from alerting_backend.adapters.redis.border import border

CONNECT_SECONDS_MAX: Final = 1.0
"""A server in the same data centre answers in a millisecond or is not there."""

ANSWER_SECONDS_MAX: Final = 2.0
"""One command; the longest, of half a megabyte, takes some milliseconds."""

CONNECTIONS_MAX: Final = 4
"""Of one process: its stages ask one after the other. Who finds none free waits for one."""


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator["RedisServer"]:
    """Yield the server at *url*, connected when first asked, and close its connections on leaving."""
    pool = BlockingConnectionPool.from_url(
        url,
        timeout=ANSWER_SECONDS_MAX,
        socket_connect_timeout=CONNECT_SECONDS_MAX,
        socket_timeout=ANSWER_SECONDS_MAX,
        max_connections=CONNECTIONS_MAX,
        # A connection that the server closed while it was idle is no outage. What took too long is not asked again.
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionBroken,)),
    )
    client = Redis.from_pool(pool)
    try:
        yield RedisServer(client)
    finally:
        await client.aclose()


class Script:
    """A Lua program that Redis runs in one step: nobody sees what is between its beginning and its end."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text


class RedisServer:
    """Asks Redis; answers are bytes, numbers, None and lists of them."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # Its commands are typed for both kinds of client at once.
        self._registered: dict[str, Any] = {}

    async def ask(self, operation: str, *command: str | bytes | int) -> Any:
        """Send one command and return its answer.

        Raises:
            PortUnavailable: Redis does not answer, or refuses.
        """
        with border(operation):
            return await self._client.execute_command(*command)

    async def run(self, script: Script, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """Run *script* and return its answer. It is sent to a server that does not know it yet.

        Raises:
            PortUnavailable: Redis does not answer, or refuses.
        """
        registered = self._registered.get(script.name)
        if registered is None:
            registered = self._registered[script.name] = self._client.register_script(script.text)
        with border(script.name):
            return await registered(keys=keys, args=arguments)
