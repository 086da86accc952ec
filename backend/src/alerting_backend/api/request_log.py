"""Writes one line about each request, and counts it.

The line holds names, sizes and times, never a header, a query string or a body: those may hold secrets.
"""

import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting_api.auth import PRINCIPAL_KEY
from alerting_api.container import Principal
from alerting_api.headers import assign_request_id
from alerting_api.middleware import operation_of
from alerting_backend.api.container import ServerContainer
from alerting_backend.api.exposition import RequestMetrics

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
