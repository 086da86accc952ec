"""The application of a server: the API, and beside it probes, the exposition for Prometheus, and pages for people."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from alerting_api import app as api
from alerting_backend.api import exposition, pages, probes
from alerting_backend.api.container import ServerContainer
from alerting_backend.api.request_log import RequestLog


def create_app(container: ServerContainer) -> FastAPI:
    """Return the ASGI application that serves *container*. It needs no lifespan: nothing is started or stopped here."""
    app = make_routes()
    install(app, container)
    return app


def make_routes() -> FastAPI:
    """Return the application without anything to serve from: enough to be described."""
    app = api.make_routes((probes.router, exposition.router, pages.router))
    app.add_exception_handler(HTTPException, pages.answer_unknown_path)
    app.add_middleware(RequestLog)
    return app


def install(app: FastAPI, container: ServerContainer) -> None:
    """Let *app* serve *container* from now on."""
    api.install(app, container)
    app.state.request_metrics = exposition.RequestMetrics()
