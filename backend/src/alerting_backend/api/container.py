"""What the API is made of: use cases and ports, put together by the composition root (embedded mode, Lambda, tests)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request

from alerting_backend.api.ui_files import UiFiles
from alerting_core.app.application import Application
from alerting_core.app.dashboard import Dashboard
from alerting_core.app.dead_letters import Letters
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.app.readiness import ReadinessCheck
from alerting_core.ports.clock import Clock
from alerting_core.ports.idempotency import IdempotencyStore
from alerting_core.ports.keys import KeyStore
from alerting_core.ports.metrics import StageMetrics

SOURCE_LABEL_DEFAULT: Final = "job"


@dataclass(frozen=True, slots=True)
class Container:
    """Everything that a request may need. Routes get no settings and know no adapter.

    Attributes:
        stages: The figures of this process, for Prometheus, which asks each process for its own.
        checks: What readiness depends on, by the name that `/readyz` shows.
        source_label: The label of a Prometheus alert that becomes its source.
        ui: The built user interface, where there is one.
    """

    use: Application
    clock: Clock
    keys: KeyStore
    idempotency: IdempotencyStore
    jobs: GeneratorJobs
    dead_letters: Letters
    dashboard: Dashboard
    stages: StageMetrics
    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict[str, ReadinessCheck])
    source_label: str = SOURCE_LABEL_DEFAULT
    ui: UiFiles | None = None


def container_of(request: Request) -> Container:
    """Return the container of the application that serves *request*."""
    container: Container = request.app.state.container
    return container


def _use_cases(container: Annotated[Container, Depends(container_of)]) -> Application:
    return container.use


Parts = Annotated[Container, Depends(container_of)]
"""A route's way to the ports."""

Use = Annotated[Application, Depends(_use_cases)]
"""A route's way to the use cases."""
