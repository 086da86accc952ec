"""The container of the API on one Postgres."""

from collections.abc import Mapping

from alerting_backend.adapters.postgres.catalog.idempotency import PgIdempotencyStore
from alerting_backend.adapters.postgres.jobs import PgJobStore
from alerting_backend.api.container import Container, ReadinessCheck
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import PostgresPorts
from alerting_core.app.application import Application
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.ports.metrics import StageMetrics


def make_container(
    ports: PostgresPorts, settings: Settings, *, stages: StageMetrics, checks: Mapping[str, ReadinessCheck]
) -> Container:
    """Return all that requests need; *stages* are the figures to show, *checks* what readiness depends on."""
    application = ports.application
    return Container(
        use=Application.on(application, placeholders=settings.placeholder_domains),
        clock=application.clock,
        keys=application.keys,
        idempotency=PgIdempotencyStore(ports.pools),
        alerts=application.alerts,
        jobs=GeneratorJobs(PgJobStore(ports.pools), application.clock, application.ids),
        stages=stages,
        checks=checks,
        source_label=settings.prometheus_source_label,
    )
