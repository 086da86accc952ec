"""Jobs of the alert generator."""

from dataclasses import fields
from typing import Any, Final

from alerting_core.api.shapes.job import job_shape
from alerting_core.generator import limits
from alerting_core.generator.config import CustomAlert, GeneratorConfig, check_config
from alerting_core.ports.jobs import JobStatus
from alerting_core.ports.paging import PageRequest
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Boolean, Nullable, Number, OneOf, Text
from alerting_playground.http.objects import Field, Object, optional
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import SEVERITIES, page_query
from alerting_playground.http.routes.clients import NAME

PREFIX: Final = "/api/v1/generator/jobs"

_DEFAULTS: Final = {field.name: field.default for field in fields(GeneratorConfig)}

_CUSTOM: Final = Object(
    {
        "severity": Field(OneOf(SEVERITIES)),
        "source": Field(NAME),
        "name": Field(NAME),
        "count": optional(Number(1, limits.ALERTS_PER_JOB_MAX), 1),
        "interval_ms": optional(Number(0, limits.INTERVAL_MS_MAX), 0),
    }
)


def _config(body: dict[str, Any]) -> GeneratorConfig:
    values = dict(body)
    if values["custom"] is not None:
        values["custom"] = CustomAlert(**values["custom"])
    return GeneratorConfig(**values)


def _check(body: dict[str, Any]) -> tuple[Problem, ...]:
    return tuple(check_config(_config(body)))


CONFIG: Final = Object(
    {
        "rps": optional(Number(limits.RPS_MIN, limits.RPS_MAX, whole=False), _DEFAULTS["rps"]),
        "duration": optional(Text(), _DEFAULTS["duration"]),
        "burst": optional(Number(0, limits.ALERTS_PER_JOB_MAX), _DEFAULTS["burst"]),
        "seed": optional(Number(0, limits.SEED_MAX), _DEFAULTS["seed"]),
        "severity_dist": optional(Text(), _DEFAULTS["severity_dist"]),
        "source_dist": optional(Text(), _DEFAULTS["source_dist"]),
        "name_dist": optional(Text(), _DEFAULTS["name_dist"]),
        "test": optional(Boolean(), _DEFAULTS["test"]),
        "single_test": optional(Boolean(), _DEFAULTS["single_test"]),
        "custom": optional(Nullable(_CUSTOM)),
    },
    _check,
)


async def start(call: Call) -> Reply:
    """Start a job."""
    job = await call.parts.jobs.start(_config(call.body))
    return Reply(job_shape(job), 202, {"Location": f"{PREFIX}/{job.job_id}"})


async def list_all(call: Call) -> Reply:
    """List jobs, newest first."""
    q = call.query
    status = JobStatus(q["status"]) if q["status"] else None
    page = await call.parts.jobs.list(PageRequest(q["limit"], q["cursor"]), status=status)
    return page_reply([job_shape(job) for job in page.items], page.next_cursor)


async def get(call: Call) -> Reply:
    """Return one job, and how far it is."""
    return Reply(job_shape(await call.parts.jobs.get(call.path["job_id"])))


async def stop(call: Call) -> Reply:
    """Stop a job."""
    return Reply(job_shape(await call.parts.jobs.stop(call.path["job_id"])), 202)


OPERATIONS: Final = (
    Operation("POST", PREFIX, start, body=CONFIG, once=True),
    Operation("GET", PREFIX, list_all, query=page_query(status=OneOf(tuple(JobStatus)))),
    Operation("GET", PREFIX + "/{job_id}", get),
    Operation("POST", PREFIX + "/{job_id}/stop", stop, once=True),
)
