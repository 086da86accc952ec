"""Refusals as RFC 9457 problem documents: every kind of them, which error is which, and how one is written.

Every kind stands in one table, and so does which error of the core is which of them. From these follow the documents,
what every error of a route is answered with, and how each operation documents its refusals.
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Protocol, TypeAlias

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import Field
from starlette.exceptions import HTTPException

from alerting_api.schema import ResponseModel, problems_of
from alerting_core import errors

RETRY_AFTER_S: Final = 1
"""What a caller is told to wait when a dependency is away: outages here are restarts, over in seconds."""


class ProblemKind(StrEnum):
    """The `code` of a problem document. Codes never change their meaning; programs may branch on them."""

    MALFORMED_BODY = "malformed-body"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    CONFLICT = "conflict"
    REQUEST_IN_PROGRESS = "request-in-progress"
    VERSION_CONFLICT = "version-conflict"
    BODY_TOO_LARGE = "body-too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    INVALID_INPUT = "invalid-input"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    LIMIT_EXCEEDED = "limit-exceeded"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What is the same for all problems of one kind.

    Attributes:
        title: Short and constant, as RFC 9457 asks.
        says: When it is answered, for the API's documentation.
    """

    status: int
    title: str
    says: str


_K = ProblemKind

PROBLEM_TYPES: Final[dict[ProblemKind, ProblemType]] = {
    _K.MALFORMED_BODY: ProblemType(400, "Malformed body", "The body is not JSON, or not UTF-8."),
    _K.UNAUTHENTICATED: ProblemType(401, "Not authenticated", "No key was sent, or it is unknown, expired or revoked."),
    _K.FORBIDDEN: ProblemType(403, "Not allowed", "The key has not the scope that this operation needs."),
    _K.NOT_FOUND: ProblemType(404, "Not found", "There is no such object, or it is another client's."),
    _K.METHOD_NOT_ALLOWED: ProblemType(405, "Method not allowed", "The path exists, with other methods: see `Allow`."),
    _K.CONFLICT: ProblemType(409, "Conflict", "It exists already, or its present state does not allow this."),
    _K.REQUEST_IN_PROGRESS: ProblemType(
        409, "Request in progress", "A request with the same `Idempotency-Key` has not been answered yet."
    ),
    _K.VERSION_CONFLICT: ProblemType(412, "Changed meanwhile", "`If-Match` names another version than the stored one."),
    _K.BODY_TOO_LARGE: ProblemType(413, "Body too large", "The body has more than 1 MiB."),
    _K.UNSUPPORTED_MEDIA_TYPE: ProblemType(415, "Unsupported media type", "The body must be `application/json`."),
    _K.INVALID_INPUT: ProblemType(422, "Invalid input", "`problems` lists all that is wrong, each with its place."),
    _K.IDEMPOTENCY_KEY_REUSED: ProblemType(
        422, "Idempotency key reused", "The same `Idempotency-Key` came with another request before."
    ),
    _K.LIMIT_EXCEEDED: ProblemType(422, "Limit exceeded", "One more would be beyond a limit that `detail` names."),
    _K.INTERNAL: ProblemType(500, "Internal error", "A defect of the platform. Report the request id."),
    _K.UNAVAILABLE: ProblemType(503, "Unavailable", "Something the platform needs is away. Try again."),
}
"""Exactly one entry per kind."""

_KINDS_OF_ERRORS: Final[Mapping[str, ProblemKind]] = {
    "invalid-input": _K.INVALID_INPUT,
    "not-found": _K.NOT_FOUND,
    "conflict": _K.CONFLICT,
    "version-conflict": _K.VERSION_CONFLICT,
    "limit-exceeded": _K.LIMIT_EXCEEDED,
    "unavailable": _K.UNAVAILABLE,
    "fenced-off": _K.UNAVAILABLE,
}
"""Errors of the core that a caller can be told of. Any other is a defect, of which only the log learns the details."""


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        detail: For people: what is wrong with this request.
        problems: All that is wrong with the input, each with its place.
        headers: Those that the answer has besides its own.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        problems: Sequence[errors.Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.problems = tuple(problems)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The status of the answer."""
        return PROBLEM_TYPES[self.kind].status


def refusal_of(error: Exception) -> Refusal:
    """Say as a refusal what *error* means to the caller; what it does not concern becomes INTERNAL without details."""
    match error:
        case Refusal():
            return error
        case errors.InvalidInput():
            return Refusal(_K.INVALID_INPUT, error.detail, problems=error.problems)
        case errors.VersionConflict():
            return Refusal(_K.VERSION_CONFLICT, error.detail, headers={"ETag": etag(error.current_version)})
        case errors.PortUnavailable():
            detail = f"{error.resource} is not available; nothing was accepted, try again"
            return Refusal(_K.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        case errors.AlertingError() if kind := _KINDS_OF_ERRORS.get(error.code):
            return Refusal(kind, error.detail)
        case _:
            return Refusal(_K.INTERNAL, "an internal error; the log has it under this request id")


def etag(version: int) -> str:
    """Return the ETag of an object at *version*."""
    return f'"{version}"'


REQUEST_ID_KEY: Final = "alerting.request_id"
"""Where in the scope of a request its id is left, which every document names."""


def request_id_of(scope: Mapping[str, Any]) -> str:
    """Return the id that was assigned."""
    request_id: str = scope[REQUEST_ID_KEY]
    return request_id


MEDIA_TYPE: Final = "application/problem+json"

PROBLEMS_MAX: Final = 100
"""Problems listed in one answer. A batch of a thousand bad alerts needs no megabyte to say so."""

Responses: TypeAlias = dict[int | str, dict[str, Any]]

_log: Final = logging.getLogger("alerting.api")


class ProblemItem(ResponseModel):
    """One thing wrong with a request."""

    path: Annotated[str, Field(description="Where, as in `alerts[3].context.region`; empty for the whole.")]
    code: Annotated[errors.ProblemCode, Field(description="What kind, for programs.")]
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


class AnswerForm(Protocol):
    """How a refusal is written as a response."""

    def __call__(self, refused: Refusal, /, *, request_id: str) -> Response:
        """Return the response that carries *refused*."""
        ...


def answer(refused: Refusal, *, request_id: str) -> Response:
    """Return the HTTP response that carries *refused* as a problem document."""
    body = document(refused, request_id=request_id).model_dump_json()
    return Response(body, status_code=refused.status, media_type=MEDIA_TYPE, headers=refused.headers)


ANSWER_FORM_KEY: Final = "alerting.answer_form"
"""Where in the scope of a request the form of its refusals is left."""


def answer_in(scope: Mapping[str, Any], refused: Refusal) -> Response:
    """Return the response that carries *refused* in the form of the request of *scope*."""
    form: AnswerForm = scope.get(ANSWER_FORM_KEY, answer)
    return form(refused, request_id=request_id_of(scope))


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


EXPECTED_ERRORS: Final = (Refusal, RequestValidationError, HTTPException, errors.AlertingError)
"""What `answer_error` is registered for. Anything else is caught, logged and answered by `middleware.Boundary`."""


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer an expected error with its problem document; a bug among them goes on to whoever logs what is unexpected.

    What is away is the operator's to mend: the log has what the caller is not told.
    """
    if isinstance(error, HTTPException) and error.status_code == 405:
        error.headers = {"Allow": allowed_methods(request)}
    refused = refusal_of_any(error)
    if refused.kind is _K.INTERNAL:
        raise error
    if isinstance(error, errors.PortUnavailable):
        _log.warning("request_refused", extra={"code": error.code, "reason": error.detail})
    return answer_in(request.scope, refused)


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


_EVERY: Final = (_K.INTERNAL, _K.UNAVAILABLE)
"""What any operation may refuse for."""

_ETAG: Final = {"ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}}
_LOCATION: Final = {"Location": {"description": "Where the new object is.", "schema": {"type": "string"}}}

CREATED: Final[Responses] = {201: {"headers": _LOCATION}}
CREATED_VERSIONED: Final[Responses] = {201: {"headers": _LOCATION | _ETAG}}
SHOWN_VERSIONED: Final[Responses] = {200: {"headers": _ETAG}}
ACCEPTED_LOCATED: Final[Responses] = {202: {"headers": _LOCATION}}


def refusals(*kinds: ProblemKind) -> Responses:
    """Return the `responses` of an operation that may refuse for *kinds*, and for what any operation may.

    What follows from the parameters of a route need not be among them: `route.ApiRoute` adds it.
    """
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in dict.fromkeys((*kinds, *_EVERY)):
        by_status.setdefault(PROBLEM_TYPES[kind].status, []).append(kind)
    return {status: _response(of_status) for status, of_status in sorted(by_status.items())}


def add_refusals(declared: Responses, kinds: Iterable[ProblemKind]) -> Responses:
    """Return the `responses` of an operation that may refuse for *kinds* besides what it has *declared*."""
    own = [ProblemKind(code) for response in declared.values() for code in _problems_of(response)]
    others = {status: response for status, response in declared.items() if not _problems_of(response)}
    return refusals(*kinds, *own) | others


def _problems_of(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the problem documents that *response* declares: one example of each kind, by its code."""
    examples: Mapping[str, Any] = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    return examples


_PROBLEMS_SHOWN: Final = (
    ProblemItem(
        path="severity", code=errors.ProblemCode.UNKNOWN_VALUE, detail="must be one of LOW, MEDIUM, HIGH, CRITICAL, *"
    ),
    ProblemItem(path="name", code=errors.ProblemCode.EMPTY, detail="must not be empty"),
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
