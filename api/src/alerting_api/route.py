"""The one class of all API routes: what is the same for each operation happens here, so that none can forget it."""

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from alerting_api.auth import admit, needs_of
from alerting_api.idempotency import AnsweredBefore, settle_key
from alerting_api.refusals import ProblemKind, Refusal
from alerting_core.problem import Problem, ProblemCode

# The standard library reads media types with its mail package, which takes a browser a quarter of a second to load.
_JSON: Final = re.compile(r"\s*application/(?:json|[^\s/;]+\+json)\s*(?:;|$)", re.IGNORECASE)
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii"})

_PLACE: Final = re.compile(r"(.*) at line (\d+) column (\d+)", re.DOTALL)
"""How the parser ends its reasons."""


class _JsonRequest(Request):
    """A request whose body has been read and decoded already."""

    decoded: Any = None

    async def json(self) -> Any:
        """Return the body as JSON values."""
        return self.decoded


class ApiRoute(APIRoute):
    """Admits callers (401, 403), takes JSON in UTF-8 or nothing (415, 400), keeps answers under Idempotency-Keys."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own way from request to response."""
        serve = super().get_route_handler()
        takes_body = self.body_field is not None
        needs = needs_of(self.dependant)

        async def serve_strictly(request: Request) -> Response:
            if needs is not None:
                await admit(request, needs)
            strict = _JsonRequest(request.scope, request.receive)
            if takes_body and (body := await strict.body()):
                require_json(request.headers.get("content-type", ""))
                strict.decoded = decode_json(body)
            try:
                response = await serve(strict)
            except AnsweredBefore:
                raise
            except Exception:
                await settle_key(strict, None)
                raise
            await settle_key(strict, response)
            return response

        return serve_strictly


def require_json(content_type: str) -> None:
    """Refuse a body that its sender does not call JSON in UTF-8."""
    charset = _CHARSET.search(content_type)
    named = "utf-8" if charset is None else (charset[1] or charset[2] or "").lower()
    if not _JSON.match(content_type) or named not in _UTF8:
        detail = "send the body as JSON in UTF-8, with the header Content-Type: application/json"
        raise Refusal(ProblemKind.UNSUPPORTED_MEDIA_TYPE, detail)


def decode_json(body: bytes) -> Any:
    """Decode *body*, or refuse it and say where it goes wrong."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        problem = Problem("", ProblemCode.NOT_UTF8, f"byte {error.start} is not part of UTF-8 text")
        raise Refusal(ProblemKind.MALFORMED_BODY, "the body is not UTF-8", problems=[problem]) from None
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)[:200]
        if place := _PLACE.fullmatch(reason):
            reason = f"line {place[2]}, column {place[3]}: {place[1]}"
        problem = Problem("", ProblemCode.NOT_JSON, reason)
        raise Refusal(ProblemKind.MALFORMED_BODY, "the body is not JSON", problems=[problem]) from None
