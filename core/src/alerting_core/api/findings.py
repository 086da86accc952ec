"""What can be wrong with the form of a request, in one set of words: types, bounds, names.

What is wrong with its meaning the checks of the domain say themselves.
"""

from collections.abc import Sequence
from typing import Final

from alerting_core.problem import Problem, ProblemCode

PATH_CHARS_MAX: Final = 200
"""A path may hold field names that the caller chose; an answer does not repeat a megabyte of them."""

OBJECT: Final = "an object"
LIST: Final = "a list"
TEXT: Final = "text"
INTEGER: Final = "a whole number"
NUMBER: Final = "a number"
BOOLEAN: Final = "true or false"


def placed(problem: Problem, path: str) -> Problem:
    """Return *problem* of a part of the request at *path*."""
    moved = problem.under(path) if path else problem
    return Problem(moved.path[:PATH_CHARS_MAX], moved.code, moved.detail)


def is_required() -> Problem:
    """A field, or the whole body, is not there."""
    return Problem("", ProblemCode.MISSING, "is required")


def unknown_field() -> Problem:
    """A field has a name that means nothing here."""
    return Problem("", ProblemCode.UNKNOWN_FIELD, "is not a field of this object")


def wrong_type(expected: str) -> Problem:
    """A value is not *expected*, one of the names above."""
    return Problem("", ProblemCode.WRONG_TYPE, f"must be {expected}")


def unknown_value(allowed: Sequence[str]) -> Problem:
    """A value is none of those *allowed*."""
    return Problem("", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(allowed)}")


def below(least: float) -> Problem:
    """A number is too small."""
    return Problem("", ProblemCode.OUT_OF_RANGE, f"must be at least {_number(least)}")


def above(most: float) -> Problem:
    """A number is too large."""
    return Problem("", ProblemCode.OUT_OF_RANGE, f"must be at most {_number(most)}")


def too_large() -> Problem:
    """A number has more digits than are read."""
    return Problem("", ProblemCode.OUT_OF_RANGE, "is too large a number")


def too_long(chars_max: int) -> Problem:
    """A text has too many characters."""
    return Problem("", ProblemCode.TOO_LONG, f"at most {chars_max} characters are allowed")


def too_many(items_max: int) -> Problem:
    """A list or an object has too many items."""
    return Problem("", ProblemCode.TOO_MANY, f"at most {items_max} are allowed")


def too_few(items_min: int) -> Problem:
    """A list has too few items."""
    return Problem("", ProblemCode.EMPTY, f"at least {items_min} is needed")


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
