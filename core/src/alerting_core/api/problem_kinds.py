"""Every kind of refusal that the API answers with, as a table: its stable code, its status and its title."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


def type_uri(kind: ProblemKind) -> str:
    """Return the `type` of the problem document: a name, not an address."""
    return f"urn:alerting:problem:{kind}"
