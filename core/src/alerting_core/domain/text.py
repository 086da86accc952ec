"""Checks of single text fields, shared by everything that takes text from outside."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from alerting_core.problem import Problem, ProblemCode

_CONTROL: Final = re.compile(r"[\x01-\x1f\x7f]")
"""Control characters but NUL, which is a problem of its own."""


def check_text(path: str, value: object, *, chars_max: int, allow_empty: bool = False) -> Iterable[Problem]:
    """Return what keeps *value* from being stored and sent as text.

    Text must be a `str` that UTF-8 can encode (no lone surrogates), without NUL (Postgres cannot hold it), at most
    *chars_max* characters, and not blank unless *allow_empty*.
    """
    if _is_plain(value, chars_max) or (allow_empty and value == ""):
        return ()
    return _text_problems(path, value, chars_max=chars_max, allow_empty=allow_empty)


def _is_plain(value: object, chars_max: int) -> bool:
    """Tell whether *value* is printable ASCII without outer blanks, in which there is nothing to look for.

    Nearly all texts are, and a dozen are looked at for every record.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= chars_max
        and value.isascii()
        and value.isprintable()
        and value[0] != " "
        and value[-1] != " "
    )


def _text_problems(path: str, value: object, *, chars_max: int, allow_empty: bool) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(path, ProblemCode.WRONG_TYPE, f"expected text, got {type(value).__name__}")
        return
    if not allow_empty and not value.strip():
        yield Problem(path, ProblemCode.EMPTY, "must not be empty")
    if len(value) > chars_max:
        yield Problem(path, ProblemCode.TOO_LONG, f"has {len(value)} characters, at most {chars_max} are allowed")
    if "\0" in value:
        yield Problem(path, ProblemCode.NUL_CHARACTER, "must not hold a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            yield Problem(path, ProblemCode.NOT_UTF8, "holds a lone surrogate, which UTF-8 cannot encode")


def check_id(path: str, value: object, *, chars_max: int) -> Iterable[Problem]:
    """Return what keeps *value* from being an identifier: as text, and without control characters or outer blanks."""
    return () if _is_plain(value, chars_max) else _id_problems(path, value, chars_max=chars_max)


def _id_problems(path: str, value: object, *, chars_max: int) -> Iterator[Problem]:
    yield from check_text(path, value, chars_max=chars_max)
    if isinstance(value, str) and value.strip():
        if value != value.strip():
            yield Problem(path, ProblemCode.CONTROL_CHARACTER, "must not begin or end with white space")
        elif _CONTROL.search(value):
            yield Problem(path, ProblemCode.CONTROL_CHARACTER, "must not hold control characters")
