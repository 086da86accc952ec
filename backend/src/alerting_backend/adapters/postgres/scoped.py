"""On whose behalf a statement runs: a client's as the role that sees it alone, an operator's as the one that sees all.

Every statement names the client as well: row-level security is the second lock, not the only one.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from alerting_backend.adapters.postgres.pools import Connection, Pools, tenant_transaction, transaction
from alerting_core import limits
from alerting_core.domain.text import is_storable
from alerting_core.errors import AlertingError
from alerting_core.ports.paging import Scope


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


def look_by_client(conditions: Conditions, scope: Scope) -> None:
    """Let an operator's look-up use the indexes, which begin with the client: one probe per client, not all rows."""
    if scope is None:
        conditions.add("client_id IN (SELECT client_id FROM clients)")


def all_storable(*texts: str | None) -> bool:
    """Whether each of *texts* could be in a table at all; if not, nothing equals or contains it."""
    return all(text is None or is_storable(text) for text in texts)


def within(at_ms: int) -> int:
    """Return the time next to *at_ms* that a column can hold."""
    return min(max(at_ms, 0), limits.TIME_MS_MAX)
