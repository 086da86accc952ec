"""`limit` and `cursor`, the same for every list."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import Field

from alerting_backend.api.schema.base import ItemPage, QueryModel
from alerting_core import limits
from alerting_core.ports.paging import Page, PageRequest

T = TypeVar("T")
R = TypeVar("R")


class LimitQuery(QueryModel):
    """How much to return."""

    limit: Annotated[int, Field(ge=1, le=limits.PAGE_ITEMS_MAX, description="Items of one page.")] = (
        limits.PAGE_ITEMS_DEFAULT
    )


class PageQuery(LimitQuery):
    """The part of a list to return. Lists with filters extend it."""

    cursor: Annotated[
        str | None, Field(max_length=limits.CURSOR_CHARS_MAX, description="`next_cursor` of the page before.")
    ] = None

    @property
    def page(self) -> PageRequest:
        """The same in the words of the ports."""
        return PageRequest(self.limit, self.cursor)


def page_of(page: Page[T], show: Callable[[T], R]) -> ItemPage[R]:
    """Write a page of values as JSON shapes."""
    return ItemPage(items=[show(item) for item in page.items], next_cursor=page.next_cursor)
