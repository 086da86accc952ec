"""The API of a server: the application, its pages, a line in the log for each request, and its description."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson
import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting_api import app as api
from alerting_api.auth import PRINCIPAL_KEY
from alerting_api.container import Principal
from alerting_api.headers import assign_request_id
from alerting_api.middleware import operation_of
from alerting_backend.api import pages
from alerting_backend.api.probes import RequestMetrics, ServerContainer, exposition_router, probes_router

_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: told at DEBUG, unless they fail."""

_log = structlog.get_logger("alerting.api")


class RequestLog:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        container: ServerContainer = scope["app"].state.container
        request_id = assign_request_id(scope, container.new_request_id)
        started = time.perf_counter()
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_noted)
            _account(scope, status=status, seconds=time.perf_counter() - started)


def _account(scope: Scope, *, status: int, seconds: float) -> None:
    operation = operation_of(scope)
    metrics: RequestMetrics = scope["app"].state.request_metrics
    metrics.observe(**operation, status=status, seconds=seconds)
    quiet = operation["path"] in _QUIET and status < 400
    write = _log.debug if quiet else _log.info
    principal: Principal | None = scope.get(PRINCIPAL_KEY)
    who = {"key_id": principal.key_id, "client_id": principal.client_id} if principal else {}
    write("request_answered", **operation, status=status, duration_ms=round(seconds * 1000, 1), **who)


def create_app(container: ServerContainer) -> FastAPI:
    """Return the ASGI application that serves *container*. It needs no lifespan: nothing is started or stopped here."""
    app = make_routes()
    install(app, container)
    return app


def make_routes() -> FastAPI:
    """Return the application without anything to serve from: enough to be described."""
    app = api.make_routes((probes_router, exposition_router, pages.router))
    app.add_exception_handler(HTTPException, pages.answer_unknown_path)
    app.add_middleware(RequestLog)
    return app


def install(app: FastAPI, container: ServerContainer) -> None:
    """Let *app* serve *container* from now on."""
    api.install(app, container)
    app.state.request_metrics = RequestMetrics()


def main(arguments: Sequence[str]) -> int:
    """Write to the file named, or to standard output."""
    document = orjson.dumps(make_routes().openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if arguments:
        Path(arguments[0]).write_bytes(document)
    else:
        sys.stdout.buffer.write(document)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
