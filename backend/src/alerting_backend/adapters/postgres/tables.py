"""How objects lie in tables, from one definition of each, and which of their rows a caller may see, page by page.

A `Table` names each attribute of a dataclass once, with the column that holds it, or the several that do, what writes
them and what reads them. Statements are put together from it, so that another attribute is one more line there, and one
more column in a migration. `scoped` says on whose behalf a statement runs; `Conditions` and `NewestFirst` are its WHERE
and its page.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import asyncpg

from alerting_backend.adapters.postgres.connection import Connection, Pools, tenant_transaction, transaction
from alerting_core import errors, limits
from alerting_core.domain.text import is_storable
from alerting_core.ports.catalog import Page, PageRequest, Scope, TimeKey, decode_time_cursor, encode_time_cursor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold one attribute.

    Attributes:
        types: Name → type in Postgres.
        write: From the attribute, the value to store, or with several columns their values; None: as it is.
        read: From what is stored, one argument per column, the attribute; None: as it is.
    """

    types: Mapping[str, str]
    write: Callable[[Any], Any] | None = None
    read: Callable[..., Any] | None = None


def column(
    name: str,
    type_: str,
    *,
    write: Callable[[Any], Any] | None = None,
    read: Callable[[Any], Any] | None = None,
    nullable: bool = False,
) -> Columns:
    """Return that the one column *name* holds an attribute; a *nullable* one has NULL for None, unconverted."""
    if nullable:
        return Columns({name: type_}, _unless_none(write), _unless_none(read))
    return Columns({name: type_}, write, read)


def optional_texts(name: str) -> Columns:
    """Return that the one jsonb column *name* holds texts by name, NULL for none: most rows have none."""
    return Columns({name: "jsonb"}, write=stored_texts, read=lambda stored: stored or {})


def stored_texts(texts: Mapping[str, str]) -> dict[str, str] | None:
    """Return what a column of `optional_texts` holds for *texts*."""
    return dict(texts) if texts else None


def _unless_none(convert: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return convert and (lambda value: None if value is None else convert(value))


ROWS_PER_STATEMENT_MAX: Final = 250
"""Written by one statement of the pipeline: some 10 ms, and under 100 on a machine where all processors are taken."""

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int = ROWS_PER_STATEMENT_MAX) -> Iterator[Sequence[Item]]:
    """Yield *items* in order, *size* at a time, the last perhaps fewer."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class Table(Generic[T]):
    """One table and the dataclass whose objects are its rows.

    Args:
        name: Of the table.
        kind: The dataclass.
        attributes: Attribute of *kind* → the columns that hold it, in the order in which statements list them. Only
            the last fields of *kind* may be missing, and need a default.

    Attributes:
        types: Column → type in Postgres, in that order.
    """

    def __init__(self, name: str, kind: type[T], attributes: Mapping[str, Columns]) -> None:
        """Check the definition against *kind*."""
        self.name: Final = name
        self._kind: Final = kind
        self._attributes: Final = dict(attributes)
        self.types: Final = {column: type_ for each in attributes.values() for column, type_ in each.types.items()}
        read = [one.name for one in fields(kind)][: len(attributes)]
        assert set(read) == set(attributes), f"the columns of {name} are not those of {kind.__name__}"
        self._make: Final[Callable[..., T]] = _by_name(kind, read) if fields(kind)[0].kw_only else kind
        # In the order of the fields, so that an object is made of them by position: by name takes twice as long.
        in_order = [attributes[attribute] for attribute in read]
        self._stored: Final = itemgetter(*(column for one in in_order for column in one.types))
        self._reads: Final = [(one.read, len(one.types)) for one in in_order]
        self._is_plain: Final = all(one.read is None for one in in_order)
        self._values_of: Final = attrgetter(*attributes)
        self._writes: Final = [(one.write, len(one.types)) for one in attributes.values()]

    @property
    def columns(self) -> str:
        """All columns, as a statement lists them."""
        return ", ".join(self.types)

    def columns_of(self, alias: str) -> str:
        """Return all columns with *alias* before each."""
        return ", ".join(f"{alias}.{name}" for name in self.types)

    @property
    def places(self) -> str:
        """Places for the values of one row: `$1, $2, …`."""
        return ", ".join(f"${number}" for number in range(1, len(self.types) + 1))

    @property
    def arrays(self) -> str:
        """Places for the values of many rows, one array per column: `$1::text[], $2::uuid[], …`."""
        assert not any(type_.endswith("[]") for type_ in self.types.values()), "unnest takes arrays of arrays apart"
        return ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(self.types.values(), start=1))

    def only(self, attributes: Collection[str]) -> "Table[T]":
        """Return the same table with no more than *attributes*; the others have their default when a row is read."""
        return type(self)(self.name, self._kind, {n: c for n, c in self._attributes.items() if n in attributes})

    def row(self, item: T) -> tuple[Any, ...]:
        """Return the values of `columns`."""
        values: list[Any] = []
        for value, (write, columns) in zip(self._values_of(item), self._writes, strict=True):
            if write is None:
                values.append(value)
            elif columns == 1:
                values.append(write(value))
            else:
                values += write(value)
        return tuple(values)

    def rows(self, items: Iterable[T]) -> list[Sequence[Any]]:
        """Return the values of many rows, column by column; nothing for no rows."""
        return list(zip(*map(self.row, items), strict=True))

    def read(self, row: asyncpg.Record) -> T:
        """Return the object of a row that has all of `columns`, and perhaps more."""
        stored = self._stored(row)
        if self._is_plain:
            return self._make(*stored)
        values: list[Any] = []
        at = 0
        for read, columns in self._reads:
            if read is None:
                values.append(stored[at])
            elif columns == 1:
                values.append(read(stored[at]))
            else:
                values.append(read(*stored[at : at + columns]))
            at += columns
        return self._make(*values)

    def changes(self, kept: Collection[str], *, first: int) -> str:
        """Return what an UPDATE sets: all but what holds *kept*, as `a = $3, b = $4`, numbered from *first*."""
        columns = [name for one in self._changed(kept).values() for name in one.types]
        return ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=first))

    def changed_values(self, item: T, kept: Collection[str]) -> list[Any]:
        """Return the values for `changes` with the same *kept*."""
        stored = dict(zip(self.types, self.row(item), strict=True))
        return [stored[name] for one in self._changed(kept).values() for name in one.types]

    def _changed(self, kept: Collection[str]) -> Mapping[str, Columns]:
        return {attribute: one for attribute, one in self._attributes.items() if attribute not in kept}


def _by_name(kind: Callable[..., T], names: Sequence[str]) -> Callable[..., T]:
    return lambda *values: kind(**dict(zip(names, values, strict=True)))


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
def refusals(by_constraint: Mapping[str, Callable[[], errors.AlertingError]]) -> Iterator[None]:
    """Turn the violation of a named constraint within into the error that says what it means to the caller."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        refused = by_constraint.get(error.constraint_name or "")
        if refused is None:
            raise
        raise refused() from error


_CLIENT_GONE_TRIES: Final = 5
"""How often a client may be deleted between the look at it and the insert before that is taken for something else."""


async def fetch_unless_clients_go(
    connect: Callable[[], AbstractAsyncContextManager[Connection]], statement: str, *arguments: object
) -> Sequence[asyncpg.Record]:
    """Return the rows of a *statement* that inserts what belongs to clients, where they exist.

    It is all that is done in its transaction, by a connection of *connect*.
    """
    return await unless_clients_go(partial(_fetch, connect, statement, *arguments))


async def _fetch(
    connect: Callable[[], AbstractAsyncContextManager[Connection]], statement: str, *arguments: object
) -> Sequence[asyncpg.Record]:
    async with connect() as connection:
        return await connection.fetch(statement, *arguments)


async def unless_clients_go(insert: Callable[[], Awaitable[Item]]) -> Item:
    """Return what *insert* returns: a transaction that inserts what belongs to clients, where they exist."""
    for left in reversed(range(_CLIENT_GONE_TRIES)):
        try:
            return await insert()
        except asyncpg.ForeignKeyViolationError:
            if not left:
                raise
            # A client was deleted meanwhile: it is not found any more.
    raise AssertionError("the last try returns or raises")


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
        self._parts.append(condition.format(*[self.argument(value) for value in values]))

    def argument(self, value: Any) -> str:
        """Add *value* and return its place, for what is said beside the clause."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

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


Listed = TypeVar("Listed")


@dataclass(frozen=True, slots=True)
class NewestFirst(Generic[Listed]):
    """How a table is listed: newest first, by created_at and then its id.

    Attributes:
        listed: Name of the list, for its cursors.
        select: The statement up to its WHERE.
        id_column: The column of the id, a uuid.
    """

    listed: str
    select: str
    id_column: str
    read: Callable[[asyncpg.Record], Listed]

    async def page(self, pools: Pools, scope: Scope, conditions: Conditions, page: PageRequest) -> Page[Listed]:
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
