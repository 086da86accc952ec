"""The table of refusals is whole, and every error of the core has its place in it."""

import pytest

from alerting_api.problems import PROBLEM_TYPES, ProblemKind, refusal_of
from alerting_core import errors
from alerting_core.errors import Problem, ProblemCode

PROBLEM = Problem("a", ProblemCode.EMPTY, "b")


def test_every_kind_has_one_entry_with_an_http_error_status() -> None:
    assert set(PROBLEM_TYPES) == set(ProblemKind)
    assert all(400 <= kind.status < 600 for kind in PROBLEM_TYPES.values())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.InvalidInput([PROBLEM]), ProblemKind.INVALID_INPUT),
        (errors.NotFound("x"), ProblemKind.NOT_FOUND),
        (errors.Conflict("x"), ProblemKind.CONFLICT),
        (errors.VersionConflict("x", current_version=2), ProblemKind.VERSION_CONFLICT),
        (errors.LimitExceeded("x"), ProblemKind.LIMIT_EXCEEDED),
        (errors.PortUnavailable("postgres", operation="x"), ProblemKind.UNAVAILABLE),
        (errors.FencedOff("x"), ProblemKind.UNAVAILABLE),
        (errors.PortContractBroken("x"), ProblemKind.INTERNAL),
        (ValueError("x"), ProblemKind.INTERNAL),
    ],
)
def test_every_error_has_its_kind(error: Exception, kind: ProblemKind) -> None:
    assert refusal_of(error).kind is kind


def test_no_error_of_the_core_is_forgotten_above() -> None:
    children = {
        child.__name__ for child in errors.AlertingError.__subclasses__() if child.__module__ == errors.__name__
    }
    assert children == {
        "InvalidInput",
        "NotFound",
        "Conflict",
        "VersionConflict",
        "LimitExceeded",
        "PortUnavailable",
        "FencedOff",
        "PortContractBroken",
    }
