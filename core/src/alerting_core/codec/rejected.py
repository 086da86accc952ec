"""A record that cannot be used, as a value. Stages send it to the dead-letter topic with these reasons."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from alerting_core import limits
from alerting_core.codec.wire import Undecodable
from alerting_core.problem import Problem, ProblemCode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a record is poison: at least one problem."""

    problems: tuple[Problem, ...]

    @property
    def reason(self) -> str:
        """All problems in one line of bounded length, for a record header and for people."""
        return "; ".join(f"{p.path or 'record'}: {p.code}: {p.detail}" for p in self.problems)[:1_000]


def read_record(value: bytes, parse: Callable[[bytes], T], check: Callable[[T], tuple[Problem, ...]]) -> T | Rejected:
    """Parse and check one record; whatever its bytes, the answer is a value."""
    if not value:
        return Rejected((Problem("", ProblemCode.EMPTY, "the record is empty"),))
    if len(value) > limits.RECORD_VALUE_BYTES_MAX:
        detail = f"has {len(value)} bytes, at most {limits.RECORD_VALUE_BYTES_MAX} are allowed"
        return Rejected((Problem("", ProblemCode.TOO_LARGE, detail),))
    try:
        parsed = parse(value)
    except Undecodable as error:
        return Rejected((Problem("", ProblemCode.UNDECODABLE, f"not a protobuf message: {error}"),))
    problems = check(parsed)
    return Rejected(problems) if problems else parsed
