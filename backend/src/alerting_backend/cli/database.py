"""The database that commands work on: one's own, or the embedded one, started for the command when it does not run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alerting_backend.adapters.postgres.address import Address
from alerting_backend.adapters.postgres.embedded import DATABASE, embedded_postgres
from alerting_backend.adapters.postgres.processes import running_postmaster
from alerting_backend.settings import Settings
from alerting_backend.wiring.address import address_set_in


def has_database(settings: Settings) -> bool:
    """Tell whether there is a database to be looked at, without making one."""
    return settings.postgres_dsn is not None or (settings.data_dir / "postgres" / "PG_VERSION").exists()


@asynccontextmanager
async def reach_database(settings: Settings) -> AsyncIterator[Address]:
    """Yield the address of the database; the embedded one stays as it was found, running or not.

    Raises:
        AlertingError: It cannot be had; the detail says what to do.
    """
    own = address_set_in(settings)
    if own is not None:
        yield own
        return
    running = running_postmaster((settings.data_dir / "postgres").resolve())
    if running is not None and running.status == "ready":
        yield Address.of_socket(running.socket_folder, port=running.port, database=DATABASE)
        return
    async with embedded_postgres(settings.data_dir) as address:
        yield address
