"""Refusals as RFC 9457 problem documents, made in this one place from every error that can leave a route."""

from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerting_backend.api.methods import allowed_methods
from alerting_backend.api.request_ids import request_id_of
from alerting_backend.api.validation import problems_of
from alerting_core.api import refusal
from alerting_core.api.problem_kinds import PROBLEM_TYPES, ProblemKind
from alerting_core.api.refusal import MEDIA_TYPE, NOTHING_HERE, Refusal, document
from alerting_core.errors import AlertingError, PortUnavailable

_KINDS_OF_STATUSES: Final[Mapping[int, ProblemKind]] = {
    400: ProblemKind.MALFORMED_BODY,
    404: ProblemKind.NOT_FOUND,
    405: ProblemKind.METHOD_NOT_ALLOWED,
    413: ProblemKind.BODY_TOO_LARGE,
}

_log = structlog.get_logger("alerting.api")


def refusal_of(error: Exception) -> Refusal:
    """Say as a refusal what *error* means to the caller, also when the framework raised it."""
    match error:
        case RequestValidationError():
            return Refusal(ProblemKind.INVALID_INPUT, "the request has problems", problems=problems_of(error.errors()))
        case HTTPException() if kind := _KINDS_OF_STATUSES.get(error.status_code):
            detail = NOTHING_HERE if kind is ProblemKind.NOT_FOUND else PROBLEM_TYPES[kind].says
            return Refusal(kind, detail, headers=error.headers)
        case _:
            return refusal.refusal_of(error)


def answer(refused: Refusal, *, request_id: str) -> Response:
    """Return the HTTP response that carries *refused*."""
    return Response(
        orjson.dumps(document(refused, request_id=request_id)),
        status_code=refused.status,
        media_type=MEDIA_TYPE,
        headers=refused.headers,
    )


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer an expected error with its problem document; a bug among them goes on to whoever logs what is unexpected.

    What is away is the operator's to mend: the log has what the caller is not told.
    """
    if isinstance(error, HTTPException) and error.status_code == 405:
        error.headers = {"Allow": allowed_methods(request)}
    refused = refusal_of(error)
    if refused.kind is ProblemKind.INTERNAL:
        raise error
    if isinstance(error, PortUnavailable):
        _log.warning("request_refused", code=error.code, reason=error.detail)
    return answer(refused, request_id=request_id_of(request.scope))


EXPECTED_ERRORS: Final[tuple[type[Exception], ...]] = (Refusal, RequestValidationError, HTTPException, AlertingError)
"""What `answer_error` is registered for. Anything else is caught, logged and answered by `RequestLog`."""
