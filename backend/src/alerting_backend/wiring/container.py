"""The container of the API on one Postgres."""

from collections.abc import Mapping

from alerting_api.auth import KeyAuthenticator
from alerting_backend.adapters.postgres.catalog.idempotency import PgIdempotencyStore
from alerting_backend.adapters.postgres.dead_letters import PgDeadLetters
from alerting_backend.adapters.postgres.jobs import PgJobStore
from alerting_backend.api.container import ReadinessCheck, ServerContainer
from alerting_backend.api.files import Files, read_ui, ui_folder
from alerting_backend.settings import Settings, SettingsInvalid
from alerting_backend.wiring.ports import PostgresPorts
from alerting_core.app.application import Application
from alerting_core.app.dashboard import Dashboard
from alerting_core.app.dead_letters import Letters
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.ports.dead_letters import DeadLetters
from alerting_core.ports.metrics import StageMetrics


def make_container(
    ports: PostgresPorts,
    settings: Settings,
    *,
    stages: StageMetrics,
    checks: Mapping[str, ReadinessCheck],
    board: StageMetrics | None = None,
    letters: DeadLetters | None = None,
) -> ServerContainer:
    """Return all that requests need.

    Args:
        ports: On the database.
        settings: Of this process.
        stages: The figures of this process.
        checks: What readiness depends on.
        board: The figures of all processes; those of this one when it is the only one.
        letters: The dead letters; those of the streams in the database when left out.
    """
    application = ports.application
    return ServerContainer(
        use=Application.on(application, placeholders=settings.placeholder_domains),
        clock=application.clock,
        authenticator=KeyAuthenticator(application.keys, application.clock),
        idempotency=PgIdempotencyStore(ports.pools),
        jobs=GeneratorJobs(PgJobStore(ports.pools), application.clock, application.ids),
        dead_letters=Letters(PgDeadLetters(ports.log) if letters is None else letters),
        dashboard=Dashboard(application.journal, stages if board is None else board, application.clock),
        started_at_ms=application.clock.now_ms(),
        stages=stages,
        checks=checks,
        source_label=settings.prometheus_source_label,
        ui=_ui(settings),
    )


def _ui(settings: Settings) -> Files | None:
    """Return the built user interface; without one, the API shows a page of its own."""
    folder = ui_folder() if settings.ui_dir is None else settings.ui_dir
    try:
        return None if folder is None else read_ui(folder)
    except OSError as error:
        name = "ALERTING_UI_DIR" if settings.ui_dir else str(folder)
        raise SettingsInvalid([f"{name} has no index.html that can be read: {error.strerror}"]) from error
