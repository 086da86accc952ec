"""One method of one path: what it takes, and the function that answers it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from alerting_core.api.shapes.base import JsonObject
from alerting_playground.http.kinds import Kind
from alerting_playground.http.parts import Parts
from alerting_playground.http.query import Query

_PARAMETER: Final = re.compile(r"\{(\w+)(:path)?\}")

OWNER: Final = ""
"""Whose Idempotency-Keys these are: an operator's."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is well formed.

    Attributes:
        path: What stands in the place of the path's parameters.
        query: Its parameters, with defaults for those left out.
        body: What the body's kind made of it; None without one.
        expected_version: By If-Match; None for any.
        traceparent: The caller's trace, which goes along.
        key: The Idempotency-Key that this request claimed.
    """

    parts: Parts
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    expected_version: int | None
    traceparent: str | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers.

    Attributes:
        kept: What is answered to a repetition instead of *value*, which holds something that is shown once.
    """

    value: JsonObject | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    kept: JsonObject | None = None


Act: TypeAlias = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table of operations.

    Attributes:
        path: With parameters: `{name}` is one segment, `{name:path}` takes slashes too.
        query: What the query string may hold; None: whatever it holds is not looked at.
        body: What the body must be; None: it is not looked at.
        needs_body: Whether there must be one.
        once: Whether it takes an Idempotency-Key.
        versioned: Whether it takes If-Match.
    """

    method: str
    path: str
    act: Act
    query: Query | None = None
    body: Kind | None = None
    needs_body: bool = True
    once: bool = False
    versioned: bool = False

    @property
    def spelled_out(self) -> int:
        """How many characters of the path are not parameters."""
        return len(_PARAMETER.sub("", self.path))


def path_pattern(template: str) -> re.Pattern[str]:
    """Return what paths of *template* look like."""
    parts = _PARAMETER.split(template)
    pattern = re.escape(parts[0])
    for name, takes_slashes, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>{'.*' if takes_slashes else '[^/]+'}){re.escape(literal)}"
    return re.compile(f"^{pattern}$")


def page_reply(page_items: list[JsonObject], next_cursor: str | None) -> Reply:
    """Return one page of a list."""
    return Reply({"items": page_items, "next_cursor": next_cursor})
