"""One thing that is wrong with what was sent, as JSON."""

from alerting_core.api.shapes.base import JsonObject
from alerting_core.problem import Problem


def problem_shape(problem: Problem) -> JsonObject:
    """Return one problem with its place."""
    return {"path": problem.path, "code": problem.code, "detail": problem.detail}
