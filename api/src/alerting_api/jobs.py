"""Jobs of the alert generator: load for tests and demos, for operators."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import Operator, Parts
from alerting_api.problems import ACCEPTED_LOCATED, ProblemKind, refusals
from alerting_api.route import ApiRoute, Once
from alerting_core.generator import config as configs
from alerting_core.generator.alerts import pace_of
from alerting_core.ports.operations import GeneratorJob, JobStatus

PREFIX = "/api/v1/generator/jobs"

router = APIRouter(prefix=PREFIX, tags=["generator"], route_class=ApiRoute)

JobId = Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=["d3c1a7e0-4c55-4d39-9f0e-6f1f5b2e7c10"])]

_EXAMPLE: Final[dict[str, Any]] = {"rps": 10.0, "duration": "60s"}
_SHOWN: Final[dict[str, Any]] = {
    "job_id": "d3c1a7e0-4c55-4d39-9f0e-6f1f5b2e7c10",
    "status": "running",
    "config": _EXAMPLE | {"seed": 4711},
    "alerts_total": 600,
    "alerts_sent": 120,
    "stop_asked": False,
    "error": None,
    "created_at": "2026-01-02T03:04:05.678Z",
    "started_at": "2026-01-02T03:04:05.901Z",
    "completed_at": None,
}


class CustomAlertConfig(schema.RequestModel):
    """One alert whose fields are given, a number of times."""

    model_config = ConfigDict(from_attributes=True)

    severity: schema.AlertSeverity
    source: schema.Text
    name: schema.Text
    count: Annotated[int, Field(ge=1, le=configs.ALERTS_PER_JOB_MAX)] = 1
    interval_ms: Annotated[int, Field(ge=0, le=configs.INTERVAL_MS_MAX, description="Between one and the next.")] = 0

    def value(self) -> configs.CustomAlert:
        """Return the same for the generator."""
        return configs.CustomAlert(**self.model_dump())


class JobConfig(schema.CheckedModel):
    """What to generate. Every alert follows from the seed: the same seed makes the same alerts with the same ids."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [_EXAMPLE, {"burst": 100_000}, {"single_test": True}]},
    )

    rps: Annotated[
        float, Field(ge=configs.RPS_MIN, le=configs.RPS_MAX, allow_inf_nan=False, description="Alerts a second.")
    ] = 10.0
    duration: Annotated[str, Field(description="For how long, as in `60s` or `1h30m`; at most 24h.")] = "60s"
    burst: Annotated[
        int,
        Field(
            ge=0,
            le=configs.ALERTS_PER_JOB_MAX,
            description="More than 0: so many at once; `rps` and `duration` do not count.",
        ),
    ] = 0
    seed: Annotated[int, Field(ge=0, le=configs.SEED_MAX, description="0: one is chosen.")] = 0
    severity_dist: Annotated[str, Field(description="Weights that sum to 100.")] = configs.SEVERITY_DIST
    source_dist: Annotated[str, Field(description="Weights that sum to 100.")] = configs.SOURCE_DIST
    name_dist: Annotated[str, Field(description="Weights that sum to 100.")] = configs.NAME_DIST
    test: Annotated[bool, Field(description="The first alert is LOW/test-source/test-name.")] = False
    single_test: Annotated[bool, Field(description="Only that alert.")] = False
    custom: Annotated[CustomAlertConfig | None, Field(description="Only this alert.")] = None

    def check(self) -> schema.Problems:
        """Return what is wrong with the settings together."""
        return configs.check_config(self.value())

    def value(self) -> configs.GeneratorConfig:
        """Return the same for the generator."""
        custom = self.custom.value() if self.custom else None
        return configs.GeneratorConfig(**self.model_dump(exclude={"custom"}), custom=custom)


class JobShown(schema.ResponseModel):
    """One run of the alert generator."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    job_id: schema.Uuid
    status: JobStatus
    config: JobConfig
    alerts_total: Annotated[int, Field(description="How many it sends when nobody stops it.")]
    alerts_sent: int
    stop_asked: bool
    error: str | None
    created_at: schema.Time
    started_at: schema.Time | None
    completed_at: schema.Time | None

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read a job."""
        assert isinstance(value, GeneratorJob)
        return super().of(value, alerts_total=pace_of(value.config).alerts_total, **more)


class JobQuery(schema.PageQuery):
    """Which jobs to list."""

    status: JobStatus | None = None


@router.post("", status_code=202, responses=ACCEPTED_LOCATED | refusals(ProblemKind.LIMIT_EXCEEDED))
async def start_job(parts: Parts, _caller: Operator, _once: Once, body: JobConfig, response: Response) -> JobShown:
    """Start a job.

    A few jobs run side by side, the others wait. The alerts take the ordinary way: they are matched and told like any
    other.
    """
    job = await parts.jobs.start(body.value())
    response.headers["Location"] = f"{PREFIX}/{job.job_id}"
    return JobShown.of(job)


@router.get("")
async def list_jobs(parts: Parts, _caller: Operator, query: Annotated[JobQuery, Query()]) -> schema.ItemPage[JobShown]:
    """List jobs, newest first."""
    return schema.page_of(await parts.jobs.list(query.page, status=query.status), JobShown)


@router.get("/{job_id}")
async def get_job(parts: Parts, _caller: Operator, job_id: JobId) -> JobShown:
    """Return one job, and how far it is."""
    return JobShown.of(await parts.jobs.get(job_id))


@router.post("/{job_id}/stop", status_code=202)
async def stop_job(parts: Parts, _caller: Operator, _once: Once, job_id: JobId) -> JobShown:
    """Stop a job.

    One that waits is cancelled at once, one that runs ends within a second or so, one that has ended stays as it is.
    """
    return JobShown.of(await parts.jobs.stop(job_id))
