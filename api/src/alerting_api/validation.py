"""What is wrong with the form of a request: pydantic's findings in the words of the core.

Every problem has a path, a stable code, and how to mend it. What is wrong with the meaning of a request the checks of
the domain say themselves; `core_error` carries their problems through pydantic.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import PydanticCustomError

from alerting_core.problem import Problem, ProblemCode

CORE_ERROR: Final = "core"
"""Type of the pydantic errors that carry problems found by checks of the core, in their context."""

UNION_TAG: Final = "·"
"""First character of the tags of our discriminated unions: pydantic puts tags into paths, callers know none."""

PATH_CHARS_MAX: Final = 200
"""A path may hold field names that the caller chose; an answer does not repeat a megabyte of them."""

_EXPECTED: Final[Mapping[str, str]] = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""What a value should have been, by the error that says that it is not."""

_C = ProblemCode

_FOUND: Final[Mapping[str, tuple[ProblemCode, Callable[[Mapping[str, Any]], str]]]] = {
    "missing": (_C.MISSING, lambda _: "is required"),
    "extra_forbidden": (_C.UNKNOWN_FIELD, lambda _: "is not a field of this object"),
    "enum": (_C.UNKNOWN_VALUE, lambda bound: _one_of(bound["expected"])),
    "literal_error": (_C.UNKNOWN_VALUE, lambda bound: _one_of(bound["expected"])),
    "greater_than_equal": (_C.OUT_OF_RANGE, lambda bound: f"must be at least {_number(bound['ge'])}"),
    "less_than_equal": (_C.OUT_OF_RANGE, lambda bound: f"must be at most {_number(bound['le'])}"),
    "int_parsing_size": (_C.OUT_OF_RANGE, lambda _: "is too large a number"),
    "string_too_long": (_C.TOO_LONG, lambda bound: f"at most {bound['max_length']} characters are allowed"),
    "too_short": (_C.EMPTY, lambda bound: f"at least {bound['min_length']} is needed"),
    "too_long": (_C.TOO_MANY, lambda bound: f"at most {bound['max_length']} are allowed"),
}
"""Other errors: their code, and their detail from what bounds the value."""

_QUOTED: Final = re.compile(r"'([^']*)'")


def core_error(problems: Sequence[Problem]) -> PydanticCustomError:
    """Wrap problems found by a check of the core, so that pydantic reports them beside its own."""
    assert problems, "an error without a problem cannot be acted on"
    return PydanticCustomError(CORE_ERROR, "invalid", {"problems": tuple(problems)})


def problems_of(errors: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Translate what `ValidationError.errors()` returned. Inputs are never repeated."""
    found: list[Problem] = []
    for error in errors:
        path = _path_of(error["loc"])
        problems = error["ctx"]["problems"] if error["type"] == CORE_ERROR else [_problem_of(error)]
        found.extend(placed(problem, path) for problem in problems)
    return found


def placed(problem: Problem, path: str) -> Problem:
    """Return *problem* of a part of the request at *path*."""
    moved = problem.under(path) if path else problem
    return Problem(moved.path[:PATH_CHARS_MAX], moved.code, moved.detail)


def _problem_of(error: Mapping[str, Any]) -> Problem:
    kind = error["type"]
    if kind in _EXPECTED:
        return Problem("", ProblemCode.WRONG_TYPE, f"must be {_EXPECTED[kind]}")
    if kind in _FOUND:
        code, detail = _FOUND[kind]
        return Problem("", code, detail(error.get("ctx", {})))
    return Problem("", ProblemCode.WRONG_TYPE, str(error["msg"]).replace("Input should", "must", 1))


def _path_of(loc: Sequence[str | int]) -> str:
    """Write ('body', 'alerts', 3, 'name') as `alerts[3].name`; what a path starts with is known from the operation."""
    path = ""
    for part in loc[1:]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(UNION_TAG):
            path += f".{part}" if path else part
    return path


def _one_of(expected: str) -> str:
    return f"must be one of {', '.join(_QUOTED.findall(expected))}"


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
