"""Refusals as RFC 9457 problem documents: which error of the core is which refusal, and how one is written."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alerting_core.api.problem_kinds import PROBLEM_TYPES, ProblemKind, type_uri
from alerting_core.api.shapes.problem import problem_shape
from alerting_core.api.versions import etag
from alerting_core.errors import AlertingError, InvalidInput, PortUnavailable, VersionConflict
from alerting_core.problem import Problem

MEDIA_TYPE: Final = "application/problem+json"

PROBLEMS_MAX: Final = 100
"""Problems listed in one answer. A batch of a thousand bad alerts needs no megabyte to say so."""

RETRY_AFTER_S: Final = 1
"""What a caller is told to wait when a dependency is away: outages here are restarts, over in seconds."""

NOTHING_HERE: Final = "nothing is at this path"

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
            return Refusal(ProblemKind.INVALID_INPUT, error.detail, problems=error.problems)
        case VersionConflict():
            return Refusal(ProblemKind.VERSION_CONFLICT, error.detail, headers={"ETag": etag(error.current_version)})
        case PortUnavailable():
            detail = f"{error.resource} is not available; nothing was accepted, try again"
            return Refusal(ProblemKind.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        case AlertingError() if kind := _KINDS_OF_ERRORS.get(error.code):
            return Refusal(kind, error.detail)
        case _:
            return Refusal(ProblemKind.INTERNAL, "an internal error; the log has it under this request id")


def document(refusal: Refusal, *, request_id: str) -> dict[str, Any]:
    """Return the problem document of *refusal*."""
    kind = PROBLEM_TYPES[refusal.kind]
    shown = [problem_shape(problem) for problem in refusal.problems[:PROBLEMS_MAX]]
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
