"""Jobs of the alert generator as JSON."""

from dataclasses import asdict

from alerting_core.api.shapes.base import JsonObject, time_or_none
from alerting_core.domain.timestamp import rfc3339
from alerting_core.generator.pace import pace_of
from alerting_core.ports.jobs import GeneratorJob


def job_shape(job: GeneratorJob) -> JsonObject:
    """Write *job*."""
    return {
        "job_id": job.job_id,
        "status": job.status,
        "config": asdict(job.config),
        "alerts_total": pace_of(job.config).alerts_total,
        "alerts_sent": job.alerts_sent,
        "stop_asked": job.stop_asked,
        "error": job.error,
        "created_at": rfc3339(job.created_at_ms),
        "started_at": time_or_none(job.started_at_ms),
        "completed_at": time_or_none(job.completed_at_ms),
    }
