"""Pages of a table, by the same cursors as everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg

from alerting_backend.adapters.postgres.pools import Pools
from alerting_backend.adapters.postgres.scoped import Conditions, scoped
from alerting_core.ports.cursor import TimeKey, decode_time_cursor, encode_time_cursor
from alerting_core.ports.paging import Page, PageRequest, Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewestFirst(Generic[T]):
    """How a table is listed: newest first, by created_at and then its id.

    Attributes:
        listed: Name of the list, for its cursors.
        select: The statement up to its WHERE.
        id_column: The column of the id, a uuid.
    """

    listed: str
    select: str
    id_column: str
    read: Callable[[asyncpg.Record], T]

    async def page(self, pools: Pools, scope: Scope, conditions: Conditions, page: PageRequest) -> Page[T]:
        """Return a page of the rows that meet *conditions*."""
        if page.cursor is not None:
            after = decode_time_cursor(self.listed, page.cursor)
            conditions.add(f"(created_at, {self.id_column}) < ({{}}::timestamptz, {{}}::uuid)", after.at_ms, after.id)
        order = f" ORDER BY created_at DESC, {self.id_column} DESC LIMIT {page.limit + 1}"
        async with scoped(pools, scope, f"list_{self.listed}") as connection:
            rows = await connection.fetch(self.select + conditions.sql + order, *conditions.arguments)
        shown = rows[: page.limit]
        if len(rows) <= page.limit:
            return Page([self.read(row) for row in shown])
        last = TimeKey(shown[-1]["created_at"], shown[-1][self.id_column])
        return Page([self.read(row) for row in shown], encode_time_cursor(self.listed, last))
