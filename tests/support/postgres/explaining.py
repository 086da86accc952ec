"""Connections that explain each statement before they run it: the plans, and what reading them came to.

The plans are those of the very statement with its very arguments, as the role that runs it, in the transaction that it
is in: the one made for these arguments, and the one made for any, which a server keeps after some runs. What explaining
them changed is undone. Rows read are counted by the server over everything that the statement sets off, so that the
checks of foreign keys are among them, which no plan shows.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, TypeAlias

import asyncpg

from alerting_backend.adapters.postgres.connection import Address, Pools, Role, pool_settings
from alerting_backend.adapters.postgres.plans import FreshPlans

Node: TypeAlias = Mapping[str, Any]

_EXPLAIN: Final = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE explained"
_TYPES: Final = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'"
_PLANS: Final = ("force_custom_plan", "force_generic_plan")
_EXPLAINED: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
ROWS_READ: Final = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables"
_REMOVED: Final = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
_ADAPTERS: Final = "alerting_backend.adapters.postgres."
_PASSES_ON: Final = frozenset({"asyncpg.pool", Pools.__module__, __name__})


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement as it was run.

    Attributes:
        function: Of the adapters, that ran it: module and name.
        kept: Whether this is the plan for any arguments, which is kept, or the one for these.
        keys: The longest array among its arguments.
        rows_read: From tables, by scans of all kinds.
    """

    function: tuple[str, str]
    statement: str
    kept: bool
    keys: int
    plan: Node
    rows_read: int

    def nodes(self) -> Iterator[Node]:
        """Yield all nodes of the plan."""
        waiting = [self.plan]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.get("Plans", ()))

    @property
    def items(self) -> int:
        """How many rows the statement is about: returned, changed or named by its arguments."""
        changed = (child for node in self.nodes() if node["Node Type"] == "ModifyTable" for child in node["Plans"])
        return max(self.keys, rows_of(self.plan), *map(rows_of, changed), 1)

    @property
    def rows_handled(self) -> int:
        """Rows that all nodes of the plan gave on or threw away."""
        return sum(rows_of(node) + _removed(node) for node in self.nodes())

    @property
    def buffers(self) -> int:
        """Shared buffers touched."""
        return buffers_of(self.plan)


def buffers_of(node: Node) -> int:
    """Return how many shared buffers a node and those below it touched, over all its runs."""
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


def rows_of(node: Node) -> int:
    """Return how many rows a node gave on, over all its runs."""
    return round(float(node["Actual Rows"]) * int(node["Actual Loops"]))


def _removed(node: Node) -> int:
    return round(sum(float(node.get(kind, 0)) for kind in _REMOVED) * int(node["Actual Loops"]))


class ExplainingConnection(FreshPlans):
    """Explains what it is given to run. Each test makes a subclass, with a list of its own."""

    explained: list[Explained]

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        """Explain and run."""
        await self._explain(query, args)
        return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        """Explain and run."""
        await self._explain(query, args)
        return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        """Explain and run."""
        await self._explain(query, args)
        return await super().fetchval(query, *args, **options)

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        """Explain and run."""
        await self._explain(query, args)
        return await super().execute(query, *args, **options)

    async def _explain(self, statement: str, arguments: Sequence[Any]) -> None:
        function = _calling_function()
        if function is None or not statement.lstrip().startswith(_EXPLAINED):
            return
        keys = max((len(argument) for argument in arguments if isinstance(argument, list | tuple)), default=0)
        for mode in _PLANS:
            undone = self.transaction()
            await undone.start()
            plan, rows_read = await self._plan(statement, arguments, mode)
            await undone.rollback()
            self.explained.append(Explained(function, statement, mode != _PLANS[0], keys, plan, rows_read))

    async def _plan(self, statement: str, arguments: Sequence[Any], mode: str) -> tuple[Node, int]:
        await super().execute(f"SET LOCAL plan_cache_mode = {mode}")
        await super().execute(f"PREPARE explained AS {statement}")
        try:
            given = await self._as_literals(arguments)
            before = await super().fetchval(ROWS_READ) or 0
            found = await super().fetchval(_EXPLAIN + given)
            (shown,) = json.loads(found)
            return shown["Plan"], (await super().fetchval(ROWS_READ) or 0) - before
        finally:
            await super().execute("DEALLOCATE explained")

    async def _as_literals(self, arguments: Sequence[Any]) -> str:
        """Return the arguments as the server writes them: what is explained cannot have parameters."""
        if not arguments:
            return ""
        types = await super().fetchval(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'"
        )
        places = (f"quote_nullable((${number}::{type_})::text)" for number, type_ in enumerate(types, start=1))
        literals = await super().fetchrow(f"SELECT {', '.join(places)}", *arguments)
        assert literals is not None
        return f"({', '.join(literals)})"


@asynccontextmanager
async def explaining_pools(address: Address) -> AsyncIterator[tuple[Pools, list[Explained]]]:
    """Yield pools as the platform opens them, of connections that explain, and the list that grows of it."""
    explained: list[Explained] = []

    class Connection(ExplainingConnection):
        """Of this test."""

    Connection.explained = explained
    async with AsyncExitStack() as stack:
        api, admin, worker = [
            await stack.enter_async_context(
                asyncpg.create_pool(
                    **address.log_in(role),
                    **pool_settings(role) | {"connection_class": Connection},
                    min_size=1,
                    max_size=2,
                )
            )
            for role in Role
        ]
        yield Pools(api=api, admin=admin, worker=worker), explained


def _calling_function() -> tuple[str, str] | None:
    """Return which function of the adapters awaits this; None when it is the driver's own doing."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals["__name__"] in _PASSES_ON:
        frame = frame.f_back
    module = "" if frame is None else frame.f_globals["__name__"]
    if frame is None or not module.startswith(_ADAPTERS):
        return None
    return module.removeprefix(_ADAPTERS), frame.f_code.co_name
