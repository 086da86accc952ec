"""Asks now and then how much waits for each stage, and what it has at that moment."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import structlog

from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause
from alerting_core.pipeline.meter import StageMeter
from alerting_core.pipeline.wiring import WiredStage
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import Circuit, Gauge

LOOK_MS: Final = 3_000
"""Between two looks: a dashboard that refreshes every few seconds sees a figure that is no older."""


@runtime_checkable
class GaugeSource(Protocol):
    """A stage that has something to be measured."""

    def gauges(self) -> Mapping[Gauge, int]:
        """Return what it has at this moment."""
        ...


@runtime_checkable
class CircuitSource(Protocol):
    """A stage that leaves hosts alone."""

    def circuits(self) -> Sequence[Circuit]:
        """Return the hosts, the latest first."""
        ...


_log = structlog.get_logger("alerting.lag")


async def measure_lag(
    stages: Sequence[WiredStage],
    meter: StageMeter,
    clock: Clock,
    *,
    instance: str,
    stop: asyncio.Event,
) -> None:
    """Measure *stages* until *stop* is set. A stream that is away keeps its last figure."""
    while not stop.is_set():
        for one in stages:
            circuits = one.stage.circuits() if isinstance(one.stage, CircuitSource) else ()
            if isinstance(one.stage, GaugeSource):
                gauges, now_ms = one.stage.gauges(), clock.now_ms()
                meter.gauges_measured(one.name, gauges, circuits=circuits, instance=instance, now_ms=now_ms)
        try:
            for one in stages:
                if one.stream is not None:
                    lag = sum((await one.stream.lag()).values())
                    meter.lag_measured(one.name, lag, instance=instance, now_ms=clock.now_ms())
        except PortUnavailable as error:
            _log.debug("lag_not_measured", code=error.code)
        await pause(stop, LOOK_MS)
