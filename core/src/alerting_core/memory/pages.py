"""Pages of what is held in memory, by the same cursors as everywhere."""

from collections.abc import Callable, Iterable
from heapq import nlargest, nsmallest
from typing import TypeVar

from alerting_core.ports.cursor import (
    TimeKey,
    decode_text_cursor,
    decode_time_cursor,
    decode_time_text_cursor,
    encode_text_cursor,
    encode_time_cursor,
)
from alerting_core.ports.paging import Page, PageRequest

T = TypeVar("T")


def newest_first(listed: str, items: Iterable[T], key_of: Callable[[T], TimeKey], page: PageRequest) -> Page[T]:
    """Return the page of *items* in falling order of their keys."""
    after = None if page.cursor is None else decode_time_cursor(listed, page.cursor)
    return _newest_first(listed, items, key_of, page, after)


def newest_first_by_text(listed: str, items: Iterable[T], key_of: Callable[[T], TimeKey], page: PageRequest) -> Page[T]:
    """Return the page of *items*, whose ids are texts that callers chose, in falling order of their keys."""
    after = None if page.cursor is None else decode_time_text_cursor(listed, page.cursor)
    return _newest_first(listed, items, key_of, page, after)


def _newest_first(
    listed: str, items: Iterable[T], key_of: Callable[[T], TimeKey], page: PageRequest, after: TimeKey | None
) -> Page[T]:
    rest = (item for item in items if after is None or key_of(item) < after)
    chosen = nlargest(page.limit + 1, rest, key=key_of)
    items_of_page = chosen[: page.limit]
    more = len(chosen) > page.limit
    return Page(items_of_page, encode_time_cursor(listed, key_of(items_of_page[-1])) if more else None)


def in_text_order(listed: str, items: Iterable[T], key_of: Callable[[T], str], page: PageRequest) -> Page[T]:
    """Return the page of *items* in the order of their keys' code points."""
    after = None if page.cursor is None else decode_text_cursor(listed, page.cursor)
    rest = (item for item in items if after is None or key_of(item) > after)
    chosen = nsmallest(page.limit + 1, rest, key=key_of)
    items_of_page = chosen[: page.limit]
    more = len(chosen) > page.limit
    return Page(items_of_page, encode_text_cursor(listed, key_of(items_of_page[-1])) if more else None)
