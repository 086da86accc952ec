"""The connection to Redis, and the figures of all processes: each writes its own, and the API reads them all.

All waiting is bounded, and short: evaluators ask before each batch of alerts.

Theory of operation of the figures. A process writes two texts every few seconds, each JSON: what its stages have done
and are doing, and what they did in the last hour. Both expire by themselves. A sorted set holds the names of the
processes with the time of their latest report, so that a reader knows what to ask for; names whose texts have expired
are taken out of it by whoever writes. One text per process is written as a whole: a reader sees a report or the one
before, never a mixture.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthenticationWrongNumberOfArgsError, RedisError
from redis.exceptions import ConnectionError as ConnectionBroken

from alerting_backend.adapters.system import monotonic_ms
from alerting_core import errors, limits
from alerting_core.delivery.breaker import Breaker, BreakerEvent, BreakerPolicy
from alerting_core.ports import metrics
from alerting_core.stages.meter import in_pipeline_order, place_of

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
        raise errors.PortUnavailable(RESOURCE, operation=operation, detail=_describe(error)) from error


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
        self._error: errors.PortUnavailable | None = None

    @contextmanager
    def question(self) -> Iterator[None]:
        """Ask inside the block; a PortUnavailable that leaves it is a failure of the server.

        Raises:
            PortUnavailable: The server is left alone at present.
        """
        now_ms = int(self._clock_ms())
        if self._error is not None and not self._breaker.allows(now_ms=now_ms):
            raise errors.PortUnavailable(
                self._error.resource, operation=self._error.operation, detail="it failed a moment ago"
            ) from self._error
        self._breaker = self._breaker.begun(now_ms=now_ms)
        event = BreakerEvent.INCONCLUSIVE
        try:
            yield
            event, self._error = BreakerEvent.ANSWERED, None
        except errors.PortUnavailable as error:
            event, self._error = BreakerEvent.FAILED, error
            raise
        finally:
            self._breaker = self._breaker.ended(event, now_ms=int(self._clock_ms()))


_FIGURES_FORMAT: Final = 1
"""Of the texts. A reader passes over those of another one: processes of two versions may run side by side."""


@dataclass(frozen=True, slots=True)
class FigureKeys:
    """The keys of the figures.

    Attributes:
        prefix: As of the rules.
    """

    prefix: str = ""

    @property
    def instances(self) -> str:
        """Sorted set: the name of a process by the unix millisecond of its latest report."""
        return self.prefix + "figures:instances"

    def now(self, instance: str) -> str:
        """Text: what the stages of a process are doing."""
        return f"{self.prefix}figures:now:{instance}"

    def series(self, instance: str) -> str:
        """Text: what they did in the last hour."""
        return f"{self.prefix}figures:series:{instance}"


class RedisFigures:
    """Takes in the figures of one process, and gives out those of all."""

    def __init__(self, server: RedisServer, keys: FigureKeys) -> None:
        self._server, self._keys = server, keys

    async def report(self, instance: str, own: metrics.StageMetrics, *, now_ms: int) -> None:
        """Put the figures of the process *instance* in the place of its earlier ones.

        Raises:
            PortUnavailable: Redis is away.
        """
        figures = [one for one in await own.read(now_ms=now_ms) if one.instance == instance]
        series = await own.series(now_ms=now_ms)
        keep_s = limits.INSTANCE_KEPT_MS // 1_000
        await self._server.ask("report_figures", "SET", self._keys.now(instance), _pack(figures), "EX", keep_s)
        await self._server.ask("report_figures", "SET", self._keys.series(instance), _pack(series), "EX", keep_s)
        await self._server.ask("report_figures", "ZADD", self._keys.instances, now_ms, instance)
        silent_since_ms = now_ms - limits.INSTANCE_KEPT_MS
        await self._server.ask("report_figures", "ZREMRANGEBYSCORE", self._keys.instances, "-inf", silent_since_ms)
        excess = -limits.INSTANCES_MAX - 1
        await self._server.ask("report_figures", "ZREMRANGEBYRANK", self._keys.instances, 0, excess)
        await self._server.ask("report_figures", "EXPIRE", self._keys.instances, keep_s)

    async def withdraw(self, instance: str) -> None:
        """Forget that the process is at work, for it ends in order; what it did stays in the series.

        Raises:
            PortUnavailable: Redis is away.
        """
        await self._server.ask("withdraw_figures", "DEL", self._keys.now(instance))

    async def read(self, *, now_ms: int) -> Sequence[metrics.StageFigures]:
        """Return the figures of every instance that is not forgotten."""
        found = [_read_figures(one, now_ms) for text in await self._texts(self._keys.now) for one in _unpack(text)]
        return in_pipeline_order(found)

    async def series(self, *, now_ms: int) -> Sequence[metrics.StageSeries]:
        """Return what each stage did lately in all processes together."""
        oldest_ms = (now_ms // limits.SERIES_BUCKET_MS - limits.SERIES_BUCKETS_MAX) * limits.SERIES_BUCKET_MS
        found = [_read_series(one, oldest_ms) for text in await self._texts(self._keys.series) for one in _unpack(text)]
        return metrics.merged(sorted(found, key=lambda one: place_of(one.stage)))

    async def _texts(self, key_of: Callable[[str], str]) -> Sequence[bytes]:
        names = await self._server.ask("read_figures", "ZRANGE", self._keys.instances, 0, -1)
        if not names:
            return ()
        texts = await self._server.ask("read_figures", "MGET", *(key_of(name.decode()) for name in names))
        return [text for text in texts if text is not None]


def _pack(items: Sequence[metrics.StageFigures] | Sequence[metrics.StageSeries]) -> bytes:
    return orjson.dumps({"format": _FIGURES_FORMAT, "items": items})


def _unpack(text: bytes) -> Sequence[dict[str, Any]]:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise errors.PortUnavailable(RESOURCE, operation="read_figures", detail="what is stored is not JSON") from error
    if not isinstance(held, dict) or held.get("format") != _FIGURES_FORMAT:
        return ()
    items: Sequence[dict[str, Any]] = held["items"]
    return items


def _read_figures(held: dict[str, Any], now_ms: int) -> metrics.StageFigures:
    figures = metrics.StageFigures(
        **{
            **held,
            "state": metrics.StageState(held["state"]),
            "step_times": metrics.StepTimes(tuple(held["step_times"]["counts"])),
            "circuits": [metrics.Circuit(**circuit) for circuit in held["circuits"]],
        }
    )
    is_failing = figures.state is metrics.StageState.UNHEALTHY
    state = metrics.state_of(last_seen_ms=figures.last_seen_ms, is_failing=is_failing, now_ms=now_ms)
    if state is not metrics.StageState.OFFLINE:
        return replace(figures, state=state)
    # What a silent process last said of the last minute is no longer about the last minute.
    return replace(figures, state=state, rate_per_s=0.0, step_times=metrics.StepTimes())


def _read_series(held: dict[str, Any], oldest_ms: int) -> metrics.StageSeries:
    buckets = [metrics.SeriesBucket(**bucket) for bucket in held["buckets"] if bucket["begins_at_ms"] > oldest_ms]
    return metrics.StageSeries(held["stage"], buckets)
