"""Puts the application together. Importing this module does nothing; all that a request needs is in the container."""

from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from alerting_backend.api.body_limit import BodyLimit
from alerting_backend.api.container import Container
from alerting_backend.api.description import describe
from alerting_backend.api.idempotency import AnsweredBefore, answer_again
from alerting_backend.api.key_use import KeyUse
from alerting_backend.api.principal import Authenticator
from alerting_backend.api.problems import EXPECTED_ERRORS, answer_error
from alerting_backend.api.request_log import RequestLog
from alerting_backend.api.request_metrics import RequestMetrics
from alerting_backend.api.routes import (
    alerts,
    clients,
    dead_letters,
    docs,
    endpoints,
    home,
    jobs,
    keys,
    me,
    metrics,
    notifications,
    probes,
    prometheus,
    rules,
    ui,
)
from alerting_backend.api.security_headers import SecurityHeaders

_NOUNS: Final = (
    *(alerts, prometheus, clients, rules, endpoints, notifications),
    *(me, keys, jobs, metrics, dead_letters, probes, docs, home, ui),
)


def create_app(container: Container) -> FastAPI:
    """Return the ASGI application that serves *container*. It needs no lifespan: nothing is started or stopped here."""
    app = make_routes()
    install(app, container)
    return app


def make_routes() -> FastAPI:
    """Return the application without anything to serve from: enough to be described."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    for noun in _NOUNS:
        app.include_router(noun.router)
    for error in EXPECTED_ERRORS:
        app.add_exception_handler(error, answer_error)
    app.add_exception_handler(AnsweredBefore, answer_again)
    # The last one added is the outermost: every answer gets its line in the log, and all of them their headers.
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(KeyUse)
    describe(app)
    return app


def install(app: FastAPI, container: Container) -> None:
    """Let *app* serve *container* from now on."""
    app.state.container = container
    app.state.started_at_ms = container.clock.now_ms()
    app.state.request_metrics = RequestMetrics()
    app.state.authenticator = Authenticator(container.keys, container.clock)


def _operation_id(route: APIRoute) -> str:
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)
