"""The runner of generator jobs, on stores in memory: what a failing log or a stop do to a job."""

import asyncio
from collections.abc import Sequence

import pytest

from alerting_backend.adapters.system import SystemClock
from alerting_backend.runtime.background import BATCH_ALERTS_MAX, JobRunner
from alerting_core.codec.records import Rejected, decode_alert
from alerting_core.errors import PortUnavailable
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.operations import GeneratorJob, JobStatus
from alerting_core.ports.stream import Outgoing


class FailingSink:
    """A log that is away for the first calls."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.outputs: list[Outgoing] = []
        self.largest = 0

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise PortUnavailable("log", operation="publish")
        self.outputs += outputs
        self.largest = max(self.largest, len(outputs))

    def alert_ids(self) -> list[str]:
        alerts = [decode_alert(output.value) for output in self.outputs]
        return [alert.alert_id for alert in alerts if not isinstance(alert, Rejected)]


class WatchedJobs(MemoryJobStore):
    """Jobs in memory, and bells that ring when one begins and when one ends."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def take(self, *, now_ms: int) -> GeneratorJob | None:
        job = await super().take(now_ms=now_ms)
        if job is not None:
            self.begun.set()
        return job

    async def finish(self, job_id: str, status: JobStatus, *, alerts_sent: int, error: str | None, now_ms: int) -> None:
        await super().finish(job_id, status, alerts_sent=alerts_sent, error=error, now_ms=now_ms)
        self.ended.set()


async def run_until(store: WatchedJobs, sink: FailingSink, bell: asyncio.Event) -> None:
    """Run the runner until *bell* rings, and stop it as the platform does."""
    stop = asyncio.Event()
    running = asyncio.create_task(JobRunner(store, sink, SystemClock()).run(stop))
    async with asyncio.timeout(30):
        await bell.wait()
        stop.set()
        await running


def expected_ids(config: GeneratorConfig) -> list[str]:
    return [alert.alert_id for alert in generate_alerts(config, started_at_ms=0)]


async def work_off(store: WatchedJobs, sink: FailingSink, config: GeneratorConfig) -> GeneratorJob:
    """Run one job to its end."""
    await store.create(GeneratorJob("job", JobStatus.PENDING, config, created_at_ms=1))
    await run_until(store, sink, store.ended)
    return await store.get("job")


async def test_a_job_sends_its_alerts_in_order_and_in_bounded_batches() -> None:
    config, sink = GeneratorConfig(burst=2_500, seed=3), FailingSink()
    job = await work_off(WatchedJobs(), sink, config)
    assert (job.status, job.alerts_sent) == (JobStatus.COMPLETED, 2_500)
    assert sink.alert_ids() == expected_ids(config)
    assert sink.largest == BATCH_ALERTS_MAX


async def test_a_job_waits_while_the_log_is_away_and_loses_nothing() -> None:
    config, sink = GeneratorConfig(burst=1_500, seed=3), FailingSink(failures=3)
    job = await work_off(WatchedJobs(), sink, config)
    assert job.status is JobStatus.COMPLETED
    assert sink.alert_ids() == expected_ids(config)


async def test_a_job_that_a_dead_process_left_goes_on_where_it_was() -> None:
    config, sink, store = GeneratorConfig(burst=50, seed=3), FailingSink(), WatchedJobs()
    await store.create(GeneratorJob("job", JobStatus.PENDING, config, created_at_ms=1))
    await store.take(now_ms=2)
    await store.note_progress("job", 20)
    await run_until(store, sink, store.ended)
    assert sink.alert_ids() == expected_ids(config)[20:]
    assert (await store.get("job")).alerts_sent == 50


@pytest.mark.parametrize("log_is_away", [False, True])
async def test_a_stop_of_the_platform_leaves_the_job_for_the_next_start(log_is_away: bool) -> None:
    config, store = GeneratorConfig(rps=1, duration="1h", seed=3), WatchedJobs()
    sink = FailingSink(failures=1_000_000 if log_is_away else 0)
    await store.create(GeneratorJob("job", JobStatus.PENDING, config, created_at_ms=1))
    await run_until(store, sink, store.begun)
    assert (await store.get("job")).status is JobStatus.RUNNING
    assert await store.requeue_running() == 1
