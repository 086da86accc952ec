"""What leaves the adapter as `PortUnavailable`, and what is somebody's mistake and stays visible."""

import asyncpg
import pytest

from alerting_backend.adapters.postgres.connection import translate_errors
from alerting_core.errors import PortUnavailable

AWAY = [
    ConnectionRefusedError("refused"),
    FileNotFoundError("no socket"),
    TimeoutError(),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.CrashShutdownError("crashed"),
    asyncpg.TooManyConnectionsError("too many clients"),
    asyncpg.DiskFullError("no space left"),
    asyncpg.QueryCanceledError("statement timeout"),
    asyncpg.DeadlockDetectedError("deadlock"),
    asyncpg.SerializationError("could not serialize"),
    asyncpg.LockNotAvailableError("lock timeout"),
    asyncpg.ReadOnlySQLTransactionError("read-only"),
    asyncpg.InvalidPasswordError("password"),
    asyncpg.InvalidCatalogNameError("no such database"),
    asyncpg.InterfaceError("pool is closing"),
    asyncpg.InterfaceError("connection is closed"),
]

MISTAKES = [
    asyncpg.UniqueViolationError("taken"),
    asyncpg.ForeignKeyViolationError("missing"),
    asyncpg.UndefinedTableError("no such table"),
    asyncpg.InsufficientPrivilegeError("permission denied"),
    asyncpg.DataError("invalid input"),
    asyncpg.InterfaceError("the server expects 8 arguments for this query, 6 were passed"),
    ValueError("ours"),
]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: f"{type(error).__name__}: {error}")
def test_a_server_that_cannot_be_worked_with_is_unavailable(error: Exception) -> None:
    with pytest.raises(PortUnavailable) as raised, translate_errors("claim_due"):
        raise error
    assert raised.value.__cause__ is error
    assert (raised.value.resource, raised.value.operation, raised.value.retryable) == ("postgres", "claim_due", True)


@pytest.mark.parametrize("error", MISTAKES, ids=lambda error: f"{type(error).__name__}: {error}")
def test_a_statement_that_was_refused_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, translate_errors("claim_due"):
        raise error
    assert raised.value is error


def test_no_statement_is_told_to_anybody() -> None:
    error = asyncpg.QueryCanceledError("canceling statement due to statement timeout\nSELECT secret FROM endpoints")
    with pytest.raises(PortUnavailable) as raised, translate_errors("x"):
        raise error
    assert "secret" not in str(raised.value)
