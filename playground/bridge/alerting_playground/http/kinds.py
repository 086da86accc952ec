"""What the fields of a request body must be: a small declarative checker that reports all problems at once.

A kind reads one JSON value and adds what is wrong with it to a list; its result counts only when nothing was added.
Nothing is converted: `"1"` is no number, `1` is no text.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from alerting_core.api import findings
from alerting_core.api.moments import read_moment
from alerting_core.problem import Problem

Check: TypeAlias = Callable[[Any], Iterable[Problem]]
"""A check of the core, with paths relative to the value."""


class Kind(Protocol):
    """What a value must be."""

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Return what *value* stands for, after adding all that is wrong with it to *found*."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text that passes *check*."""

    check: Check | None = None

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a text."""
        if not isinstance(value, str):
            found.append(findings.placed(findings.wrong_type(findings.TEXT), path))
        elif self.check is not None:
            found.extend(findings.placed(problem, path) for problem in self.check(value))
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a whole one, from *least* to *most*."""

    least: float
    most: float
    whole: bool = True

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a number; a whole one stays one."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            expected = findings.INTEGER if self.whole else findings.NUMBER
            found.append(findings.placed(findings.wrong_type(expected), path))
            return value
        if value < self.least:
            found.append(findings.placed(findings.below(self.least), path))
        elif value > self.most:
            found.append(findings.placed(findings.above(self.most), path))
        return value if self.whole else float(value)


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a boolean."""
        if not isinstance(value, bool):
            found.append(findings.placed(findings.wrong_type(findings.BOOLEAN), path))
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few texts."""

    allowed: Sequence[str]

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a name."""
        if not isinstance(value, str) or value not in self.allowed:
            found.append(findings.placed(findings.unknown_value(self.allowed), path))
        return value


@dataclass(frozen=True, slots=True)
class Moment:
    """A time by RFC 3339."""

    def read(self, value: Any, path: str, found: list[Problem]) -> datetime | None:
        """Read a time."""
        moment = read_moment(value)
        if isinstance(moment, Problem):
            found.append(findings.placed(moment, path))
            return None
        return moment


@dataclass(frozen=True, slots=True)
class Nullable:
    """As *kind*, or null."""

    kind: Kind

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a value that need not be there."""
        return None if value is None else self.kind.read(value, path, found)
