"""Which methods a path has. Starlette names those of the first route with that path only."""

from typing import Final

from fastapi.routing import iter_route_contexts
from starlette.requests import Request

REFUSING: Final = "refuse_"
"""How the name of a route begins that is there to refuse methods."""


def allowed_methods(request: Request) -> str:
    """Return the value of `Allow` for the path of *request*, over all routes."""
    path: str = request.scope["path"]
    matching = [route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(path)]
    # A path that is spelled out in a route is not what the parameter of another one stands for.
    literal = [route for route in matching if route.path == path]
    methods = {
        method
        for route in literal or matching
        if not (route.name or "").startswith(REFUSING)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))
