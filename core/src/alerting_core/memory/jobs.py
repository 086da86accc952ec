"""Jobs of the alert generator in memory."""

from dataclasses import replace

from alerting_core import limits
from alerting_core.errors import LimitExceeded, NotFound
from alerting_core.memory.database import newest_first
from alerting_core.ports.catalog import Page, PageRequest, TimeKey
from alerting_core.ports.operations import GeneratorJob, JobStatus


class MemoryJobStore:
    """Stores jobs, in the order in which they were made."""

    def __init__(self) -> None:
        self._jobs: dict[str, GeneratorJob] = {}

    async def create(self, job: GeneratorJob) -> GeneratorJob:
        """Store a new PENDING job."""
        unfinished = sum(not known.status.is_final for known in self._jobs.values())
        if unfinished >= limits.JOBS_UNFINISHED_MAX:
            raise LimitExceeded(f"{unfinished} jobs wait or run already: stop some, or wait")
        self._jobs[job.job_id] = job
        return job

    async def get(self, job_id: str) -> GeneratorJob:
        """Return one job."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("there is no such job")
        return job

    async def list(self, page: PageRequest, *, status: JobStatus | None = None) -> Page[GeneratorJob]:
        """Return a page of jobs."""
        found = (job for job in self._jobs.values() if status in {None, job.status})
        return newest_first("jobs", found, lambda job: TimeKey(job.created_at_ms, job.job_id), page)

    async def ask_stop(self, job_id: str, *, now_ms: int) -> GeneratorJob:
        """Cancel a waiting job, tell the runner of a running one."""
        job = await self.get(job_id)
        if job.status is JobStatus.PENDING:
            job = replace(job, status=JobStatus.CANCELLED, completed_at_ms=now_ms)
        elif job.status is JobStatus.RUNNING:
            job = replace(job, stop_asked=True)
        self._jobs[job_id] = job
        return job

    async def take(self, *, now_ms: int) -> GeneratorJob | None:
        """Make the oldest waiting job a running one."""
        waiting = [job for job in self._jobs.values() if job.status is JobStatus.PENDING]
        if not waiting:
            return None
        oldest = min(waiting, key=lambda job: (job.created_at_ms, job.job_id))
        job = replace(oldest, status=JobStatus.RUNNING, started_at_ms=oldest.started_at_ms or now_ms)
        self._jobs[job.job_id] = job
        return job

    async def note_progress(self, job_id: str, alerts_sent: int) -> bool:
        """Store how far a running job is."""
        job = self._jobs.get(job_id)
        if job is None or job.status is not JobStatus.RUNNING:
            return False
        self._jobs[job_id] = replace(job, alerts_sent=alerts_sent)
        return not job.stop_asked

    async def finish(self, job_id: str, status: JobStatus, *, alerts_sent: int, error: str | None, now_ms: int) -> None:
        """End a running job."""
        assert status.is_final, "a job ends in a final state"
        job = self._jobs.get(job_id)
        if job is not None and not job.status.is_final:
            self._jobs[job_id] = replace(
                job, status=status, alerts_sent=alerts_sent, error=error, completed_at_ms=now_ms
            )

    async def requeue_running(self) -> int:
        """Make all running jobs waiting ones."""
        running = [job for job in self._jobs.values() if job.status is JobStatus.RUNNING]
        for job in running:
            self._jobs[job.job_id] = replace(job, status=JobStatus.PENDING)
        return len(running)
