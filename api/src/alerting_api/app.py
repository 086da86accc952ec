"""Puts the application together. Importing this module does nothing; all that a request needs is in the container."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from alerting_api import (
    alerts,
    clients,
    dead_letters,
    endpoints,
    jobs,
    keys,
    metrics,
    notifications,
    prometheus,
    rules,
)
from alerting_api.auth import Container
from alerting_api.middleware import BodyLimit, Boundary, KeyUse, SecurityHeaders
from alerting_api.openapi import describe
from alerting_api.problems import EXPECTED_ERRORS, answer_error
from alerting_api.route import AnsweredBefore, answer_again

NOUNS: Final = (
    *(alerts, prometheus, clients, rules, endpoints),
    *(notifications, keys, jobs, metrics, dead_letters),
)
"""The modules whose routers make up the API, in this order."""


def create_app(container: Container) -> FastAPI:
    """Return the ASGI application that serves *container*. It needs no lifespan: nothing is started or stopped here."""
    app = make_routes()
    install(app, container)
    return app


def make_routes(more: Iterable[APIRouter] = ()) -> FastAPI:
    """Return the application, with *more* routes, without anything to serve from: enough to be described."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    for router in (*(noun.router for noun in NOUNS), *more):
        app.include_router(router)
    for error in EXPECTED_ERRORS:
        app.add_exception_handler(error, answer_error)
    app.add_exception_handler(AnsweredBefore, answer_again)
    # The last one added is the outermost: every answer gets its id, and all of them their headers.
    for middleware in (BodyLimit, Boundary, SecurityHeaders, KeyUse):
        app.add_middleware(middleware)
    describe(app)
    return app


def install(app: FastAPI, container: Container) -> None:
    """Let *app* serve *container* from now on."""
    app.state.container = container


def _operation_id(route: APIRoute) -> str:
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)
