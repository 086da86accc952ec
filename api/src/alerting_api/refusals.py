"""Every kind of refusal that the API answers with, and which error of the core is which of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerting_core.errors import AlertingError, InvalidInput, PortUnavailable, VersionConflict
from alerting_core.problem import Problem

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
        problems: Sequence[Problem] = (),
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
        case InvalidInput():
            return Refusal(_K.INVALID_INPUT, error.detail, problems=error.problems)
        case VersionConflict():
            return Refusal(_K.VERSION_CONFLICT, error.detail, headers={"ETag": etag(error.current_version)})
        case PortUnavailable():
            detail = f"{error.resource} is not available; nothing was accepted, try again"
            return Refusal(_K.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        case AlertingError() if kind := _KINDS_OF_ERRORS.get(error.code):
            return Refusal(kind, error.detail)
        case _:
            return Refusal(_K.INTERNAL, "an internal error; the log has it under this request id")


def etag(version: int) -> str:
    """Return the ETag of an object at *version*."""
    return f'"{version}"'
