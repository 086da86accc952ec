"""Jobs of the alert generator: started, watched and stopped by operators, worked off by a runner."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from alerting_core.generator.config import GeneratorConfig
from alerting_core.ports.paging import Page, PageRequest


class JobStatus(StrEnum):
    """Where a job is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self in _FINAL


_FINAL: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class GeneratorJob:
    """One run of the alert generator.

    Attributes:
        config: What to generate; it has been checked and has a seed.
        started_at_ms: When it was first taken by a runner.
        completed_at_ms: When it became final.
        stop_asked: Somebody wants it to end; the runner has not done so yet.
        alerts_sent: Alerts that are durable in the log.
        error: Why it failed, for people.
    """

    job_id: str
    status: JobStatus
    config: GeneratorConfig
    created_at_ms: int
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    stop_asked: bool = False
    alerts_sent: int = 0
    error: str | None = None


class JobStore(Protocol):
    """Durable jobs."""

    async def create(self, job: GeneratorJob) -> GeneratorJob:
        """Store a new PENDING job. Raises LimitExceeded beyond `limits.JOBS_UNFINISHED_MAX` that are not final."""
        ...

    async def get(self, job_id: str) -> GeneratorJob:
        """Return one job. Raises NotFound."""
        ...

    async def list(self, page: PageRequest, *, status: JobStatus | None = None) -> Page[GeneratorJob]:
        """Return a page of jobs, newest first (created_at, then job_id)."""
        ...

    async def ask_stop(self, job_id: str, *, now_ms: int) -> GeneratorJob:
        """Make a PENDING job CANCELLED, and tell the runner of a RUNNING one; a final one stays. Raises NotFound."""
        ...

    async def take(self, *, now_ms: int) -> GeneratorJob | None:
        """Make the oldest PENDING job RUNNING and return it; None when there is none. No job is taken twice."""
        ...

    async def note_progress(self, job_id: str, alerts_sent: int) -> bool:
        """Store how many alerts a RUNNING job has sent in all; return whether it shall go on.

        False: somebody asked it to stop, or it is not RUNNING any more.
        """
        ...

    async def finish(self, job_id: str, status: JobStatus, *, alerts_sent: int, error: str | None, now_ms: int) -> None:
        """Make a RUNNING job final. Does nothing to one that is final already."""
        ...

    async def requeue_running(self) -> int:
        """Make all RUNNING jobs PENDING again and return how many, for the only runner when it starts.

        They keep what they have sent: the runner goes on after that.
        """
        ...
