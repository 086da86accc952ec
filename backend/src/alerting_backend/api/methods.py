"""Which methods a path has. Starlette names those of the first route with that path only."""

import re
from typing import Final

from fastapi.routing import iter_route_contexts
from starlette.requests import Request

_PARAMETER: Final = re.compile(r"\{[^}]*\}")

REFUSING: Final = "refuse_"
"""How the name of a route begins that is there to refuse methods."""


def allowed_methods(request: Request) -> str:
    """Return the value of `Allow` for the path of *request*, over all routes."""
    path: str = request.scope["path"]
    matching = [route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(path)]
    # What is spelled out in a path of one route is not what the parameter of another one stands for.
    spelled_out = max((_spelled_out(route.path) for route in matching), default=0)
    methods = {
        method
        for route in matching
        if _spelled_out(route.path) == spelled_out and not (route.name or "").startswith(REFUSING)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))


def _spelled_out(path: str | None) -> int:
    return len(_PARAMETER.sub("", path or ""))
