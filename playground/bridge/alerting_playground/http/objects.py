"""Lists and objects of a request body, made of kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from alerting_core.api import findings
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Check, Kind, Text


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
