"""Who is calling: for programs that sign in with a key, and show only what it may do."""

from fastapi import APIRouter

from alerting_backend.api.auth import Caller
from alerting_backend.api.documented import refusals
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.key import CallerShown, show_caller
from alerting_core.api.problem_kinds import ProblemKind

router = APIRouter(tags=["keys"], route_class=ApiRoute)


@router.get("/api/v1/me", responses=refusals(ProblemKind.UNAUTHENTICATED))
async def get_me(caller: Caller) -> CallerShown:
    """Say whose key this is, and what it allows.

    Any valid key will do.
    """
    return show_caller(caller.key)
