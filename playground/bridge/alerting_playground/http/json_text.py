"""JSON, read as strictly as the server does, and written as it does."""

import json
import re
from typing import Any, Final, NoReturn

from alerting_core.api.bodies import not_json, not_utf8

_INTEGER_BITS: Final = 64
"""Larger integers are numbers and no whole ones any more, as in most languages."""

DEPTH_MAX: Final = 500
"""Lists and objects inside of each other. No request needs more than five; the parser, which calls itself for each,
overflows the stack of a browser's Python somewhere beyond, and that would be the end of the whole session."""

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")


def decode(body: bytes) -> Any:
    """Return the values in *body*, or refuse it and say where it goes wrong."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(error.start) from None
    try:
        _require_shallow(text)
        value = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_no_constant)
        _require_text(value)
    except json.JSONDecodeError as error:
        raise not_json(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise not_json(str(error)[:200]) from None
    return value


def encode(value: Any) -> bytes:
    """Return *value* as JSON, without blanks."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _integer(digits: str) -> int | float:
    # A length is looked at first: reading very many digits takes very long.
    if len(digits) > 20:
        return _number(digits)
    value = int(digits)
    return value if -(1 << (_INTEGER_BITS - 1)) <= value < 1 << _INTEGER_BITS else float(value)


def _number(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise ValueError("a number is too large to be one")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _require_shallow(text: str) -> None:
    """Raise ValueError for what is nested too deep, before anything is built of it."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEPTH_MAX:
            raise ValueError(f"more than {DEPTH_MAX} levels")


def _require_text(value: Any) -> None:
    """Raise ValueError for text that UTF-8 cannot encode."""
    level = [value]
    while level:
        below: list[Any] = []
        for one in level:
            match one:
                case str():
                    _require_encodable(one)
                case list():
                    below += one  # pyright: ignore[reportUnknownArgumentType]
                case dict():
                    below += one  # pyright: ignore[reportUnknownArgumentType]
                    below += one.values()  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
                case _:
                    pass
        level = below


def _require_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text holds a lone surrogate") from None
