"""The figures of all processes in Redis: each writes its own every few seconds, and the API reads them all.

Theory of operation. A process has two texts, each JSON: what its stages have done and are doing, and what they did in
the last hour. Both expire by themselves. A sorted set holds the names of the processes with the time of their latest
report, so that a reader knows what to ask for; names whose texts have expired are taken out of it by whoever writes.
One text per process is written as a whole: a reader sees a report or the one before, never a mixture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from alerting_backend.adapters.redis.connection import RESOURCE, RedisServer
from alerting_core import limits
from alerting_core.errors import PortUnavailable
from alerting_core.ports.metrics import (
    Circuit,
    SeriesBucket,
    StageFigures,
    StageMetrics,
    StageSeries,
    StageState,
    StepTimes,
    merged,
    state_of,
)
from alerting_core.stages.meter import in_pipeline_order, place_of

_FORMAT: Final = 1
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

    async def report(self, instance: str, own: StageMetrics, *, now_ms: int) -> None:
        """Put the figures of the process *instance* in the place of its earlier ones.

        Raises:
            PortUnavailable: Redis is away.
        """
        figures = [one for one in await own.read(now_ms=now_ms) if one.instance == instance]
        series = await own.series(now_ms=now_ms)
        keep_s = limits.INSTANCE_KEPT_MS // 1_000
        await self._server.ask("report_figures", "SET", self._keys.now(instance), _packed(figures), "EX", keep_s)
        await self._server.ask("report_figures", "SET", self._keys.series(instance), _packed(series), "EX", keep_s)
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

    async def read(self, *, now_ms: int) -> Sequence[StageFigures]:
        """Return the figures of every instance that is not forgotten."""
        found = [_figures(one, now_ms) for text in await self._texts(self._keys.now) for one in _unpacked(text)]
        return in_pipeline_order(found)

    async def series(self, *, now_ms: int) -> Sequence[StageSeries]:
        """Return what each stage did lately in all processes together."""
        oldest_ms = (now_ms // limits.SERIES_BUCKET_MS - limits.SERIES_BUCKETS_MAX) * limits.SERIES_BUCKET_MS
        found = [_series(one, oldest_ms) for text in await self._texts(self._keys.series) for one in _unpacked(text)]
        return merged(sorted(found, key=lambda one: place_of(one.stage)))

    async def _texts(self, key_of: Callable[[str], str]) -> Sequence[bytes]:
        names = await self._server.ask("read_figures", "ZRANGE", self._keys.instances, 0, -1)
        if not names:
            return ()
        texts = await self._server.ask("read_figures", "MGET", *(key_of(name.decode()) for name in names))
        return [text for text in texts if text is not None]


def _packed(items: Sequence[StageFigures] | Sequence[StageSeries]) -> bytes:
    return orjson.dumps({"format": _FORMAT, "items": items})


def _unpacked(text: bytes) -> Sequence[dict[str, Any]]:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise PortUnavailable(RESOURCE, operation="read_figures", detail="what is stored is not JSON") from error
    if not isinstance(held, dict) or held.get("format") != _FORMAT:
        return ()
    items: Sequence[dict[str, Any]] = held["items"]
    return items


def _figures(held: dict[str, Any], now_ms: int) -> StageFigures:
    figures = StageFigures(
        **{
            **held,
            "state": StageState(held["state"]),
            "step_times": StepTimes(tuple(held["step_times"]["counts"])),
            "circuits": [Circuit(**circuit) for circuit in held["circuits"]],
        }
    )
    is_failing = figures.state is StageState.UNHEALTHY
    state = state_of(last_seen_ms=figures.last_seen_ms, is_failing=is_failing, now_ms=now_ms)
    if state is not StageState.OFFLINE:
        return replace(figures, state=state)
    # What a silent process last said of the last minute is no longer about the last minute.
    return replace(figures, state=state, rate_per_s=0.0, step_times=StepTimes())


def _series(held: dict[str, Any], oldest_ms: int) -> StageSeries:
    buckets = [SeriesBucket(**bucket) for bucket in held["buckets"] if bucket["begins_at_ms"] > oldest_ms]
    return StageSeries(held["stage"], buckets)
