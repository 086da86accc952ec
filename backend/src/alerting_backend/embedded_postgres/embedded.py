"""The Postgres that comes with the platform: in the data folder, for this process alone."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import ClassVar, Final

from alerting_backend.adapters.postgres.connection import Address, translate_errors
from alerting_backend.adapters.postgres.pools import owner_connection
from alerting_backend.embedded_postgres.processes import Postmaster, ServerFailed
from alerting_backend.embedded_postgres.server import Notice, PostgresServer
from alerting_core.errors import AlertingError

DATABASE: Final = "alerting"

SETTINGS: Final[Mapping[str, str]] = {
    # What is committed is on the disk: nothing accepted is lost.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Reached by its socket, which the server's user and root alone can open.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Three pools of eight, migrations, and a person with psql.
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    # A container's /dev/shm is often too small for parallel queries, and ours are short.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # The tables of the streams turn over all the time.
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
}


class FolderInUse(AlertingError):
    """Another process works on the data folder."""

    code: ClassVar[str] = "data-folder-in-use"


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path, *, settings: Mapping[str, str] = SETTINGS, told: Notice = lambda _: None
) -> AsyncIterator[Address]:
    """Run a Postgres on *data_dir*, with an empty database on first use, and stop it cleanly on leaving.

    A server that outlived this process's predecessor is taken over.

    Args:
        settings: Of the server; they do not reach a server that is taken over.
        told: Told what takes its time, in words, from another thread.

    Raises:
        FolderInUse: Another process holds *data_dir*.
        ServerFailed: The server cannot be made or started; the detail says why.
    """
    with sole_user(data_dir):
        server = PostgresServer(data_dir, settings=settings, told=told)
        try:
            postmaster = await _start(server)
            yield await _database_of(postmaster)
        finally:
            await asyncio.to_thread(server.stop)


@contextmanager
def sole_user(data_dir: Path) -> Iterator[None]:
    """Hold the lock of *data_dir*, which is made when missing; a process that dies lets go of it.

    Raises:
        FolderInUse: Another process holds it.
        ServerFailed: The folder cannot be made or written to.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "alerting.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ServerFailed(f"cannot write to the data folder {data_dir}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            raise FolderInUse(
                f"{data_dir} is in use by the platform with process id {holder or 'unknown'}: stop that one first, "
                "or set ALERTING_DATA_DIR to another folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


async def _start(server: PostgresServer) -> Postmaster:
    starting = asyncio.create_task(asyncio.to_thread(server.start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The thread must have ended before the server is stopped and the folder let go.
        server.give_up()
        await asyncio.wait([starting])
        if not starting.cancelled():
            starting.exception()
        raise


async def _database_of(postmaster: Postmaster) -> Address:
    """Return the address of our database, which is made when missing."""

    def address(database: str) -> Address:
        return Address.of_socket(postmaster.socket_folder, port=postmaster.port, database=database)

    async with owner_connection(address("postgres")) as connection:
        with translate_errors("create_database"):
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    return address(DATABASE)
