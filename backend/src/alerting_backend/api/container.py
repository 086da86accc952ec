"""What the API of a server is made of beside what the application itself needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from alerting_api.container import Container
from alerting_backend.api.files import Files
from alerting_core.ports.metrics import StageMetrics

ReadinessCheck: TypeAlias = Callable[[], Awaitable[None]]
"""Returns when the dependency answers; raises an AlertingError, whose code is shown, when it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContainer(Container):
    """Everything that a request to a server may need.

    Attributes:
        stages: The figures of this process, for Prometheus, which asks each process for its own.
        checks: What readiness depends on, by the name that `/readyz` shows.
        ui: The built user interface, where there is one.
    """

    stages: StageMetrics
    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict[str, ReadinessCheck])
    ui: Files | None = None


async def server_container_of(request: Request) -> ServerContainer:
    """Return the container of the application that serves *request*."""
    container: ServerContainer = request.app.state.container
    return container


ServerParts = Annotated[ServerContainer, Depends(server_container_of)]
"""A route's way to what only a server has."""
