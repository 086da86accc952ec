"""Where a Postgres is, how values cross to it, and how its errors leave as `PortUnavailable`."""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum, unique
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg
import orjson

from alerting_core.errors import PortUnavailable


@unique
class SoleLock(IntEnum):
    """Held by the connection of the one process that does something; they end with it."""

    MIGRATIONS = 4_710_317_281
    PLATFORM = 4_710_317_282
    JOB_RUNNER = 4_710_317_283


LOCK_KEY_OF_SENDER: Final = "hashtextextended('alerting sender ' || {}, 0)"
"""The key of a sender's lock, in SQL. Should two senders ever share one, a lease of a dead one runs out as ever."""

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
