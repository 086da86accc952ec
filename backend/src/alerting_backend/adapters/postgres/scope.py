"""On whose behalf a statement runs, and pages of what it may see."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from alerting_backend.adapters.postgres.pools import Connection, Pools, tenant_transaction, transaction
from alerting_core import limits
from alerting_core.domain.text import is_storable
from alerting_core.errors import AlertingError
from alerting_core.ports.paging import Page, PageRequest, Scope, TimeKey, decode_time_cursor, encode_time_cursor


@asynccontextmanager
async def scoped(pools: Pools, scope: Scope, operation: str) -> AsyncIterator[Connection]:
    """Run the block in one transaction on behalf of *scope*."""
    if scope is None:
        async with transaction(pools.admin, operation) as connection:
            yield connection
    else:
        async with tenant_transaction(pools.api, operation, client_id=scope) as connection:
            yield connection


@contextmanager
def refusals(by_constraint: Mapping[str, Callable[[], AlertingError]]) -> Iterator[None]:
    """Turn the violation of a named constraint within into the error that says what it means to the caller."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        refused = by_constraint.get(error.constraint_name or "")
        if refused is None:
            raise
        raise refused() from error


class Conditions:
    """The WHERE of a statement, grown one condition at a time."""

    def __init__(self, scope: Scope) -> None:
        """Start with the rows of *scope*."""
        self._parts: list[str] = []
        self.arguments: list[Any] = []
        if scope is not None:
            self.add("client_id = {}", scope)

    def add(self, condition: str, *values: Any) -> None:
        """Add *condition*, in which each `{}` stands for the next of *values*."""
        first = len(self.arguments) + 1
        places = [f"${first + index}" for index in range(len(values))]
        self._parts.append(condition.format(*places))
        self.arguments.extend(values)

    def add_equal(self, **columns: Any) -> None:
        """Add that each column has the value given; None leaves a column open."""
        for column, value in columns.items():
            if value is not None:
                self.add(column + " = {}", value)

    @property
    def sql(self) -> str:
        """The clause, empty without conditions."""
        return " WHERE " + " AND ".join(self._parts) if self._parts else ""


def at_client(conditions: Conditions, scope: Scope) -> None:
    """Let an operator's look-up use the indexes, which begin with the client: one probe per client, not all rows."""
    if scope is None:
        conditions.add("client_id IN (SELECT client_id FROM clients)")


def all_storable(*texts: str | None) -> bool:
    """Whether each of *texts* could be in a table at all; if not, nothing equals or contains it."""
    return all(text is None or is_storable(text) for text in texts)


def within(at_ms: int) -> int:
    """Return the time next to *at_ms* that a column can hold."""
    return min(max(at_ms, 0), limits.TIME_MS_MAX)


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
