"""Jobs of the alert generator: load for tests and demos, for operators."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from alerting_backend.api.auth import Operator
from alerting_backend.api.container import Parts
from alerting_backend.api.documented import ACCEPTED, ACCEPTED_LOCATED, BODY, CALLER, REPEATABLE, refusals
from alerting_backend.api.idempotency import Once
from alerting_backend.api.paging import PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import ItemPage
from alerting_backend.api.schema.job import JobConfig, JobShown, show_job
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.ports.jobs import JobStatus

PREFIX = "/api/v1/generator/jobs"

router = APIRouter(prefix=PREFIX, tags=["generator"], route_class=ApiRoute)

JobId = Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=["d3c1a7e0-4c55-4d39-9f0e-6f1f5b2e7c10"])]
_K = ProblemKind


class JobQuery(PageQuery):
    """Which jobs to list."""

    status: JobStatus | None = None


@router.post(
    "",
    status_code=202,
    responses=ACCEPTED_LOCATED | refusals(*CALLER, *BODY, *REPEATABLE, _K.LIMIT_EXCEEDED),
)
async def start_job(parts: Parts, _caller: Operator, _once: Once, body: JobConfig, response: Response) -> JobShown:
    """Start a job.

    A few jobs run side by side, the others wait. The alerts take the ordinary way: they are matched and told like any
    other.
    """
    job = await parts.jobs.start(body.value())
    response.headers["Location"] = f"{PREFIX}/{job.job_id}"
    return show_job(job)


@router.get("", responses=refusals(*CALLER, _K.INVALID_INPUT))
async def list_jobs(parts: Parts, _caller: Operator, query: Annotated[JobQuery, Query()]) -> ItemPage[JobShown]:
    """List jobs, newest first."""
    return page_of(await parts.jobs.list(query.page, status=query.status), show_job)


@router.get("/{job_id}", responses=refusals(*CALLER, _K.NOT_FOUND))
async def get_job(parts: Parts, _caller: Operator, job_id: JobId) -> JobShown:
    """Return one job, and how far it is."""
    return show_job(await parts.jobs.get(job_id))


@router.post("/{job_id}/stop", status_code=202, responses=ACCEPTED | refusals(*CALLER, *REPEATABLE, _K.NOT_FOUND))
async def stop_job(parts: Parts, _caller: Operator, _once: Once, job_id: JobId) -> JobShown:
    """Stop a job.

    One that waits is cancelled at once, one that runs ends within a second or so, one that has ended stays as it is.
    """
    return show_job(await parts.jobs.stop(job_id))
