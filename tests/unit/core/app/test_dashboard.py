"""The dashboard: counts that take long are made once for all who ask, and kept for a while."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from alerting_core.app import operations
from alerting_core.app.operations import Dashboard
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.catalog import Scope
from alerting_core.ports.history import NotificationHistory, Totals
from alerting_core.ports.metrics import StageFigures, StageMetrics, StageState
from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.meter import StageMeter

EMPTY = Totals(0, 0, 0, {}, {}, {}, 0, [0] * 24, 0)


class SlowHistory:
    """Counts how often it counted; a count takes as long as is set."""

    def __init__(self, took_ms: int) -> None:
        self.counted, self.took_ms = 0, took_ms
        self.clock = MemoryClock(5_000)
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def totals(self, scope: Scope, *, now_ms: int) -> Totals:
        await self.go.wait()
        self.counted += 1
        self.clock.advance(self.took_ms)
        if self.error is not None:
            raise self.error
        return replace(EMPTY, clients=self.counted, deliveries_by_status={"PENDING": 4})


def make(history: SlowHistory, stages: StageMetrics | None = None) -> Dashboard:
    return Dashboard(cast(NotificationHistory, history), stages or StageMeter(), history.clock)


async def test_a_count_that_is_cheap_is_made_each_time() -> None:
    board = make(SlowHistory(took_ms=10))
    assert [(await board.totals(None)).clients for _ in range(3)] == [1, 2, 3]


async def test_a_count_that_takes_long_is_kept_in_proportion() -> None:
    history = SlowHistory(took_ms=500)
    board = make(history)
    assert [(await board.totals(None)).clients for _ in range(3)] == [1, 1, 1]
    assert (await board.totals("acme")).clients == 2, "each client has its own"
    history.clock.advance(10_000 - 600)
    assert (await board.totals(None)).clients == 1
    history.clock.advance(200)
    assert (await board.totals(None)).clients == 3


async def test_all_who_ask_at_once_wait_for_one_count() -> None:
    history = SlowHistory(took_ms=10)
    board = make(history)
    history.go.clear()
    asking = [asyncio.ensure_future(board.totals(None)) for _ in range(5)]
    while not board._counting:
        await asyncio.wait(asking, timeout=0)
    asking[0].cancel()
    history.go.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [answer.clients for answer in answers[1:] if isinstance(answer, Totals)] == [1] * 4
    assert history.counted == 1


async def test_a_count_that_fails_is_told_and_made_anew() -> None:
    history = SlowHistory(took_ms=500)
    board = make(history)
    history.error = PortUnavailable("postgres", operation="totals", detail="away")
    with pytest.raises(PortUnavailable):
        await board.totals(None)
    history.error = None
    assert (await board.totals(None)).clients == 2


async def test_counts_of_a_bounded_number_of_clients_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "SCOPES_MAX", 2)
    history = SlowHistory(took_ms=1_000)
    board = make(history)
    for scope in ("a", "b", "c", "b", "a"):
        await board.totals(scope)
    assert history.counted == 4


class AwayMetrics(StageMeter):
    """Figures that are kept where nobody reaches them."""

    async def read(self, *, now_ms: int) -> list[StageFigures]:
        raise PortUnavailable("redis", operation="read_figures", detail="away")


async def test_counts_are_told_although_the_stages_figures_are_away() -> None:
    board = make(SlowHistory(took_ms=10), AwayMetrics())
    figures = await board.read(None)
    assert (figures.unavailable, figures.totals.clients, list(figures.stages)) == (True, 1, [])
    assert not (await board.read("acme")).unavailable


async def test_a_stage_whose_processes_are_all_silent_is_offline() -> None:
    meter = StageMeter()
    meter.step_done(BatchReport(StageName.SENDER, received=5), instance="gone", now_ms=-(10**7))
    (summary,) = (await make(SlowHistory(took_ms=10), meter).read(None)).pipeline
    assert (summary.state, summary.received, summary.rate_per_s) == (StageState.OFFLINE, 5, 0)
    assert summary.lag == 4, "what waits for the deliverer are deliveries that were never tried"
