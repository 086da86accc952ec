"""Reports the figures of this process to where those of all processes are kept."""

import asyncio
from typing import Final

import structlog

from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause
from alerting_core.ports.clock import Clock
from alerting_core.ports.metrics import StageMetrics, StageReports

REPORT_MS: Final = 3_000
"""Between two reports: a dashboard that refreshes every few seconds sees figures that are no older."""

FAREWELL_SECONDS_MAX: Final = 1.0
"""How long the last report may take; a process that cannot give it is called offline after a while."""

_log = structlog.get_logger("alerting.figures")


async def report_figures(
    board: StageReports, own: StageMetrics, clock: Clock, *, instance: str, stop: asyncio.Event
) -> None:
    """Report until *stop* is set, and once more then. Without the board nothing else of this process suffers."""
    is_away = False
    while not stop.is_set():
        try:
            await board.report(instance, own, now_ms=clock.now_ms())
        except PortUnavailable as error:
            if not is_away:
                _log.warning("figures_not_reported", code=error.code, reason=error.detail)
            is_away = True
        else:
            is_away = False
        await pause(stop, REPORT_MS)
    try:
        async with asyncio.timeout(FAREWELL_SECONDS_MAX):
            await board.report(instance, own, now_ms=clock.now_ms())
            await board.withdraw(instance)
    except (TimeoutError, PortUnavailable) as error:
        _log.debug("figures_not_withdrawn", reason=str(error))
