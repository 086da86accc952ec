"""Gives each request its id, writes one line about it, and answers what nobody expected.

The line holds names, sizes and times, never a header, a query string or a body: those may hold secrets.
"""

import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting_backend.api.principal import PRINCIPAL_KEY
from alerting_backend.api.problems import answer, refusal_of
from alerting_backend.api.request_ids import assign_request_id
from alerting_backend.api.request_metrics import RequestMetrics
from alerting_core.api.headers import REQUEST_ID_HEADER

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
        request_id = assign_request_id(scope)
        started = time.perf_counter()
        status: int | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message["headers"], (REQUEST_ID_HEADER.lower().encode(), request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:
                _log.exception("request_failed", **_place(scope))
                if status is not None:
                    raise  # Half an answer is out: only closing the connection tells the caller so.
                await answer(refusal_of(error), request_id=request_id)(scope, receive, send_with_id)
            _account(scope, status=status or 0, seconds=time.perf_counter() - started)


def _account(scope: Scope, *, status: int, seconds: float) -> None:
    place = _place(scope)
    metrics: RequestMetrics = scope["app"].state.request_metrics
    metrics.observe(**place, status=status, seconds=seconds)
    quiet = place["path"] in _QUIET and status < 400
    write = _log.debug if quiet else _log.info
    principal = scope.get(PRINCIPAL_KEY)
    who = {"key_id": principal.key_id, "client_id": principal.client_id} if principal else {}
    write("request_answered", **place, status=status, duration_ms=round(seconds * 1000, 1), **who)


def _place(scope: Scope) -> dict[str, str]:
    """Name the operation by its template: ids and whatever else a caller writes into a path stay out of the log."""
    route = scope.get("route")
    return {"method": scope["method"], "path": getattr(route, "path_format", None) or "(no route)"}
