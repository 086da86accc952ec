"""Connections to Postgres, one pool per role, and transactions on them.

Values cross as `codecs` says: times are unix milliseconds, ids are text. All waiting is bounded.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import asyncpg

from alerting_backend.adapters.postgres.connection import Address, Role, set_codecs, translate_errors

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:  # The driver's classes take no type arguments at run time.
    Pool: TypeAlias = asyncpg.Pool
    Connection: TypeAlias = asyncpg.Connection

Isolation: TypeAlias = Literal["read_committed", "repeatable_read", "serializable"]

CONNECT_SECONDS_MAX: Final = 10.0
"""One log-in; a server in recovery answers at once that it is starting."""

ACQUIRE_SECONDS_MAX: Final = 10.0
"""How long a call waits for a free connection before it is told that Postgres is unavailable."""

CLOSE_SECONDS_MAX: Final = 5.0
"""How long closing waits for statements under way; a batch that is cut off is done again."""

_STATEMENT_MS_MAX: Final = {Role.API: 10_000, Role.ADMIN: 30_000, Role.WORKER: 60_000}
"""A person waits seconds; a batch of the pipeline may meet a busy disk; nothing needs longer than its lease."""

_ANSWER_SECONDS_SLACK: Final = 5.0
"""How much later than the server's own limit the driver gives up, when not even the server answers any more."""


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools of one process. Close them by leaving `open_pools`."""

    api: Pool
    admin: Pool
    worker: Pool


@asynccontextmanager
async def open_pools(address: Address, *, size_min: int = 1, size_max: int = 8) -> AsyncIterator[Pools]:
    """Open a pool for each role, with *size_min* connections each to begin with, and close them on leaving.

    Raises:
        PortUnavailable: A role cannot log in.
    """
    async with AsyncExitStack() as stack:
        api, admin, worker = [
            await stack.enter_async_context(open_pool(address, role, size_min=size_min, size_max=size_max))
            for role in Role
        ]
        yield Pools(api=api, admin=admin, worker=worker)


@asynccontextmanager
async def open_pool(address: Address, role: Role, *, size_min: int = 1, size_max: int = 8) -> AsyncIterator[Pool]:
    """Open one pool and close it on leaving; statements still under way are waited for, up to `CLOSE_SECONDS_MAX`."""
    pool = await make_pool(address, role, size_min=size_min, size_max=size_max)
    try:
        yield pool
    finally:
        await _close(pool)


async def make_pool(address: Address, role: Role, *, size_min: int, size_max: int) -> Pool:
    """Make a pool that the caller closes.

    Raises:
        PortUnavailable: *size_min* connections cannot be made.
    """
    with translate_errors("connect"):
        pool: Pool = await asyncpg.create_pool(
            **address.log_in(role), **pool_settings(role), min_size=size_min, max_size=size_max
        )
    return pool


def pool_settings(role: Role) -> dict[str, Any]:
    """Return what the driver's pool is given for *role*, beside where it logs in and how many connections it has."""
    statement_ms_max = _STATEMENT_MS_MAX[role]
    arguments: dict[str, Any] = {
        "init": set_codecs,
        "timeout": CONNECT_SECONDS_MAX,
        "command_timeout": statement_ms_max / 1_000 + _ANSWER_SECONDS_SLACK,
        "server_settings": {
            "application_name": str(role),
            "statement_timeout": str(statement_ms_max),
            "idle_in_transaction_session_timeout": str(statement_ms_max),
            "timezone": "UTC",
            # Compiling our short statements takes longer than running them.
            "jit": "off",
            # What is worked on is young and in memory, where any page costs what the next one does: batches look their
            # rows up by keys instead of reading a whole table of some ten thousand for them.
            "random_page_cost": "1.1",
            # A plan that is kept was made for tables as they were: one that was made while they were empty reads all of
            # a client for each key, also where foreign keys are checked, until the tables are analyzed again.
            "plan_cache_mode": "force_custom_plan",
        },
    }
    if role is not Role.API:
        # Nothing sets what outlives its transaction, so that a reset per use would be a round trip for nothing. The
        # tenants' connections are reset all the same: a forgotten client_id must not reach another tenant.
        arguments["reset"] = _leave_as_is
    return arguments


@asynccontextmanager
async def transaction(
    pool: Pool, operation: str, *, isolation: Isolation | None = None, readonly: bool = False
) -> AsyncIterator[Connection]:
    """Run the block in one transaction of *pool*; driver errors leave as `PortUnavailable` naming *operation*."""
    with translate_errors(operation):
        async with (
            pool.acquire(timeout=ACQUIRE_SECONDS_MAX) as connection,
            connection.transaction(isolation=isolation, readonly=readonly),
        ):
            yield connection


@asynccontextmanager
async def tenant_transaction(pool: Pool, operation: str, *, client_id: str) -> AsyncIterator[Connection]:
    """Run the block in one transaction that sees the rows of *client_id* alone. *pool* must be the API role's."""
    async with transaction(pool, operation) as connection:
        await connection.execute("SELECT set_config('app.client_id', $1, true)", client_id)
        yield connection


@asynccontextmanager
async def connected(pool: Pool, operation: str) -> AsyncIterator[Connection]:
    """Run the block with one connection, each statement its own transaction."""
    with translate_errors(operation):
        async with pool.acquire(timeout=ACQUIRE_SECONDS_MAX) as connection:
            yield connection


async def fetch_map(connection: Connection, statement: str, *arguments: object) -> dict[Any, Any]:
    """Return first column → second column of the rows of *statement*."""
    return {row[0]: row[1] for row in await connection.fetch(statement, *arguments)}


@asynccontextmanager
async def owner_connection(address: Address) -> AsyncIterator[Connection]:
    """Connect as the owner of the schema, for migrations alone: no time limit on statements."""
    with translate_errors("connect"):
        connection = await asyncpg.connect(
            **address.log_in(None),
            timeout=CONNECT_SECONDS_MAX,
            server_settings={"application_name": "alerting_migrate", "timezone": "UTC"},
        )
    try:
        await set_codecs(connection)
        yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS_MAX)


@asynccontextmanager
async def role_connection(address: Address, role: Role) -> AsyncIterator[Connection]:
    """Connect as *role*, outside of its pool, and close the connection on leaving, at once and without a word."""
    with translate_errors("connect"):
        connection = await asyncpg.connect(
            **address.log_in(role),
            timeout=CONNECT_SECONDS_MAX,
            server_settings={"application_name": f"{role}_presence"},
        )
    try:
        yield connection
    finally:
        connection.terminate()


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await pool.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        # The server is gone or does not answer: there is nothing to close politely.
        pool.terminate()


async def _leave_as_is(_connection: Any) -> None:
    """Reset nothing; the driver itself still rolls back what was left open."""
