"""What pydantic finds wrong, in the words of the core: path, stable code, and how to mend it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import PydanticCustomError

from alerting_core.problem import Problem, ProblemCode

PATH_CHARS_MAX: Final = 200
"""A path may hold field names that the caller chose; an answer does not repeat a megabyte of them."""

CORE_ERROR: Final = "core"
"""Type of the pydantic errors that carry problems found by checks of the core, in their context."""

UNION_TAG: Final = "·"
"""First character of the tags of our discriminated unions: pydantic puts tags into paths, callers know none."""

_CODES: Final[Mapping[str, ProblemCode]] = {
    "missing": ProblemCode.MISSING,
    "extra_forbidden": ProblemCode.UNKNOWN_FIELD,
    "enum": ProblemCode.UNKNOWN_VALUE,
    "literal_error": ProblemCode.UNKNOWN_VALUE,
    "string_too_short": ProblemCode.EMPTY,
    "string_too_long": ProblemCode.TOO_LONG,
    "string_pattern_mismatch": ProblemCode.UNKNOWN_VALUE,
    "string_unicode": ProblemCode.NOT_UTF8,
    "too_short": ProblemCode.EMPTY,
    "too_long": ProblemCode.TOO_MANY,
    "greater_than": ProblemCode.OUT_OF_RANGE,
    "greater_than_equal": ProblemCode.OUT_OF_RANGE,
    "less_than": ProblemCode.OUT_OF_RANGE,
    "less_than_equal": ProblemCode.OUT_OF_RANGE,
    "finite_number": ProblemCode.OUT_OF_RANGE,
    "int_parsing_size": ProblemCode.OUT_OF_RANGE,
}
"""The errors that are not about a type; all others are."""


def core_error(problems: Sequence[Problem]) -> PydanticCustomError:
    """Wrap problems found by a check of the core, so that pydantic reports them beside its own."""
    assert problems, "an error without a problem cannot be acted on"
    return PydanticCustomError(CORE_ERROR, "invalid", {"problems": tuple(problems)})


def problems_of(errors: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Translate what `ValidationError.errors()` returned. Inputs are never repeated."""
    found: list[Problem] = []
    for error in errors:
        path = _path_of(error["loc"])
        if error["type"] == CORE_ERROR:
            found.extend(_placed(problem, path) for problem in error["ctx"]["problems"])
        else:
            code = _CODES.get(error["type"], ProblemCode.WRONG_TYPE)
            found.append(Problem(path[:PATH_CHARS_MAX], code, _detail_of(error)))
    return found


def _placed(problem: Problem, path: str) -> Problem:
    moved = problem.under(path) if path else problem
    return Problem(moved.path[:PATH_CHARS_MAX], moved.code, moved.detail)


def _detail_of(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not a field of this object"
        case _:
            return str(error["msg"]).replace("Input should", "must", 1)


def _path_of(loc: Sequence[str | int]) -> str:
    """Write ('body', 'alerts', 3, 'name') as `alerts[3].name`; what a path starts with is known from the operation."""
    path = ""
    for part in loc[1:]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(UNION_TAG):
            path += f".{part}" if path else part
    return path
