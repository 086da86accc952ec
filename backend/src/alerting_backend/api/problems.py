"""Refusals as RFC 9457 problem documents, made in this one place from every error that can leave a route."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerting_backend.api.methods import allowed_methods
from alerting_backend.api.problem_codes import PROBLEM_TYPES, ProblemKind, type_uri
from alerting_backend.api.request_ids import request_id_of
from alerting_backend.api.validation import problems_of
from alerting_core.errors import AlertingError, InvalidInput, PortUnavailable, VersionConflict
from alerting_core.problem import Problem

MEDIA_TYPE: Final = "application/problem+json"

PROBLEMS_MAX: Final = 100
"""Problems listed in one answer. A batch of a thousand bad alerts needs no megabyte to say so."""

RETRY_AFTER_S: Final = 1
"""What a caller is told to wait when a dependency is away: outages here are restarts, over in seconds."""


class Refusal(Exception):
    """A request that the API itself refuses, before or beside the use cases."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.problems = tuple(problems)
        self.headers = dict(headers or {})


_KINDS_OF_ERRORS: Final[Mapping[str, ProblemKind]] = {
    "invalid-input": ProblemKind.INVALID_INPUT,
    "not-found": ProblemKind.NOT_FOUND,
    "conflict": ProblemKind.CONFLICT,
    "version-conflict": ProblemKind.VERSION_CONFLICT,
    "limit-exceeded": ProblemKind.LIMIT_EXCEEDED,
    "unavailable": ProblemKind.UNAVAILABLE,
    "fenced-off": ProblemKind.UNAVAILABLE,
}
"""Errors of the core that a caller can be told of. Any other is a defect, of which only the log learns the details."""

_KINDS_OF_STATUSES: Final[Mapping[int, ProblemKind]] = {
    400: ProblemKind.MALFORMED_BODY,
    404: ProblemKind.NOT_FOUND,
    405: ProblemKind.METHOD_NOT_ALLOWED,
    413: ProblemKind.BODY_TOO_LARGE,
}


def refusal_of(error: Exception) -> Refusal:
    """Say as a refusal what *error* means to the caller; what it does not concern becomes INTERNAL without details."""
    match error:
        case Refusal():
            return error
        case InvalidInput():
            return Refusal(ProblemKind.INVALID_INPUT, error.detail, problems=error.problems)
        case VersionConflict():
            headers = {"ETag": f'"{error.current_version}"'}
            return Refusal(ProblemKind.VERSION_CONFLICT, error.detail, headers=headers)
        case PortUnavailable():
            detail = f"{error.resource} is not available; nothing was accepted, try again"
            return Refusal(ProblemKind.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        case AlertingError() if kind := _KINDS_OF_ERRORS.get(error.code):
            return Refusal(kind, error.detail)
        case RequestValidationError():
            return Refusal(ProblemKind.INVALID_INPUT, "the request has problems", problems=problems_of(error.errors()))
        case HTTPException() if kind := _KINDS_OF_STATUSES.get(error.status_code):
            detail = "nothing is at this path" if kind is ProblemKind.NOT_FOUND else PROBLEM_TYPES[kind].says
            return Refusal(kind, detail, headers=error.headers)
        case _:
            return Refusal(ProblemKind.INTERNAL, "an internal error; the log has it under this request id")


def document(refusal: Refusal, *, request_id: str) -> dict[str, Any]:
    """Return the problem document of *refusal*."""
    kind = PROBLEM_TYPES[refusal.kind]
    shown = [{"path": p.path, "code": p.code, "detail": p.detail} for p in refusal.problems[:PROBLEMS_MAX]]
    left_out = len(refusal.problems) - len(shown)
    return {
        "type": type_uri(refusal.kind),
        "title": kind.title,
        "status": kind.status,
        "code": refusal.kind,
        "detail": refusal.detail + (f" (the first {len(shown)} of {len(shown) + left_out})" if left_out else ""),
        "problems": shown,
        "request_id": request_id,
    }


def answer(refusal: Refusal, *, request_id: str) -> Response:
    """Return the HTTP response that carries *refusal*."""
    return Response(
        orjson.dumps(document(refusal, request_id=request_id)),
        status_code=PROBLEM_TYPES[refusal.kind].status,
        media_type=MEDIA_TYPE,
        headers=refusal.headers,
    )


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer an expected error with its problem document."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        error.headers = {"Allow": allowed_methods(request)}
    return answer(refusal_of(error), request_id=request_id_of(request.scope))


EXPECTED_ERRORS: Final[tuple[type[Exception], ...]] = (Refusal, RequestValidationError, HTTPException, AlertingError)
"""What `answer_error` is registered for. Anything else is caught, logged and answered by `RequestLog`."""
