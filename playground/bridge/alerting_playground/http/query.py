"""What the parameters of a query string must be. All of them are text, so that here numbers are read out of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from alerting_core import limits
from alerting_core.api import findings
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Kind, Moment, Number, OneOf

_INTEGER: Final = re.compile(r"\s*([+-]?[0-9]+(?:_[0-9]+)*)(?:\.0+)?\s*", re.ASCII)

_DIGITS_MAX: Final = 4_300
"""More digits than Python itself reads."""

_TRUE: Final = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE: Final = frozenset({"0", "off", "f", "false", "n", "no"})


@dataclass(frozen=True, slots=True)
class ShortText:
    """A text of at most *chars_max* characters."""

    chars_max: int = limits.ID_CHARS_MAX

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a text."""
        if len(value) > self.chars_max:
            found.append(findings.placed(findings.too_long(self.chars_max), path))
        return value


@dataclass(frozen=True, slots=True)
class WrittenInteger:
    """The text of a whole number from *least* to *most*."""

    least: int
    most: int

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a whole number out of its text."""
        if len(value) > _DIGITS_MAX:
            found.append(findings.placed(findings.too_large(), path))
            return None
        written = _INTEGER.fullmatch(value)
        if written is None:
            found.append(findings.placed(findings.wrong_type(findings.INTEGER), path))
            return None
        return Number(self.least, self.most).read(int(written.group(1)), path, found)


@dataclass(frozen=True, slots=True)
class WrittenBoolean:
    """A word for true or false."""

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a boolean out of its text."""
        word = value.lower()
        if word in _TRUE:
            return True
        if word not in _FALSE:
            found.append(findings.placed(findings.wrong_type(findings.BOOLEAN), path))
        return False


LIMIT: Final[Mapping[str, tuple[Kind, Any]]] = {
    "limit": (WrittenInteger(1, limits.PAGE_ITEMS_MAX), limits.PAGE_ITEMS_DEFAULT)
}
PAGE: Final[Mapping[str, tuple[Kind, Any]]] = {**LIMIT, "cursor": (ShortText(limits.CURSOR_CHARS_MAX), None)}
"""The parameters of every list, with their defaults."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters that an operation takes, each with what it is when it was left out; others are refused."""

    parameters: Mapping[str, tuple[Kind, Any]] = field(default_factory=dict[str, tuple[Kind, Any]])

    def read(self, text: str, found: list[Problem]) -> dict[str, Any]:
        """Read a query string. Of a parameter that comes twice the last one counts."""
        sent = dict(parse_qsl(text, keep_blank_values=True))
        read = {
            name: kind.read(sent[name], name, found) if name in sent else default
            for name, (kind, default) in self.parameters.items()
        }
        found.extend(findings.placed(findings.unknown_field(), name) for name in sent if name not in self.parameters)
        return read


def page_query(**filters: Kind) -> Query:
    """Return the parameters of a list with *filters*."""
    return Query({**PAGE, **{name: (kind, None) for name, kind in filters.items()}})


EXACT: Final = ShortText()
SEVERITIES: Final[Sequence[str]] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
RULE_SEVERITY: Final = OneOf((*SEVERITIES, "*"))
SHOWN_SEVERITY: Final = OneOf(("UNSPECIFIED", *SEVERITIES))
MOMENT: Final = Moment()
WRITTEN_BOOLEAN: Final = WrittenBoolean()
