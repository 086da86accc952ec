"""What pydantic finds wrong, in the words of the core: path, stable code, and how to mend it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import PydanticCustomError

from alerting_core.api import findings
from alerting_core.problem import Problem, ProblemCode

CORE_ERROR: Final = "core"
"""Type of the pydantic errors that carry problems found by checks of the core, in their context."""

UNION_TAG: Final = "·"
"""First character of the tags of our discriminated unions: pydantic puts tags into paths, callers know none."""

_EXPECTED: Final[Mapping[str, str]] = {
    "model_type": findings.OBJECT,
    "model_attributes_type": findings.OBJECT,
    "dict_type": findings.OBJECT,
    "list_type": findings.LIST,
    "string_type": findings.TEXT,
    "int_type": findings.INTEGER,
    "int_parsing": findings.INTEGER,
    "int_from_float": findings.INTEGER,
    "float_type": findings.NUMBER,
    "float_parsing": findings.NUMBER,
    "bool_type": findings.BOOLEAN,
    "bool_parsing": findings.BOOLEAN,
}
"""What a value should have been, by the error that says that it is not."""

_QUOTED: Final = re.compile(r"'([^']*)'")

_PROBLEMS: Final[Mapping[str, Callable[[Mapping[str, Any]], Problem]]] = {
    "missing": lambda _: findings.is_required(),
    "extra_forbidden": lambda _: findings.unknown_field(),
    "enum": lambda bound: findings.unknown_value(_QUOTED.findall(bound["expected"])),
    "literal_error": lambda bound: findings.unknown_value(_QUOTED.findall(bound["expected"])),
    "greater_than_equal": lambda bound: findings.below(bound["ge"]),
    "less_than_equal": lambda bound: findings.above(bound["le"]),
    "string_too_long": lambda bound: findings.too_long(bound["max_length"]),
    "too_short": lambda bound: findings.too_few(bound["min_length"]),
    "too_long": lambda bound: findings.too_many(bound["max_length"]),
    "int_parsing_size": lambda _: findings.too_large(),
}
"""Other errors, with what bounds the value."""


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
        found.extend(findings.placed(problem, path) for problem in problems)
    return found


def _problem_of(error: Mapping[str, Any]) -> Problem:
    kind = error["type"]
    if kind in _EXPECTED:
        return findings.wrong_type(_EXPECTED[kind])
    if kind in _PROBLEMS:
        return _PROBLEMS[kind](error.get("ctx", {}))
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
