"""The border to the driver: what goes wrong with the connection or the server leaves as `PortUnavailable`.

An error that says that a statement itself was refused (a unique value taken, a missing table) is left as it is: the
caller knows what it means, or it is a bug that nobody may hide.
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from alerting_core.errors import PortUnavailable

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
def border(operation: str) -> Iterator[None]:
    """Turn driver and network errors within into `PortUnavailable`, naming *operation*."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if not says_away(error):
            raise
        raise PortUnavailable(RESOURCE, operation=operation, detail=_describe(error)) from error


def says_away(error: Exception) -> bool:
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
