"""Asks now and then how much waits for each stage."""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause
from alerting_core.pipeline.meter import StageMeter
from alerting_core.pipeline.report import Stage
from alerting_core.ports.clock import Clock
from alerting_core.ports.stream import Stream

LOOK_MS: Final = 3_000
"""Between two looks: a dashboard that refreshes every few seconds sees a figure that is no older."""

_log = structlog.get_logger("alerting.lag")


async def measure_lag(
    streams: Mapping[Stage, Stream], meter: StageMeter, clock: Clock, *, instance: str, stop: asyncio.Event
) -> None:
    """Measure until *stop* is set. A stream that is away keeps its last figure."""
    while not stop.is_set():
        try:
            for stage, stream in streams.items():
                lag = sum((await stream.lag()).values())
                meter.lag_measured(stage, lag, instance=instance, now_ms=clock.now_ms())
        except PortUnavailable as error:
            _log.debug("lag_not_measured", code=error.code)
        await pause(stop, LOOK_MS)
