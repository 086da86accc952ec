"""Values with weights, as in `HIGH:30,LOW:70`, and lengths of time as people write them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from alerting_core import limits as core_limits
from alerting_core.domain.text import check_text
from alerting_core.errors import Problem, ProblemCode
from alerting_core.generator import limits

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


WEIGHTS_SUM: Final = 100


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values and their weights, in the order given; the weights sum to 100."""

    values: tuple[str, ...]
    weights: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check what `read_distribution` promises."""
        assert len(self.values) == len(self.weights)
        assert sum(self.weights) == WEIGHTS_SUM

    def by_percent(self) -> tuple[str, ...]:
        """Return 100 values, each as often as its weight says, so that one draw of 100 picks one."""
        return tuple(value for value, weight in zip(self.values, self.weights, strict=True) for _ in range(weight))


def read_distribution(
    path: str, text: str, *, allowed: Collection[str] | None = None
) -> Distribution | tuple[Problem, ...]:
    """Read `value:weight,value:weight,…`; blanks around values and weights do not count.

    Args:
        path: For problems: where *text* comes from.
        text: Weights are whole numbers from 0 and sum to 100; a value may hold colons, but no commas.
        allowed: The only values there may be, or None for any text.

    Returns:
        The distribution, or all that is wrong with the text.
    """
    if len(text) > limits.DISTRIBUTION_CHARS_MAX:
        detail = f"has {len(text)} characters, at most {limits.DISTRIBUTION_CHARS_MAX} are allowed"
        return (Problem(path, ProblemCode.TOO_LONG, detail),)
    if not text.strip():
        return (Problem(path, ProblemCode.EMPTY, "expected value:weight,value:weight,…"),)
    entries = text.split(",")
    if len(entries) > limits.DISTRIBUTION_ENTRIES_MAX:
        detail = f"has {len(entries)} entries, at most {limits.DISTRIBUTION_ENTRIES_MAX} are allowed"
        return (Problem(path, ProblemCode.TOO_MANY, detail),)
    weights: dict[str, int] = {}
    problems: list[Problem] = []
    for position, entry in enumerate(entries):
        value, colon, weight = (part.strip() for part in entry.rpartition(":"))
        wrong = _entry_problems(f"{path}[{position}]", value, weight, bool(colon), allowed, weights)
        problems += wrong
        if not wrong:
            weights[value] = int(weight)
    if not problems and sum(weights.values()) != WEIGHTS_SUM:
        detail = f"the weights sum to {sum(weights.values())}, they must sum to {WEIGHTS_SUM}"
        problems.append(Problem(path, ProblemCode.OUT_OF_RANGE, detail))
    return tuple(problems) or Distribution(tuple(weights), tuple(weights.values()))


def _entry_problems(
    path: str, value: str, weight: str, colon: bool, allowed: Collection[str] | None, known: Collection[str]
) -> list[Problem]:
    if not colon:
        return [Problem(path, ProblemCode.MISSING, "has no weight: expected value:weight, for example HIGH:30")]
    problems: list[Problem] = []
    if allowed is None:
        problems += check_text(path, value, chars_max=core_limits.ID_CHARS_MAX)
    elif value not in allowed:
        problems.append(Problem(path, ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(allowed)}"))
    if value in known:
        problems.append(Problem(path, ProblemCode.UNKNOWN_VALUE, f"{value[:40]!r} comes more than once"))
    if not (weight.isascii() and weight.isdecimal() and len(weight) <= 3 and int(weight) <= WEIGHTS_SUM):
        detail = f"the weight must be a whole number from 0 to {WEIGHTS_SUM}"
        problems.append(Problem(path, ProblemCode.OUT_OF_RANGE, detail))
    return problems
