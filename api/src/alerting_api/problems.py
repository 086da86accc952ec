"""Refusals as RFC 9457 problem documents: how one is written, documented, and made of every error of a route."""

import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, TypeAlias

from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerting_api.headers import request_id_of
from alerting_api.refusals import PROBLEM_TYPES, ProblemKind, Refusal, refusal_of
from alerting_api.schema import ResponseModel
from alerting_api.validation import problems_of
from alerting_core.errors import AlertingError, PortUnavailable
from alerting_core.problem import ProblemCode

MEDIA_TYPE: Final = "application/problem+json"

PROBLEMS_MAX: Final = 100
"""Problems listed in one answer. A batch of a thousand bad alerts needs no megabyte to say so."""

Responses: TypeAlias = dict[int | str, dict[str, Any]]

_log: Final = logging.getLogger("alerting.api")
_K = ProblemKind


class ProblemItem(ResponseModel):
    """One thing wrong with a request."""

    path: Annotated[str, Field(description="Where, as in `alerts[3].context.region`; empty for the whole.")]
    code: Annotated[ProblemCode, Field(description="What kind, for programs.")]
    detail: Annotated[str, Field(description="What and how to mend it, for people.")]


class Problem(ResponseModel):
    """Why a request was refused, by RFC 9457. `code` is stable."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: ProblemKind
    detail: str
    problems: Annotated[list[ProblemItem], Field(description="All that is wrong with the input, at most 100.")]
    request_id: Annotated[str, Field(description="The same as the header `X-Request-Id`; the log has it too.")]


def document(refused: Refusal, *, request_id: str) -> Problem:
    """Return the problem document of *refused*. Its `type` is a name, not an address."""
    problems = refused.problems[:PROBLEMS_MAX]
    cut = f" (the first {PROBLEMS_MAX} of {len(refused.problems)})" if len(problems) < len(refused.problems) else ""
    return Problem.of(
        PROBLEM_TYPES[refused.kind],
        type=f"urn:alerting:problem:{refused.kind}",
        code=refused.kind,
        detail=refused.detail + cut,
        problems=problems,
        request_id=request_id,
    )


def answer(refused: Refusal, *, request_id: str) -> Response:
    """Return the HTTP response that carries *refused*."""
    body = document(refused, request_id=request_id).model_dump_json()
    return Response(body, status_code=refused.status, media_type=MEDIA_TYPE, headers=refused.headers)


_KINDS_OF_STATUSES: Final[Mapping[int, ProblemKind]] = {
    400: _K.MALFORMED_BODY,
    404: _K.NOT_FOUND,
    405: _K.METHOD_NOT_ALLOWED,
    413: _K.BODY_TOO_LARGE,
}


def refusal_of_any(error: Exception) -> Refusal:
    """Say as a refusal what *error* means to the caller, also when the framework raised it."""
    match error:
        case RequestValidationError():
            return Refusal(_K.INVALID_INPUT, "the request has problems", problems=problems_of(error.errors()))
        case HTTPException() if kind := _KINDS_OF_STATUSES.get(error.status_code):
            detail = "nothing is at this path" if kind is _K.NOT_FOUND else PROBLEM_TYPES[kind].says
            return Refusal(kind, detail, headers=error.headers)
        case _:
            return refusal_of(error)


EXPECTED_ERRORS: Final[tuple[type[Exception], ...]] = (Refusal, RequestValidationError, HTTPException, AlertingError)
"""What `answer_error` is registered for. Anything else is caught, logged and answered by `middleware.ErrorBoundary`."""


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer an expected error with its problem document; a bug among them goes on to whoever logs what is unexpected.

    What is away is the operator's to mend: the log has what the caller is not told.
    """
    if isinstance(error, HTTPException) and error.status_code == 405:
        error.headers = {"Allow": allowed_methods(request)}
    refused = refusal_of_any(error)
    if refused.kind is _K.INTERNAL:
        raise error
    if isinstance(error, PortUnavailable):
        _log.warning("request_refused", extra={"code": error.code, "reason": error.detail})
    return answer(refused, request_id=request_id_of(request.scope))


_PARAMETER: Final = re.compile(r"\{[^}]*\}")

REFUSING: Final = "refuse_"
"""How the name of a route begins that is there to refuse methods."""


def allowed_methods(request: Request) -> str:
    """Return the value of `Allow` for the path of *request*, over all routes.

    Starlette names the methods of the first route with that path only.
    """
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


CALLER: Final = (_K.UNAUTHENTICATED, _K.FORBIDDEN)
"""Every operation that needs a key."""

BODY: Final = (_K.MALFORMED_BODY, _K.BODY_TOO_LARGE, _K.UNSUPPORTED_MEDIA_TYPE, _K.INVALID_INPUT)
"""Every operation with a body."""

REPEATABLE: Final = (_K.BODY_TOO_LARGE, _K.INVALID_INPUT, _K.REQUEST_IN_PROGRESS, _K.IDEMPOTENCY_KEY_REUSED)
"""Every operation that takes an Idempotency-Key."""

VERSIONED: Final = (_K.NOT_FOUND, _K.VERSION_CONFLICT, _K.INVALID_INPUT)
"""Every operation that takes If-Match."""

_EVERY: Final = (_K.INTERNAL, _K.UNAVAILABLE)

_ETAG: Final = {"ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}}
_LOCATION: Final = {"Location": {"description": "Where the new object is.", "schema": {"type": "string"}}}

CREATED: Final[Responses] = {201: {"headers": _LOCATION}}
CREATED_VERSIONED: Final[Responses] = {201: {"headers": _LOCATION | _ETAG}}
SHOWN_VERSIONED: Final[Responses] = {200: {"headers": _ETAG}}
ACCEPTED: Final[Responses] = {202: {"description": "Accepted: durable, and under way."}}
ACCEPTED_LOCATED: Final[Responses] = {202: ACCEPTED[202] | {"headers": _LOCATION}}
DELETED: Final[Responses] = {204: {"description": "Deleted."}}


def refusals(*kinds: ProblemKind) -> Responses:
    """Return the `responses` of an operation that may refuse for *kinds*, and for what any operation may."""
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in dict.fromkeys((*kinds, *_EVERY)):
        by_status.setdefault(PROBLEM_TYPES[kind].status, []).append(kind)
    return {status: _response(of_status) for status, of_status in sorted(by_status.items())}


_PROBLEMS_SHOWN: Final = (
    ProblemItem(
        path="severity", code=ProblemCode.UNKNOWN_VALUE, detail="must be one of LOW, MEDIUM, HIGH, CRITICAL, *"
    ),
    ProblemItem(path="name", code=ProblemCode.EMPTY, detail="must not be empty"),
)


def _response(kinds: list[ProblemKind]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    examples = {kind.value: {"value": _example(kind)} for kind in kinds}
    return {
        "description": "<br>".join(f"`{kind}`: {PROBLEM_TYPES[kind].says}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


@cache
def _example(kind: ProblemKind) -> dict[str, Any]:
    shown = document(Refusal(kind, PROBLEM_TYPES[kind].says), request_id="9f1c2b4e-8f0a-4c57-9d0e-2f6b8a7c5d31")
    if kind is _K.INVALID_INPUT:
        shown = shown.model_copy(update={"problems": list(_PROBLEMS_SHOWN)})
    return shown.model_dump(mode="json")
