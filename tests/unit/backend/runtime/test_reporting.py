"""Reporting figures to where those of all processes are kept."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from alerting_backend.adapters.redis.connection import FigureKeys, RedisFigures, open_redis
from alerting_backend.runtime import reporting
from alerting_backend.runtime.reporting import report_figures
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.metrics import StageFigures
from alerting_core.stages.meter import StageMeter

NOBODY = "redis://127.0.0.1:1/0"
"""A port that nobody listens on, and that only the system may listen on."""


class ReadMeter(StageMeter):
    """Counts how often its figures were asked for, and stops the reporting after some times."""

    def __init__(self, stop: asyncio.Event, *, times: int) -> None:
        super().__init__()
        self.read_times, self._stop, self._times = 0, stop, times

    async def read(self, *, now_ms: int) -> Sequence[StageFigures]:
        self.read_times += 1
        if self.read_times == self._times:
            self._stop.set()
        return await super().read(now_ms=now_ms)


async def test_a_redis_that_is_away_is_told_of_once_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "REPORT_MS", 1)
    stop = asyncio.Event()
    meter = ReadMeter(stop, times=4)
    with capture_logs() as told:
        async with open_redis(NOBODY) as server:
            board = RedisFigures(server, FigureKeys())
            await report_figures(board, meter, MemoryClock(5), instance="one", stop=stop)
    assert [(line["event"], line["code"]) for line in told if line["log_level"] == "warning"] == [
        ("figures_not_reported", "unavailable")
    ]
    assert meter.read_times == 5, "the last report is tried although the ones before failed"
