"""How long steps take, without the time that they waited for records."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.metrics import STEP_MS_BOUNDS, StepTimes
from alerting_core.ports.stream import Offsets, Outgoing, Record
from alerting_core.stages.batch import BatchReport, StageName, TimedStream
from alerting_core.stages.loop import Failure
from alerting_core.stages.wiring import WiredStage, run_side_by_side


class SlowStream:
    """Every poll takes three seconds."""

    def __init__(self, clock: MemoryClock) -> None:
        self.clock = clock

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        self.clock.advance(3_000)
        return []

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        self.clock.advance(250)

    async def lag(self) -> Mapping[int, int]:
        return {0: 7}


class Worker:
    """Polls, works for half a second, and commits; the second step fails."""

    def __init__(self, stream: TimedStream, clock: MemoryClock, stop: asyncio.Event) -> None:
        self.stream, self.clock, self.stop = stream, clock, stop
        self.steps = 0

    async def step(self) -> BatchReport:
        self.steps += 1
        await self.stream.poll(records_max=1, wait_ms=0)
        if self.steps == 2:
            raise PortUnavailable("it", operation="step", detail="away")
        self.clock.advance(500)
        await self.stream.commit([], {})
        if self.steps == 3:
            self.stop.set()
        return BatchReport(StageName.EVALUATOR, received=1)


async def test_a_step_takes_the_time_from_its_records_to_their_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_stop: asyncio.Event, _pause_ms: int) -> None:
        return

    monkeypatch.setattr("alerting_core.stages.loop.pause", at_once)
    stop, reports, failures = asyncio.Event(), list[BatchReport](), list[Failure]()
    clock = MemoryClock()
    stream = TimedStream(SlowStream(clock), clock)
    await run_side_by_side(
        [WiredStage(StageName.EVALUATOR, Worker(stream, clock, stop), clock, stream=stream)],
        stop=stop,
        on_report=reports.append,
        on_failure=lambda _stage, failure: failures.append(failure),
    )
    assert [report.took_ms for report in reports] == [750.0, 750.0], "the failed poll counts for no later step"
    assert len(failures) == 1
    assert await stream.lag() == {0: 7}


def test_a_quantile_lies_in_its_bucket() -> None:
    counts = [0] * (len(STEP_MS_BOUNDS) + 1)
    assert StepTimes().quantile_ms(0.5) is None
    counts[STEP_MS_BOUNDS.index(10)] = 98
    counts[STEP_MS_BOUNDS.index(100)] = 2
    times = StepTimes(tuple(counts))
    assert 5 < (times.quantile_ms(0.5) or 0) < 10
    assert 50 < (times.quantile_ms(0.99) or 0) <= 100
    assert times.quantile_ms(0.98) == 10
    slow = StepTimes((*[0] * len(STEP_MS_BOUNDS), 5))
    assert slow.quantile_ms(0.5) == STEP_MS_BOUNDS[-1], "what took longer than all bounds took at least the last"
    assert sum((times + slow).counts) == 105
