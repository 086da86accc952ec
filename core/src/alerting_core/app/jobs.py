"""Jobs of the alert generator, as operators start and watch them."""

from dataclasses import dataclass

from alerting_core.errors import InvalidInput
from alerting_core.generator.config import GeneratorConfig, check_config, choose_seed
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.jobs import GeneratorJob, JobStatus, JobStore
from alerting_core.ports.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class GeneratorJobs:
    """What may be done with jobs. All of it is for operators: the caller sees to that."""

    store: JobStore
    clock: Clock
    ids: IdSource

    async def start(self, config: GeneratorConfig) -> GeneratorJob:
        """Store a job for the runner. Raises InvalidInput, LimitExceeded."""
        if problems := check_config(config):
            raise InvalidInput(problems)
        job_id, now_ms = self.ids.new_uuid(), self.clock.now_ms()
        config = choose_seed(config, now_ms=now_ms, job=job_id)
        return await self.store.create(GeneratorJob(job_id, JobStatus.PENDING, config, created_at_ms=now_ms))

    async def get(self, job_id: str) -> GeneratorJob:
        """Return one job. Raises NotFound."""
        return await self.store.get(job_id)

    async def list(self, page: PageRequest, *, status: JobStatus | None = None) -> Page[GeneratorJob]:
        """Return a page of jobs, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(page, status=status)

    async def stop(self, job_id: str) -> GeneratorJob:
        """Cancel a job that waits, let one that runs end soon, leave one that has ended. Raises NotFound."""
        return await self.store.ask_stop(job_id, now_ms=self.clock.now_ms())
