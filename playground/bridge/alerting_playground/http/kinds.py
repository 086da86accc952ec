"""What the fields of a request body must be: a small declarative checker that reports all problems at once.

A kind reads one JSON value and adds what is wrong with it to a list; its result counts only when nothing was added.
Nothing is converted: `"1"` is no number, `1` is no text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, cast

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


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of *items_min* to *items_max* items."""

    kind: Kind
    items_max: int
    items_min: int = 1

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a list; of one that is too long no item is looked at."""
        if not isinstance(value, list):
            found.append(findings.placed(findings.wrong_type(findings.LIST), path))
            return value
        items = cast("Sequence[Any]", value)
        if len(items) > self.items_max:
            found.append(findings.placed(findings.too_many(self.items_max), path))
            return items
        if len(items) < self.items_min:
            found.append(findings.placed(findings.too_few(self.items_min), path))
        return [self.kind.read(item, f"{path}[{place}]", found) for place, item in enumerate(items)]


@dataclass(frozen=True, slots=True)
class TextMap:
    """An object of texts under names that the caller chooses."""

    check: Check | None = None
    entries_max: int | None = None

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read a mapping; it is checked as a whole when all its values are texts."""
        if not isinstance(value, dict):
            found.append(findings.placed(findings.wrong_type(findings.OBJECT), path))
            return value
        entries = cast("dict[str, Any]", value)
        known = len(found)
        for name, text in entries.items():
            Text().read(text, joined(path, name), found)
        if len(found) > known:
            return entries
        if self.entries_max is not None and len(entries) > self.entries_max:
            found.append(findings.placed(findings.too_many(self.entries_max), path))
        elif self.check is not None:
            found.extend(findings.placed(problem, path) for problem in self.check(entries))
        return entries


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object; one that is not required has a default."""

    kind: Kind
    required: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object with known fields and no others; *check* sees it whole when each field is as it should be."""

    fields: Mapping[str, Field]
    check: Check | None = None

    def read(self, value: Any, path: str, found: list[Problem]) -> Any:
        """Read an object, with defaults for what was left out."""
        if not isinstance(value, dict):
            found.append(findings.placed(findings.wrong_type(findings.OBJECT), path))
            return value
        sent = cast("dict[str, Any]", value)
        known, whole = len(found), dict[str, Any]()
        for name, field in self.fields.items():
            if name in sent:
                whole[name] = field.kind.read(sent[name], joined(path, name), found)
            elif field.required:
                found.append(findings.placed(findings.is_required(), joined(path, name)))
            else:
                whole[name] = field.default
        found.extend(
            findings.placed(findings.unknown_field(), joined(path, name)) for name in sent if name not in self.fields
        )
        if self.check is not None and len(found) == known:
            found.extend(findings.placed(problem, path) for problem in self.check(whole))
        return whole


def joined(path: str, name: str) -> str:
    """Return the path of field *name* of the object at *path*."""
    return f"{path}.{name}" if path else name


def optional(kind: Kind, default: Any = None) -> Field:
    """Return a field that may be left out."""
    return Field(kind, required=False, default=default)
