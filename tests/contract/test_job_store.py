"""Each promise of `JobStore`."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from alerting_backend.adapters.postgres.connection import open_pools
from alerting_backend.adapters.postgres.jobs import PgJobStore
from alerting_core import limits
from alerting_core.errors import InvalidInput, LimitExceeded, NotFound
from alerting_core.generator.config import CustomAlert, GeneratorConfig
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.catalog import PageRequest
from alerting_core.ports.operations import GeneratorJob, JobStatus, JobStore
from tests.support.catalog import NOW_MS, new_uuid, walk
from tests.support.postgres.cluster import Cluster


@pytest.fixture
async def jobs(cluster_or_memory: Cluster | None) -> AsyncIterator[JobStore]:
    if cluster_or_memory is None:
        yield MemoryJobStore()
        return
    async with cluster_or_memory.database() as address, open_pools(address, size_max=4) as pools:
        yield PgJobStore(pools)


def make_job(created_at_ms: int = NOW_MS, **config: object) -> GeneratorJob:
    return GeneratorJob(new_uuid(), JobStatus.PENDING, GeneratorConfig(seed=7, **config), created_at_ms)


async def test_a_stored_job_comes_back_as_it_was(jobs: JobStore) -> None:
    custom = CustomAlert(severity="LOW", source="a", name="ü", count=3, interval_ms=10)
    for job in (make_job(rps=0.5, duration="1h30m"), make_job(custom=custom), make_job(burst=5, test=True)):
        assert await jobs.create(job) == job
        assert await jobs.get(job.job_id) == job


@pytest.mark.parametrize("job_id", ["", "nonsense", "a\0", "\ud800", "00000000-0000-4000-8000-000000000000"])
async def test_an_unknown_job_is_not_found(jobs: JobStore, job_id: str) -> None:
    with pytest.raises(NotFound):
        await jobs.get(job_id)
    with pytest.raises(NotFound):
        await jobs.ask_stop(job_id, now_ms=NOW_MS)
    assert not await jobs.note_progress(job_id, 1)
    await jobs.finish(job_id, JobStatus.COMPLETED, alerts_sent=1, error=None, now_ms=NOW_MS)


async def test_jobs_are_listed_newest_first_and_by_status(jobs: JobStore) -> None:
    stored = [await jobs.create(make_job(NOW_MS + n)) for n in (1, 3, 2, 3)]
    newest_first = sorted(stored, key=lambda job: (job.created_at_ms, job.job_id), reverse=True)
    assert await walk(jobs.list, limit=3) == newest_first
    taken = await jobs.take(now_ms=NOW_MS)
    assert (await jobs.list(PageRequest(10), status=JobStatus.RUNNING)).items == [taken]
    assert (await jobs.list(PageRequest(10), status=JobStatus.FAILED)).items == []
    with pytest.raises(InvalidInput):
        await jobs.list(PageRequest(10, "garbage"))


async def test_the_oldest_waiting_job_is_taken_and_none_twice(jobs: JobStore) -> None:
    stored = [await jobs.create(make_job(NOW_MS + n)) for n in (2, 1, 3)]
    taken = await asyncio.gather(*(jobs.take(now_ms=NOW_MS + 9) for _ in range(5)))
    ids = [job.job_id for job in taken if job is not None]
    assert sorted(ids) == sorted(job.job_id for job in stored)
    job = await jobs.get(stored[1].job_id)
    assert (job.status, job.started_at_ms) == (JobStatus.RUNNING, NOW_MS + 9)


async def test_the_oldest_comes_first(jobs: JobStore) -> None:
    stored = [await jobs.create(make_job(NOW_MS + n)) for n in (2, 1, 3)]
    order = [(await jobs.take(now_ms=NOW_MS)).job_id for _ in stored]  # type: ignore[union-attr]
    assert order == [stored[1].job_id, stored[0].job_id, stored[2].job_id]
    assert await jobs.take(now_ms=NOW_MS) is None


async def test_a_waiting_job_that_is_stopped_is_cancelled_at_once(jobs: JobStore) -> None:
    job = await jobs.create(make_job())
    stopped = await jobs.ask_stop(job.job_id, now_ms=NOW_MS + 1)
    assert (stopped.status, stopped.completed_at_ms, stopped.stop_asked) == (JobStatus.CANCELLED, NOW_MS + 1, False)
    assert await jobs.get(job.job_id) == stopped
    assert await jobs.take(now_ms=NOW_MS) is None


async def test_the_runner_of_a_job_that_is_stopped_is_told_with_its_progress(jobs: JobStore) -> None:
    job = await jobs.create(make_job())
    await jobs.take(now_ms=NOW_MS)
    assert await jobs.note_progress(job.job_id, 10)
    assert (await jobs.get(job.job_id)).alerts_sent == 10
    stopped = await jobs.ask_stop(job.job_id, now_ms=NOW_MS)
    assert (stopped.status, stopped.stop_asked) == (JobStatus.RUNNING, True)
    assert not await jobs.note_progress(job.job_id, 20)
    await jobs.finish(job.job_id, JobStatus.CANCELLED, alerts_sent=20, error=None, now_ms=NOW_MS + 5)
    ended = await jobs.get(job.job_id)
    assert (ended.status, ended.alerts_sent, ended.completed_at_ms) == (JobStatus.CANCELLED, 20, NOW_MS + 5)


async def test_a_job_that_has_ended_stays_as_it_is(jobs: JobStore) -> None:
    job = await jobs.create(make_job())
    await jobs.take(now_ms=NOW_MS)
    await jobs.finish(job.job_id, JobStatus.FAILED, alerts_sent=3, error="the log is away", now_ms=NOW_MS + 5)
    ended = await jobs.get(job.job_id)
    assert (ended.status, ended.error) == (JobStatus.FAILED, "the log is away")
    await jobs.finish(job.job_id, JobStatus.COMPLETED, alerts_sent=9, error=None, now_ms=NOW_MS + 6)
    assert await jobs.ask_stop(job.job_id, now_ms=NOW_MS + 7) == ended
    assert not await jobs.note_progress(job.job_id, 9)
    assert await jobs.requeue_running() == 0
    assert await jobs.get(job.job_id) == ended


async def test_running_jobs_wait_again_after_a_crash_and_keep_what_they_have_sent(jobs: JobStore) -> None:
    job = await jobs.create(make_job())
    await jobs.take(now_ms=NOW_MS + 1)
    await jobs.note_progress(job.job_id, 42)
    assert await jobs.requeue_running() == 1
    taken = await jobs.take(now_ms=NOW_MS + 99)
    assert taken is not None
    assert (taken.job_id, taken.alerts_sent, taken.started_at_ms) == (job.job_id, 42, NOW_MS + 1)


async def test_no_more_jobs_than_the_limit_wait_or_run(jobs: JobStore) -> None:
    stored = [await jobs.create(make_job()) for _ in range(limits.JOBS_UNFINISHED_MAX)]
    with pytest.raises(LimitExceeded):
        await jobs.create(make_job())
    await jobs.ask_stop(stored[0].job_id, now_ms=NOW_MS)
    await jobs.create(make_job())
