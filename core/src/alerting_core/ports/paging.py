"""Pages of a list, and who is asking."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

Scope: TypeAlias = str | None
"""The client on whose behalf a call is made; None: an operator, who sees all clients. Another client's objects do not
exist for a scope: they are not listed, and asking for one is `NotFound`."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: at most `limit` items after the opaque `cursor` of the page before."""

    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in a stable order; `next_cursor` is None on the last page.

    Walking the pages visits every item that existed throughout exactly once, whatever is added or removed meanwhile.
    """

    items: Sequence[T]
    next_cursor: str | None = None
