"""One Postgres server on one folder, from programs that are not the platform's own."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from alerting_backend.embedded_postgres.processes import (
    Postmaster,
    account_for,
    is_alive,
    process_arguments,
    processes_in,
    read_postmaster,
    running_postmaster,
)
from tests.support.install.postgres import PostgresPrograms

START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 60.0

_LOOK_SECONDS: Final = 0.02


class InstalledPostgres:
    """A server on `folder/postgres`, which trusts whoever reaches it.

    Args:
        folder: Exists; with a path that is short enough for a socket, and that the server's account can reach.
        settings: Of the server, by name. Without a `listen_addresses` it listens on a socket in its data folder alone.
    """

    def __init__(self, folder: Path, programs: PostgresPrograms, settings: Mapping[str, str]) -> None:
        self.data = folder.resolve() / "postgres"
        self._log = folder / "postgres.log"
        self._programs = programs
        self._settings = {"listen_addresses": "", "unix_socket_directories": str(self.data), **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Postmaster:
        """Start the server unless it runs; it takes connections on return."""
        if (running := running_postmaster(self.data)) is None:
            if not self.data.exists():
                self._make_data()
            self._wait_for_leftovers()
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # The number may be another program's by now.
            options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [self._programs.folder / "postgres", "-D", self.data, *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **self._arguments(),
                )
            number = self._process.pid
        else:
            number = running.process_id
        return self._wait_until_ready(number)

    def stop(self) -> None:
        """Stop the server cleanly; its clients are cut off."""
        for order in (signal.SIGINT, signal.SIGQUIT):
            running = running_postmaster(self.data)
            if running is None:
                break
            with suppress(ProcessLookupError):
                os.kill(running.process_id, order)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while is_alive(running.process_id, self.data) and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
        if self._process is not None:
            if self._process.poll() is None:  # It has written no note yet: there is nothing that it would have to save.
                self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def _make_data(self) -> None:
        self.data.mkdir(mode=0o700)
        account = account_for(self.data.parent / "none")
        if account is not None:
            account.own(self.data)
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [self._programs.folder / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", *locale, "-N"],
            check=True,
            capture_output=True,
            **self._arguments(),
        )

    def _arguments(self) -> Mapping[str, Any]:
        arguments = process_arguments(account_for(self.data))
        return {**arguments, "env": {**arguments["env"], **self._programs.environment}}

    def _wait_until_ready(self, number: int) -> Postmaster:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            noted = read_postmaster(self.data)
            if noted is not None and noted.process_id == number and noted.status == "ready":
                return noted
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(_LOOK_SECONDS)
        raise RuntimeError(f"Postgres did not start:\n{self._log.read_text(encoding='utf-8')[-2_000:]}")

    def _wait_for_leftovers(self) -> None:
        """Wait for the processes of a server whose head was killed: two servers on one folder destroy it."""
        if self._process is not None:
            self._process.wait(STOP_SECONDS_MAX)  # Gone; this takes it off the process table.
            self._process = None
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while processes_in(self.data):
            assert time.monotonic() < deadline, "processes of a killed Postgres do not end"
            time.sleep(_LOOK_SECONDS)
