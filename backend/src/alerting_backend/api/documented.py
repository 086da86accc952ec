"""What the OpenAPI document says about answers that every operation shares: refusals and headers."""

from typing import Any, Final, TypeAlias

from alerting_core.api.problem_kinds import PROBLEM_TYPES, ProblemKind, type_uri
from alerting_core.api.refusal import MEDIA_TYPE

Responses: TypeAlias = dict[int | str, dict[str, Any]]

_K = ProblemKind

CALLER: Final = (_K.UNAUTHENTICATED, _K.FORBIDDEN)
"""Every operation that needs a key."""

BODY: Final = (_K.MALFORMED_BODY, _K.BODY_TOO_LARGE, _K.UNSUPPORTED_MEDIA_TYPE, _K.INVALID_INPUT)
"""Every operation with a body."""

REPEATABLE: Final = (_K.BODY_TOO_LARGE, _K.INVALID_INPUT, _K.REQUEST_IN_PROGRESS, _K.IDEMPOTENCY_KEY_REUSED)
"""Every operation that takes an Idempotency-Key."""

VERSIONED: Final = (_K.NOT_FOUND, _K.VERSION_CONFLICT, _K.INVALID_INPUT)
"""Every operation that takes If-Match."""

_EVERY: Final = (_K.INTERNAL, _K.UNAVAILABLE)


def refusals(*kinds: ProblemKind) -> Responses:
    """Return the `responses` of an operation that may refuse for *kinds*, and for what any operation may."""
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in dict.fromkeys((*kinds, *_EVERY)):
        by_status.setdefault(PROBLEM_TYPES[kind].status, []).append(kind)
    return {status: _response(of_status) for status, of_status in sorted(by_status.items())}


def _response(kinds: list[ProblemKind]) -> dict[str, Any]:
    return {
        "description": "<br>".join(f"`{kind}`: {PROBLEM_TYPES[kind].says}" for kind in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.value: {"value": _example(kind)} for kind in kinds},
            }
        },
    }


def _example(kind: ProblemKind) -> dict[str, Any]:
    about = PROBLEM_TYPES[kind]
    problems = []
    if kind is _K.INVALID_INPUT:
        problems = [
            {"path": "severity", "code": "unknown-value", "detail": "must be one of LOW, MEDIUM, HIGH, CRITICAL, *"},
            {"path": "name", "code": "empty", "detail": "must not be empty"},
        ]
    return {
        "type": type_uri(kind),
        "title": about.title,
        "status": about.status,
        "code": kind.value,
        "detail": about.says,
        "problems": problems,
        "request_id": "9f1c2b4e-8f0a-4c57-9d0e-2f6b8a7c5d31",
    }


_ETAG: Final = {"ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}}
_LOCATION: Final = {"Location": {"description": "Where the new object is.", "schema": {"type": "string"}}}

CREATED: Final[Responses] = {201: {"headers": _LOCATION}}
CREATED_VERSIONED: Final[Responses] = {201: {"headers": _LOCATION | _ETAG}}
SHOWN_VERSIONED: Final[Responses] = {200: {"headers": _ETAG}}
ACCEPTED: Final[Responses] = {202: {"description": "Accepted: durable, and under way."}}
ACCEPTED_LOCATED: Final[Responses] = {202: ACCEPTED[202] | {"headers": _LOCATION}}
DELETED: Final[Responses] = {204: {"description": "Deleted."}}
