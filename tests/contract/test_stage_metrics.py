"""Each promise of `StageMetrics`: read from the meters themselves, and from the board that processes report to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from alerting_backend.adapters.redis.connection import FigureKeys, RedisFigures, RedisServer, open_redis
from alerting_core import limits
from alerting_core.ports.metrics import Circuit, Gauge, StageMetrics, StageState
from alerting_core.stages.batch import BatchReport, Count, StageName
from alerting_core.stages.meter import StageMeter
from tests.support.catalog import NOW_MS

BUCKET_MS = limits.SERIES_BUCKET_MS
WORKED = BatchReport(
    StageName.EVALUATOR, received=60, published=5, rejected=2, counts={Count.ALERTS_MATCHED: 7}, took_ms=3.0
)


@dataclass
class Figures:
    """Some processes, and where their figures are read.

    Attributes:
        report: Makes the figures of one process readable.
    """

    metrics: StageMetrics
    meter_of: Callable[[str], StageMeter]
    report: Callable[[str, int], Awaitable[None]]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
def redis_if_wanted(request: pytest.FixtureRequest) -> str | None:
    """Return the address of a Redis, None for memory."""
    return None if request.param == "memory" else request.getfixturevalue("redis_url")


@pytest.fixture
async def figures(redis_if_wanted: str | None) -> AsyncIterator[Figures]:
    """Return figures of nobody."""
    if redis_if_wanted is None:
        meter = StageMeter()

        async def nothing(_instance: str, _now_ms: int) -> None:
            return

        yield Figures(meter, lambda _: meter, nothing)
        return
    async with open_redis(redis_if_wanted) as server:
        board, meters = RedisFigures(server, FigureKeys(f"test-{uuid4()}:")), dict[str, StageMeter]()

        async def report(instance: str, now_ms: int) -> None:
            await board.report(instance, meters[instance], now_ms=now_ms)

        yield Figures(board, lambda instance: meters.setdefault(instance, StageMeter()), report)


async def work(figures: Figures, instance: str, *, now_ms: int = NOW_MS, report: BatchReport = WORKED) -> None:
    """Do one step, and make it readable."""
    figures.meter_of(instance).step_done(report, instance=instance, now_ms=now_ms)
    await figures.report(instance, now_ms)


async def test_nobody_has_figures_before_a_report(figures: Figures) -> None:
    assert list(await figures.metrics.read(now_ms=NOW_MS)) == []
    assert list(await figures.metrics.series(now_ms=NOW_MS)) == []


async def test_all_that_an_instance_tells_is_read_back(figures: Figures) -> None:
    meter = figures.meter_of("one")
    meter.lag_measured(StageName.EVALUATOR, 9, instance="one", now_ms=NOW_MS)
    meter.gauges_measured(
        StageName.EVALUATOR,
        {Gauge.RULES_INDEXED: 5},
        circuits=[Circuit("a.io", "open", 3)],
        instance="one",
        now_ms=NOW_MS,
    )
    await work(figures, "one")
    meter.step_failed(StageName.EVALUATOR, "unavailable", instance="one", now_ms=NOW_MS + 1_000)
    await figures.report("one", NOW_MS + 1_000)
    (one,) = await figures.metrics.read(now_ms=NOW_MS + 1_000)
    assert (one.stage, one.instance, one.state) == ("evaluator", "one", StageState.UNHEALTHY)
    assert (one.received, one.processed, one.published, one.rejected, one.errors) == (60, 58, 5, 2, 1)
    assert (one.rate_per_s, one.last_seen_ms, one.lag, one.last_error) == (60.0, NOW_MS + 1_000, 9, "unavailable")
    assert (one.counts, one.gauges) == ({"alerts-matched": 7}, {"rules-indexed": 5})
    assert list(one.circuits) == [Circuit("a.io", "open", 3)]
    assert sum(one.step_times.counts) == 1
    assert 2 < (one.step_times.quantile_ms(0.5) or 0) <= 5


async def test_instances_come_by_stage_in_pipeline_order_then_by_name(figures: Figures) -> None:
    for instance, stage in (
        ("b", StageName.EVALUATOR),
        ("a", StageName.AGGREGATOR),
        ("a", StageName.EVALUATOR),
        ("c", StageName.RECORDER),
    ):
        await work(figures, instance, report=BatchReport(stage, received=1))
    found = [(one.stage, one.instance) for one in await figures.metrics.read(now_ms=NOW_MS)]
    assert found == [("recorder", "c"), ("evaluator", "a"), ("evaluator", "b"), ("aggregator", "a")]


async def test_an_instance_that_is_silent_is_offline_and_has_no_rate(figures: Figures) -> None:
    await work(figures, "one")
    now_ms = NOW_MS + limits.STAGE_OFFLINE_MS
    (before,) = await figures.metrics.read(now_ms=now_ms - 1)
    (after,) = await figures.metrics.read(now_ms=now_ms)
    assert (before.state, after.state) == (StageState.HEALTHY, StageState.OFFLINE)
    assert (after.rate_per_s, sum(after.step_times.counts), after.received) == (0, 0, 60)


async def test_the_series_adds_up_what_all_instances_did(figures: Figures) -> None:
    for instance, late_ms in (("one", 0), ("two", 1), ("one", BUCKET_MS)):
        figures.meter_of(instance).lag_measured(
            StageName.EVALUATOR, 5 + late_ms, instance=instance, now_ms=NOW_MS + late_ms
        )
        await work(figures, instance, now_ms=NOW_MS + late_ms)
    (series,) = await figures.metrics.series(now_ms=NOW_MS + BUCKET_MS)
    assert series.stage == "evaluator"
    first, second = series.buckets
    assert first.begins_at_ms == NOW_MS // BUCKET_MS * BUCKET_MS == second.begins_at_ms - BUCKET_MS
    assert (first.received, first.published, first.rejected, first.errors) == (120, 10, 4, 0)
    assert (second.received, dict(first.counts)) == (60, {"alerts-matched": 14})
    assert (first.lag, second.lag) == (6, 5 + BUCKET_MS)


async def test_the_series_reaches_back_a_bounded_time(figures: Figures) -> None:
    for late in range(limits.SERIES_BUCKETS_MAX + 5):
        figures.meter_of("one").step_done(WORKED, instance="one", now_ms=NOW_MS + late * BUCKET_MS)
    now_ms = NOW_MS + (limits.SERIES_BUCKETS_MAX + 4) * BUCKET_MS
    await figures.report("one", now_ms)
    (series,) = await figures.metrics.series(now_ms=now_ms)
    assert len(series.buckets) == limits.SERIES_BUCKETS_MAX
    (later,) = await figures.metrics.series(now_ms=now_ms + 100 * BUCKET_MS)
    assert len(later.buckets) == limits.SERIES_BUCKETS_MAX - 100


@pytest.fixture
async def server(redis_url: str) -> AsyncIterator[RedisServer]:
    async with open_redis(redis_url) as opened:
        yield opened


@pytest.mark.integration
async def test_a_process_that_ends_in_order_is_forgotten_and_its_work_is_not(server: RedisServer) -> None:
    board, meter = RedisFigures(server, FigureKeys(f"test-{uuid4()}:")), StageMeter()
    meter.step_done(WORKED, instance="one", now_ms=NOW_MS)
    await board.report("one", meter, now_ms=NOW_MS)
    await board.withdraw("one")
    assert list(await board.read(now_ms=NOW_MS)) == []
    (series,) = await board.series(now_ms=NOW_MS)
    assert [bucket.received for bucket in series.buckets] == [60]


@pytest.mark.integration
async def test_figures_of_another_version_are_passed_over_and_all_of_them_expire(server: RedisServer) -> None:
    keys = FigureKeys(f"test-{uuid4()}:")
    board, meter = RedisFigures(server, keys), StageMeter()
    meter.step_done(WORKED, instance="one", now_ms=NOW_MS)
    await board.report("one", meter, now_ms=NOW_MS)
    for key in (keys.instances, keys.now("one"), keys.series("one")):
        assert 0 < await server.ask("test", "PTTL", key) <= limits.INSTANCE_KEPT_MS
    await server.ask("test", "SET", keys.now("one"), b'{"format": 2, "items": 5}')
    assert list(await board.read(now_ms=NOW_MS)) == []


@pytest.mark.integration
async def test_names_of_processes_are_bounded(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INSTANCES_MAX", 3)
    board = RedisFigures(server, FigureKeys(f"test-{uuid4()}:"))
    for number in range(5):
        meter = StageMeter()
        meter.step_done(WORKED, instance=f"i-{number}", now_ms=NOW_MS + number)
        await board.report(f"i-{number}", meter, now_ms=NOW_MS + number)
    assert [one.instance for one in await board.read(now_ms=NOW_MS + 5)] == ["i-2", "i-3", "i-4"]
    late_ms = NOW_MS + limits.INSTANCE_KEPT_MS + 3
    meter = StageMeter()
    meter.step_done(WORKED, instance="late", now_ms=late_ms)
    await board.report("late", meter, now_ms=late_ms)
    assert [one.instance for one in await board.read(now_ms=late_ms)] == ["i-4", "late"]
