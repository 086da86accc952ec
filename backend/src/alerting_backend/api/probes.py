"""Whether this process lives, and whether it can work."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from alerting_api.problems import refusals
from alerting_api.route import ApiRoute
from alerting_api.schema import ResponseModel
from alerting_backend.api.container import ReadinessCheck, ServerParts
from alerting_core.errors import AlertingError

CHECK_S_MAX: Final = 3.0
"""A dependency that takes longer is as good as away: probes are given up after a few seconds."""

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
    readiness = await look_at(parts.checks)
    if not readiness.ready:
        response.status_code = 503
    return readiness


async def look_at(checks: Mapping[str, ReadinessCheck]) -> Readiness:
    """Make all *checks* side by side."""
    shown = await asyncio.gather(*(_check(name, check) for name, check in checks.items()))
    return Readiness(ready=all(check.ok for check in shown), checks=list(shown))


async def _check(name: str, check: ReadinessCheck) -> CheckShown:
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            await check()
    except TimeoutError:
        return CheckShown(name=name, ok=False, reason="timed-out")
    except AlertingError as error:
        return CheckShown(name=name, ok=False, reason=error.code)
    return CheckShown(name=name, ok=True, reason=None)
