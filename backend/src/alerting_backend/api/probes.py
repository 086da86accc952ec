"""What the API of a server is made of, and whether this process lives and can work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from alerting_api.container import Container
from alerting_api.problems import refusals
from alerting_api.route import ApiRoute
from alerting_api.schema import ResponseModel
from alerting_backend.api.files import Files
from alerting_core.app.operations import ReadinessCheck, check_readiness
from alerting_core.ports.metrics import StageMetrics


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


router = APIRouter(tags=["probes"], route_class=ApiRoute)


class Alive(ResponseModel):
    """This process serves requests."""

    status: Literal["alive"] = "alive"


class CheckShown(ResponseModel):
    """One dependency."""

    name: str
    ok: bool
    reason: Annotated[str | None, Field(description="Stable code of what is wrong; null when nothing is.")]


class Readiness(ResponseModel):
    """Whether everything that the platform needs answers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ready": True, "checks": [{"name": "postgres", "ok": True, "reason": None}]}]}
    )

    ready: bool
    checks: list[CheckShown]


@router.get("/healthz", responses=refusals())
async def get_health() -> Alive:
    """Say that this process lives.

    It asks nothing else: restarting it would mend nothing that is away.
    """
    return Alive()


@router.get("/readyz", responses=refusals() | {503: {"model": Readiness, "description": "Something is away."}})
async def get_readiness(parts: ServerParts, response: Response) -> Readiness:
    """Say whether this process can work, and if not, which dependency fails."""
    found = await check_readiness(parts.checks)
    if not found.ready:
        response.status_code = 503
    shown = [CheckShown(name=check.name, ok=check.ok, reason=check.reason) for check in found.checks]
    return Readiness(ready=found.ready, checks=shown)
