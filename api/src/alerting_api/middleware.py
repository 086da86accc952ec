"""What is around the whole application, for every request: an id, security headers, the limit of bodies, key use.

What came of a request is told to the container's observer, which a server counts and logs.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting_api import problems
from alerting_api.auth import PRINCIPAL_KEY, Container, Principal
from alerting_api.dialect import dialect_of
from alerting_core import limits

_log: Final = logging.getLogger("alerting.api")

_ALWAYS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_UNLESS_SET: Final[Mapping[str, str]] = {
    # Answers of the API are data. A page that wants more than this says so itself.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def _encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class SecurityHeaders:
    """Adds headers to every answer that tell browsers to trust nothing that did not come from here."""

    _always: Final = _encode(_ALWAYS)
    _unless_set: Final = _encode(_UNLESS_SET)

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                present = {name.lower() for name, _ in headers}
                headers += self._always
                headers += [(name, value) for name, value in self._unless_set if name not in present]
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class KeyUse:
    """Records when a key was last used, once its request is answered: nobody waits for it or is refused by it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.app(scope, receive, send)
        principal: Principal | None = scope.get(PRINCIPAL_KEY)
        if principal is not None:
            container: Container = scope["app"].state.container
            await container.authenticator.note_use(principal)


REQUEST_ID_HEADER: Final = "X-Request-Id"

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
"""What is taken over from a caller: enough for any usual id, and nothing that could forge a line of the log."""


def assign_request_id(scope: Scope, new_id: Callable[[], str]) -> str:
    """Give the request of *scope* its id: the one that its caller sent, or a new one."""
    sent = Headers(scope=scope).get(REQUEST_ID_HEADER)
    scope[problems.REQUEST_ID_KEY] = sent if sent is not None and _REQUEST_ID.fullmatch(sent) else new_id()
    return problems.request_id_of(scope)


class Boundary:
    """Gives each request its id, answers what nobody expected, and says to the container's observer what came of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        container: Container = scope["app"].state.container
        request_id = assign_request_id(scope, container.new_request_id)
        scope[problems.ANSWER_FORM_KEY] = dialect_of(scope["path"]).answer
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message["headers"], (REQUEST_ID_HEADER.lower().encode(), request_id.encode())]
            await send(message)

        with container.observer.observing(request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:
                _log.exception("request_failed", extra=operation_of(scope))
                if status:
                    raise  # Half an answer is out: only closing the connection tells the caller so.
                await problems.answer_in(scope, problems.refusal_of_any(error))(scope, receive, send_with_id)
            seconds, caller = time.perf_counter() - started, scope.get(PRINCIPAL_KEY)
            container.observer.answered(**operation_of(scope), status=status, seconds=seconds, caller=caller)


def operation_of(scope: Scope) -> dict[str, str]:
    """Name the operation by its template: ids and whatever else a caller writes into a path stay out of the log."""
    route = scope.get("route")
    return {"method": scope["method"], "path": getattr(route, "path_format", None) or "(no route)"}


class BodyLimit:
    """Lets no more of a request body through than its path takes, announced or not, before it is in memory.

    What is too large is read to its end and passed over before it is refused: whoever is cut off in the middle of a
    sentence does not hear why.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, bytes_max = Headers(scope=scope), dialect_of(scope["path"]).body_bytes_max
        announced = headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > bytes_max:
            # Who asks first sends nothing once it is refused.
            if headers.get("expect", "").lower() != "100-continue":
                await _pass_over(receive)
            await problems.answer_in(scope, _body_too_large(bytes_max))(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > bytes_max:
                    if message.get("more_body", False):
                        await _pass_over(receive)
                    raise _body_too_large(bytes_max)
            return message

        await self.app(scope, receive_some, send)


async def _pass_over(receive: Receive) -> None:
    """Read the rest of a body, as much of it as anybody sends by mistake."""
    passed_over = 0
    while passed_over <= limits.BODY_BYTES_PASSED_OVER_MAX:
        message = await receive()
        passed_over += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _body_too_large(bytes_max: int) -> problems.Refusal:
    # The connection is closed: of a body without end the rest would otherwise have to be read to find the next request.
    detail = f"the body has more than {bytes_max} bytes; send it in parts"
    return problems.Refusal(problems.ProblemKind.BODY_TOO_LARGE, detail, headers={"Connection": "close"})
