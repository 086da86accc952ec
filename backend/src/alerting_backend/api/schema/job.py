"""Jobs of the alert generator as JSON."""

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, model_validator

from alerting_backend.api.schema.base import AlertSeverity, RequestModel, ResponseModel, Text, Time, Uuid
from alerting_backend.api.validation import core_error
from alerting_core.api.shapes.job import job_shape
from alerting_core.generator import limits
from alerting_core.generator.config import (
    NAME_DIST,
    SEVERITY_DIST,
    SOURCE_DIST,
    CustomAlert,
    GeneratorConfig,
    check_config,
)
from alerting_core.ports.jobs import GeneratorJob, JobStatus

_EXAMPLE: Final[dict[str, Any]] = {"rps": 10.0, "duration": "60s"}


class CustomAlertConfig(RequestModel):
    """One alert whose fields are given, a number of times."""

    severity: AlertSeverity
    source: Text
    name: Text
    count: Annotated[int, Field(ge=1, le=limits.ALERTS_PER_JOB_MAX)] = 1
    interval_ms: Annotated[int, Field(ge=0, le=limits.INTERVAL_MS_MAX, description="Between one and the next.")] = 0

    def value(self) -> CustomAlert:
        """Return the same for the generator."""
        return CustomAlert(
            severity=self.severity,
            source=self.source,
            name=self.name,
            count=self.count,
            interval_ms=self.interval_ms,
        )


class JobConfig(RequestModel):
    """What to generate. Every alert follows from the seed: the same seed makes the same alerts with the same ids."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE, {"burst": 100_000}, {"single_test": True}]})

    rps: Annotated[
        float, Field(ge=limits.RPS_MIN, le=limits.RPS_MAX, allow_inf_nan=False, description="Alerts a second.")
    ] = 10.0
    duration: Annotated[str, Field(description="For how long, as in `60s` or `1h30m`; at most 24h.")] = "60s"
    burst: Annotated[
        int,
        Field(
            ge=0,
            le=limits.ALERTS_PER_JOB_MAX,
            description="More than 0: so many at once; `rps` and `duration` do not count.",
        ),
    ] = 0
    seed: Annotated[int, Field(ge=0, le=limits.SEED_MAX, description="0: one is chosen.")] = 0
    severity_dist: Annotated[str, Field(description="Weights that sum to 100.")] = SEVERITY_DIST
    source_dist: Annotated[str, Field(description="Weights that sum to 100.")] = SOURCE_DIST
    name_dist: Annotated[str, Field(description="Weights that sum to 100.")] = NAME_DIST
    test: Annotated[bool, Field(description="The first alert is LOW/test-source/test-name.")] = False
    single_test: Annotated[bool, Field(description="Only that alert.")] = False
    custom: Annotated[CustomAlertConfig | None, Field(description="Only this alert.")] = None

    @model_validator(mode="after")
    def _check(self) -> "JobConfig":
        if problems := check_config(self.value()):
            raise core_error(problems)
        return self

    def value(self) -> GeneratorConfig:
        """Return the same for the generator."""
        return GeneratorConfig(
            rps=self.rps,
            duration=self.duration,
            burst=self.burst,
            seed=self.seed,
            severity_dist=self.severity_dist,
            source_dist=self.source_dist,
            name_dist=self.name_dist,
            test=self.test,
            single_test=self.single_test,
            custom=self.custom.value() if self.custom else None,
        )


class JobShown(ResponseModel):
    """One run of the alert generator."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
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
            ]
        }
    )

    job_id: Uuid
    status: JobStatus
    config: JobConfig
    alerts_total: Annotated[int, Field(description="How many it sends when nobody stops it.")]
    alerts_sent: int
    stop_asked: bool
    error: str | None
    created_at: Time
    started_at: Time | None
    completed_at: Time | None


def show_job(job: GeneratorJob) -> JobShown:
    """Write *job* as JSON."""
    return JobShown.model_validate(job_shape(job))
