"""Lengths of time as people write them: `60s`, `3m`, `1h30m`, `500ms`."""

import re
from typing import Final

from alerting_core.problem import Problem, ProblemCode

_UNITS_MS: Final = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_WHOLE: Final = re.compile(r"(?:\d{1,12}(?:\.\d{1,9})?(?:ms|h|m|s))+", re.ASCII)
_PART: Final = re.compile(r"(\d+)(?:\.(\d+))?(ms|h|m|s)", re.ASCII)
_TEXT_CHARS_MAX: Final = 64


def read_duration_ms(path: str, text: str) -> int | Problem:
    """Return the milliseconds that *text* means, rounded down, or what is wrong with it at *path*."""
    stripped = text.strip()
    if len(stripped) > _TEXT_CHARS_MAX or not _WHOLE.fullmatch(stripped):
        detail = "expected numbers with units h, m, s or ms, for example 60s, 3m or 1h30m"
        return Problem(path, ProblemCode.WRONG_TYPE, detail)
    total = 0
    for whole, fraction, unit in _PART.findall(stripped):
        # In whole numbers: 0.1 of an hour is exactly 360,000 ms.
        total += int(whole + fraction) * _UNITS_MS[unit] // 10 ** len(fraction)
    return total
