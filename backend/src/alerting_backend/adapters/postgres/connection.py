"""Where a Postgres is, one pool of connections for each role, and transactions on them.

Values cross as `set_codecs` says: times are unix milliseconds, ids are text. All waiting is bounded, and what goes
wrong leaves as `PortUnavailable`.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import quote, urlencode

import asyncpg
import orjson

from alerting_backend.adapters.postgres.plans import FreshPlans, forget_old_plans
from alerting_core.errors import PortUnavailable


@unique
class SoleLock(IntEnum):
    """Held by the connection of the one process that does something; they end with it."""

    MIGRATIONS = 4_710_317_281
    PLATFORM = 4_710_317_282
    JOB_RUNNER = 4_710_317_283


LOCK_KEY_OF_SENDER: Final = "hashtextextended('alerting sender ' || {}, 0)"
"""The key of a sender's lock, in SQL. Should two senders ever share one, a lease of a dead one runs out as ever."""

LOCK_CATCH_ALLS: Final = "SELECT pg_advisory_xact_lock(hashtextextended('rules that catch', 0))"
"""For a transaction that counts the rules that catch more than a pattern."""

LOCK_RULES_OF_CLIENT: Final = "SELECT pg_advisory_xact_lock(hashtextextended('rules of ' || $1, 0))"
"""Until the end of the transaction: the rules of one client are counted before one is added."""

LOCK_NEW_JOBS: Final = "SELECT pg_advisory_xact_lock(hashtext('generator_jobs'))"
"""Until the end of the transaction: two creations at once would both see room for one more."""


OWNER: Final = "postgres"
"""Who owns everything in the embedded Postgres."""


class Role(StrEnum):
    """Who connects. None of them owns a table or can bypass row-level security."""

    API = "alerting_api"
    """Serves clients' keys: sees one client per transaction."""
    ADMIN = "alerting_admin"
    """Serves operators' keys: sees all clients."""
    WORKER = "alerting_worker"
    """Runs the pipeline."""


@dataclass(frozen=True, slots=True)
class Address:
    """One database.

    Attributes:
        dsn: `postgresql://` URL of the owner of the schema, who runs the migrations. The roles use the same server and
            database.
        passwords: Of the roles; none where the server trusts whoever can reach its socket.
    """

    dsn: str = field(repr=False)
    passwords: Mapping[Role, str] = field(default_factory=dict[Role, str], repr=False)

    @classmethod
    def of_socket(cls, folder: Path, *, port: int, database: str) -> "Address":
        """Return the address of a server that listens on a Unix socket in *folder* and trusts whoever reaches it."""
        query = urlencode({"host": str(folder), "port": port}, quote_via=quote)
        return cls(f"postgresql://{OWNER}@/{quote(database, safe='')}?{query}")

    def log_in(self, role: Role | None) -> Mapping[str, Any]:
        """Return the driver's arguments to connect as *role*, or as the owner for None."""
        if role is None:
            return {"dsn": self.dsn}
        # An empty password, not None: the owner's in the DSN must not be tried for another role.
        return {"dsn": self.dsn, "user": str(role), "password": self.passwords.get(role, "")}


RESOURCE: Final = "postgres"

_AWAY_CLASSES: Final = frozenset(
    {
        "08",  # The connection broke.
        "28",  # The log-in was refused: an operator mends that, and the work waits.
        "40",  # Serialisation failure or deadlock: the same call may succeed.
        "53",  # Out of disk, memory or connections.
        "57",  # Shut down, crashed, starting up, or the statement took too long.
        "58",  # The server's own disk failed.
    }
)
_AWAY_CODES: Final = frozenset(
    {
        "25006",  # Read-only: a standby, or a fail-over is under way.
        "25P03",  # Idle in a transaction for too long, ended by the server.
        "3D000",  # No such database: not made yet.
        "55P03",  # A lock was not to be had in time.
    }
)
_CLOSED: Final = ("closed", "closing", "released")
"""How the driver says that a pool or connection is gone; it uses the same class for wrong calls, which are bugs."""

_DSN: Final = "ALERTING_POSTGRES_DSN"
_ROLE: Final = re.compile(r'"alerting_(api|admin|worker)"')


@contextmanager
def translate_errors(operation: str) -> Iterator[None]:
    """Turn driver and network errors within into `PortUnavailable`, naming *operation*."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if not means_away(error):
            raise
        raise PortUnavailable(RESOURCE, operation=operation, detail=_describe(error)) from error


def means_away(error: Exception) -> bool:
    """Tell whether *error* means that Postgres cannot be worked with now, not that a statement was wrong."""
    if isinstance(error, OSError):  # TimeoutError is one.
        return True
    if isinstance(error, asyncpg.ClientConfigurationError):  # Of the DSN: an operator mends that, too.
        return True
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code[:2] in _AWAY_CLASSES or code in _AWAY_CODES
    return isinstance(error, asyncpg.InternalClientError) or any(word in str(error) for word in _CLOSED)


def _describe(error: Exception) -> str:
    """Return the first line of what *error* says, and which setting mends it where one does."""
    said = str(error).partition("\n")[0] or type(error).__name__
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message} (sslmode, sslrootcert in {_DSN})"
        case ssl.SSLError() | asyncpg.ClientConfigurationError():
            return f"{said} ({_DSN})"
        case asyncpg.InvalidAuthorizationSpecificationError():
            role = _ROLE.search(said)
            return f"{said} ({f'ALERTING_POSTGRES_{role[1].upper()}_PASSWORD' if role else _DSN})"
        case FileNotFoundError():
            return f"{said}: neither its socket nor a file of certificates may be missing ({_DSN})"
        case ConnectionError() if "SSL" in said:
            return f"{said} (sslmode in {_DSN})"
        case _:
            return said


_EPOCH_MS: Final = 946_684_800_000
"""2000-01-01, from which Postgres counts microseconds."""

_JSONB_VERSION: Final = b"\x01"


async def set_codecs(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Teach a new connection the codecs; costs no round trip."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str, format="text")
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_json, decoder=_decode_json, format="binary"
    )
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_encode_time, decoder=_decode_time, format="tuple"
    )


def _encode_json(value: Any) -> bytes:
    return _JSONB_VERSION + orjson.dumps(value)


def _decode_json(raw: bytes) -> Any:
    return orjson.loads(raw[1:])


def _encode_time(unix_ms: int) -> tuple[int]:
    return ((unix_ms - _EPOCH_MS) * 1_000,)


def _decode_time(value: tuple[int]) -> int:
    return value[0] // 1_000 + _EPOCH_MS


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
        "connection_class": FreshPlans,
        "setup": forget_old_plans,
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
