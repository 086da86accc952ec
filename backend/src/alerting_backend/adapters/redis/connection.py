"""The connection to Redis. All waiting is bounded, and short: evaluators ask before each batch of alerts."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthenticationWrongNumberOfArgsError, RedisError
from redis.exceptions import ConnectionError as ConnectionBroken

from alerting_backend.adapters.system import monotonic_ms
from alerting_core.delivery.breaker import Breaker, BreakerEvent, BreakerPolicy
from alerting_core.errors import PortUnavailable

RESOURCE: Final = "redis"

_URL: Final = "ALERTING_REDIS_URL"


@contextmanager
def translate_errors(operation: str) -> Iterator[None]:
    """Turn errors of the library and of the network within into `PortUnavailable`, naming *operation*.

    What Redis refuses (no memory left, a replica, a right that is not given) is among them: an operator mends that
    while evaluators go on with the rules they have, and nothing that a client sends can cause it.
    """
    try:
        yield
    except (OSError, RedisError) as error:  # TimeoutError is an OSError.
        raise PortUnavailable(RESOURCE, operation=operation, detail=_describe(error)) from error


def _describe(error: Exception) -> str:
    """Return the first line of what *error* says, and how the setting mends it where it does."""
    said = str(error).partition("\n")[0] or type(error).__name__
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):  # The library wraps what TLS says.
        cause = cause.__cause__ or cause.__context__
    match cause or error:
        case ssl.SSLCertVerificationError(verify_message=why):
            return f"its certificate is not trusted: {why} (ssl_ca_certs in {_URL})"
        case ssl.SSLError():
            return f"{said} ({_URL})"
        case AuthenticationError() | AuthenticationWrongNumberOfArgsError():
            return f"{said} (user and password in {_URL})"
        case _:
            return said


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
        with translate_errors(operation):
            return await self._client.execute_command(*command)

    async def run(self, script: Script, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """Run *script* and return its answer. It is sent to a server that does not know it yet.

        Raises:
            PortUnavailable: Redis does not answer, or refuses.
        """
        registered = self._registered.get(script.name)
        if registered is None:
            registered = self._registered[script.name] = self._client.register_script(script.text)
        with translate_errors(script.name):
            return await registered(keys=keys, args=arguments)


COOL_DOWN_MS_MIN: Final = 250
COOL_DOWN_MS_MAX: Final = 2_000
"""Together with the longest wait for an answer: how late a server that is back is noticed."""

_PROBE_MS_MAX: Final = int(1_000 * (CONNECT_SECONDS_MAX + ANSWER_SECONDS_MAX))
"""A first question that has no answer by then has failed, or is past it and still reads."""


class RedisBreaker:
    """The circuit of one server: while it is open, questions end with the error of the last one that was asked.

    Args:
        cool_down_ms_max: How long the server is left alone at most; 0 to ask every time.
        clock_ms: A clock that never goes back.
    """

    def __init__(
        self, *, cool_down_ms_max: int = COOL_DOWN_MS_MAX, clock_ms: Callable[[], float] = monotonic_ms
    ) -> None:
        policy = BreakerPolicy(
            failures_to_open=1,  # Whoever asks can do without an answer for two seconds.
            failure_window_ms=COOL_DOWN_MS_MAX,
            cool_down_ms_min=COOL_DOWN_MS_MIN,
            cool_down_ms_max=cool_down_ms_max,
            probes_max=1,
            probe_ms_max=_PROBE_MS_MAX,
        )
        self._breaker = Breaker(policy)
        self._clock_ms = clock_ms
        self._error: PortUnavailable | None = None

    @contextmanager
    def question(self) -> Iterator[None]:
        """Ask inside the block; a PortUnavailable that leaves it is a failure of the server.

        Raises:
            PortUnavailable: The server is left alone at present.
        """
        now_ms = int(self._clock_ms())
        if self._error is not None and not self._breaker.allows(now_ms=now_ms):
            raise PortUnavailable(
                self._error.resource, operation=self._error.operation, detail="it failed a moment ago"
            ) from self._error
        self._breaker = self._breaker.begun(now_ms=now_ms)
        event = BreakerEvent.INCONCLUSIVE
        try:
            yield
            event, self._error = BreakerEvent.ANSWERED, None
        except PortUnavailable as error:
            event, self._error = BreakerEvent.FAILED, error
            raise
        finally:
            self._breaker = self._breaker.ended(event, now_ms=int(self._clock_ms()))
