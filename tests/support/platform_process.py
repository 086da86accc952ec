"""The platform as a user runs it: a process of its own, started, stopped and killed by its number alone.

    with platform(ALERTING_DEMO="1") as running:      # a new folder, a free port, an admin key
        running.start()                               # returns when /readyz is 200
        running.http().post("/api/v1/alerts", json={…})
        running.kill()                                # kill -9; the database server lives on, as in life
        running.start()                               # on the same folder and the same port

Every waiting is by looking again, and bounded.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from alerting_backend.embedded_postgres.processes import processes_in, running_postmaster
from tests.support.command_process import ADMIN_KEY, LOOK_SECONDS, READY_SECONDS_MAX, STOP_SECONDS_MAX, CommandProcess
from tests.support.postgres.servers import scratch_folder

__all__ = ["ADMIN_KEY", "PlatformProcess", "platform"]


class PlatformProcess(CommandProcess):
    """One data folder, and at most one process on it at a time."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.data_dir = folder / "data"
        own = {"ALERTING_DATA_DIR": str(self.data_dir), "ALERTING_DEMO": "0"}
        super().__init__(folder / "output.log", ["up"], {**own, **settings})

    def start(self, *, ready_seconds_max: float = READY_SECONDS_MAX, **settings: str) -> None:
        """Start the process, with *settings* on top, and wait until it is ready."""
        self.spawn(**settings)
        self.wait_until_ready(seconds_max=ready_seconds_max)

    def wait_until_ready(self, *, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Wait for the word that it is ready, and for /readyz to confirm it."""
        self.wait_until(lambda: bool(self.events("platform_ready")), what="to be ready", seconds_max=seconds_max)
        self.serves_at(self.events("platform_ready")[-1]["url"])
        with httpx.Client(base_url=self.url, timeout=5, trust_env=False) as http:
            self.wait_until(
                lambda: http.get("/readyz").status_code == 200, what="to confirm that", seconds_max=seconds_max
            )
        self.seconds_to_ready = time.monotonic() - self.begun_at

    def kill(self, *, database_too: bool = False) -> None:
        """Kill -9. The database server lives on, unless it is to be killed as well, at once and whole."""
        servers = list(self.database_processes()) if database_too else []
        super().kill()
        for server in servers:
            with suppress(psutil.NoSuchProcess):
                server.kill()
        psutil.wait_procs(servers, timeout=STOP_SECONDS_MAX)

    def end(self) -> None:
        """Leave nothing running, the database server neither."""
        super().end()
        server = running_postmaster(self._database)
        if server is not None:
            with suppress(ProcessLookupError):
                os.kill(server.process_id, signal.SIGQUIT)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while self.database_processes() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        for left in self.database_processes():
            with suppress(psutil.NoSuchProcess):
                left.kill()

    def database_processes(self) -> Sequence[psutil.Process]:
        """Return the processes of the database server on the data folder."""
        return processes_in(self._database)

    @property
    def _database(self) -> Path:
        return (self.data_dir / "postgres").resolve()


@contextmanager
def platform(**settings: str) -> Iterator[PlatformProcess]:
    """Yield a platform that has not been started, in a folder of its own, and leave nothing of it behind."""
    with scratch_folder() as folder:
        process = PlatformProcess(folder, settings)
        try:
            yield process
        finally:
            process.end()
