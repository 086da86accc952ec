"""What is told of the stages: sums, now and then, and failures without a flood."""

from collections.abc import Callable

import pytest
import structlog
from structlog.testing import capture_logs

from alerting_backend.runtime.reporting import STARTING_MS, StageLog
from alerting_core import limits
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.metrics import StageState
from alerting_core.stages.batch import BatchReport, Count, StageName
from alerting_core.stages.loop import Failure
from alerting_core.stages.meter import StageMeter

Make = Callable[..., StageLog]


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    structlog.reset_defaults()


@pytest.fixture
def meter() -> StageMeter:
    return StageMeter()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(1_000_000)


@pytest.fixture
def make(meter: StageMeter, clock: MemoryClock) -> Make:
    def make(*, together: bool) -> StageLog:
        return StageLog(meter, clock, instance="one", every_s=1, together=together)

    return make


EVALUATED = BatchReport(StageName.EVALUATOR, received=3, published=2, counts={Count.ALERTS_MATCHED: 2})


def failure(in_a_row: int) -> Failure:
    return Failure(PortUnavailable("postgres", operation="poll"), in_a_row, 50)


def test_many_steps_become_one_line_a_stage_for_programs(make: Make) -> None:
    log = make(together=False)
    with capture_logs() as lines:
        for _ in range(100):
            log.on_report(EVALUATED)
            log.on_report(BatchReport(StageName.SWEEPER))
        log.flush()
        log.flush()
    (line,) = lines
    assert line == {
        "event": "batch_committed",
        "log_level": "info",
        "stage": "evaluator",
        "received": 300,
        "published": 200,
        "alerts_matched": 200,
    }


def test_people_are_told_in_one_line_what_came_of_the_alerts(make: Make) -> None:
    log = make(together=True)
    with capture_logs() as lines:
        log.on_report(EVALUATED)
        log.on_report(BatchReport(StageName.AGGREGATOR, received=2, counts={Count.NOTIFICATIONS_CREATED: 2}))
        log.on_report(BatchReport(StageName.SENDER, received=2, counts={Count.DELIVERIES_DELIVERED: 2}))
        log.flush()
    (line,) = lines
    assert line == {"event": "alerts_processed", "log_level": "info", "alerts": 3, "notifications": 2, "delivered": 2}


def test_poison_is_a_warning_once_though_two_stages_meet_it(make: Make) -> None:
    log = make(together=True)
    with capture_logs() as lines:
        log.on_report(BatchReport(StageName.RECORDER, received=1, rejected=1))
        log.on_report(BatchReport(StageName.EVALUATOR, received=1, rejected=1))
        log.flush()
    (line,) = lines
    assert (line["log_level"], line["rejected"]) == ("warning", 1)


def test_an_outage_is_told_at_its_begin_and_at_its_end_and_seldom_between(make: Make) -> None:
    log = make(together=True)
    log.on_report(BatchReport(StageName.EVALUATOR))
    with capture_logs() as lines:
        for in_a_row in range(1, 200):
            log.on_failure(StageName.EVALUATOR, failure(in_a_row))
        log.on_report(BatchReport(StageName.EVALUATOR))
    told = [(line["event"], line.get("failures")) for line in lines]
    assert told == [
        ("stage_waiting", 1), ("stage_waiting", 3), ("stage_waiting", 10), ("stage_waiting", 100),
        ("stage_recovered", None),
    ]  # fmt: skip


def test_a_stage_that_waits_for_the_start_of_another_is_no_warning(make: Make) -> None:
    log = make(together=True)
    with capture_logs() as lines:
        for in_a_row in range(1, 5):
            log.on_failure(StageName.SENDER, failure(in_a_row))
        log.on_report(BatchReport(StageName.SENDER))
    assert lines == []


def test_a_stage_that_still_waits_when_the_start_is_over_is_a_warning_at_once(make: Make, clock: MemoryClock) -> None:
    log = make(together=True)
    with capture_logs() as lines:
        log.on_failure(StageName.SENDER, failure(1))
        clock.advance(STARTING_MS)
        for in_a_row in (6, 7, 10):
            log.on_failure(StageName.SENDER, failure(in_a_row))
    assert [(line["event"], line["failures"]) for line in lines] == [("stage_waiting", 6), ("stage_waiting", 10)]


async def test_the_meter_learns_of_every_step_and_every_failure(make: Make, meter: StageMeter) -> None:
    log = make(together=True)
    log.on_report(EVALUATED)
    log.on_failure(StageName.EVALUATOR, failure(1))
    (figures,) = await meter.read(now_ms=1_000_000)
    assert (figures.received, figures.published, figures.errors) == (3, 2, 1)
    assert (figures.state, figures.last_error) == (StageState.UNHEALTHY, "unavailable")


async def test_a_stage_that_reports_no_more_is_offline_though_its_lag_is_still_measured(
    make: Make, meter: StageMeter
) -> None:
    make(together=True).on_report(EVALUATED)
    later_ms = 1_000_000 + limits.STAGE_OFFLINE_MS
    meter.lag_measured(StageName.EVALUATOR, 7, instance="one", now_ms=later_ms)
    (figures,) = await meter.read(now_ms=later_ms)
    assert (figures.state, figures.lag) == (StageState.OFFLINE, 7)
