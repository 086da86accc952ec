"""Asks now and then how much waits for each stage, and what it has at that moment."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import structlog

from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause
from alerting_core.pipeline.meter import StageMeter
from alerting_core.pipeline.report import Stage
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import Circuit, Gauge
from alerting_core.ports.stream import Stream

LOOK_MS: Final = 3_000
"""Between two looks: a dashboard that refreshes every few seconds sees a figure that is no older."""


class GaugeSource(Protocol):
    """What has something to be measured."""

    def gauges(self) -> Mapping[Gauge, int]:
        """Return what it has at this moment."""
        ...


@runtime_checkable
class CircuitSource(Protocol):
    """What leaves hosts alone."""

    def circuits(self) -> Sequence[Circuit]:
        """Return the hosts, the latest first."""
        ...


NO_SOURCES: Final[Mapping[Stage, GaugeSource]] = {}

_log = structlog.get_logger("alerting.lag")


async def measure_lag(
    streams: Mapping[Stage, Stream],
    meter: StageMeter,
    clock: Clock,
    *,
    instance: str,
    stop: asyncio.Event,
    sources: Mapping[Stage, GaugeSource] = NO_SOURCES,
) -> None:
    """Measure until *stop* is set. A stream that is away keeps its last figure."""
    while not stop.is_set():
        for stage, source in sources.items():
            circuits = source.circuits() if isinstance(source, CircuitSource) else ()
            now_ms = clock.now_ms()
            meter.gauges_measured(stage, source.gauges(), circuits=circuits, instance=instance, now_ms=now_ms)
        try:
            for stage, stream in streams.items():
                lag = sum((await stream.lag()).values())
                meter.lag_measured(stage, lag, instance=instance, now_ms=clock.now_ms())
        except PortUnavailable as error:
            _log.debug("lag_not_measured", code=error.code)
        await pause(stop, LOOK_MS)
