"""The platform as a user runs it: a process of its own, started, stopped and killed by its number alone.

    with platform(ALERTING_DEMO="1") as running:      # a new folder, a free port, an admin key
        running.start()                               # returns when /readyz is 200
        running.http().post("/api/v1/alerts", json={…})
        running.kill()                                # kill -9; the database server lives on, as in life
        running.start()                               # on the same folder and the same port

Every waiting is by looking again, and bounded.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from alerting_backend.adapters.postgres.processes import processes_in, running_postmaster
from tests.support.postgres.servers import scratch_folder

ADMIN_KEY: Final = "alk_admin-key-of-the-tests"
READY_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 20.0
COMMAND: Final = (sys.executable, "-m", "alerting_backend.cli.app")

_LOOK_SECONDS: Final = 0.05


class PlatformEnded(Exception):
    """The process ended when it should not have; holds what it wrote."""


class PlatformProcess:
    """One data folder, and at most one process on it at a time.

    Attributes:
        url: Where it serves; the same at every start.
        process_id: Of the process that runs, or ran last.
        seconds_to_ready: From the start of the process to the first 200 of /readyz, of the last start.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.data_dir = folder / "data"
        self.url = ""
        self.process_id = 0
        self.seconds_to_ready = 0.0
        self._output = folder / "output.log"
        self._begun_at = 0
        self._settings = {
            "ALERTING_HTTP_PORT": "0",
            "ALERTING_DATA_DIR": str(self.data_dir),
            "ALERTING_ADMIN_KEY": ADMIN_KEY,
            "ALERTING_DEMO": "0",
            "ALERTING_LOG_FORMAT": "json",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment that the platform gets, without anything that happens to be set here."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALERTING_")}
        return {**inherited, "PYTHONUNBUFFERED": "1", **self._settings, **settings}

    def start(self, *, ready_seconds_max: float = READY_SECONDS_MAX, **settings: str) -> None:
        """Start the process, with *settings* on top, and wait until it is ready."""
        self.spawn(**settings)
        self.wait_until_ready(seconds_max=ready_seconds_max)

    def spawn(self, **settings: str) -> None:
        """Start the process, and do not wait."""
        assert not self.is_running, "it runs already"
        self._begun_at = self._output.stat().st_size if self._output.exists() else 0
        self._begun = time.monotonic()
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*COMMAND, "up"],
                env=self.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.process_id = self._process.pid

    def wait_until_ready(self, *, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Wait for the word that it is ready, and for /readyz to confirm it."""
        self.wait_until(lambda: bool(self.events("platform_ready")), what="to be ready", seconds_max=seconds_max)
        self.url = self.events("platform_ready")[-1]["url"]
        self._settings["ALERTING_HTTP_PORT"] = self.url.rpartition(":")[2]
        with httpx.Client(base_url=self.url, timeout=5, trust_env=False) as http:
            self.wait_until(
                lambda: http.get("/readyz").status_code == 200, what="to confirm that", seconds_max=seconds_max
            )
        self.seconds_to_ready = time.monotonic() - self._begun

    def wait_until(self, holds: Callable[[], bool], *, what: str, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Look again and again until *holds*, for as long as the process runs."""
        deadline = time.monotonic() + seconds_max
        while not holds():
            if not self.is_running:
                raise PlatformEnded(f"while it was waited for {what}, the platform ended:\n{self.output()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds_max:g} s for the platform {what}:\n{self.output()[-8_000:]}")
            time.sleep(_LOOK_SECONDS)

    def stop(self, order: signal.Signals = signal.SIGINT, *, seconds_max: float = STOP_SECONDS_MAX) -> int:
        """Send Ctrl-C, or another order, and return the exit code."""
        assert self._process is not None, "it was never started"
        self._process.send_signal(order)
        return self.wait(seconds_max=seconds_max)

    def interrupt(self) -> None:
        """Send Ctrl-C, and do not wait."""
        assert self._process is not None, "it was never started"
        self._process.send_signal(signal.SIGINT)

    def ready_code(self) -> int:
        """Return the status that /readyz answers; 0 when nobody answers."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def wait(self, *, seconds_max: float = STOP_SECONDS_MAX) -> int:
        """Wait for the end, and return the exit code."""
        assert self._process is not None, "it was never started"
        return self._process.wait(seconds_max)

    def kill(self, *, database_too: bool = False) -> None:
        """Kill -9. The database server lives on, unless it is to be killed as well, at once and whole."""
        assert self._process is not None, "it was never started"
        servers = list(self.database_processes()) if database_too else []
        self._process.kill()
        self._process.wait(STOP_SECONDS_MAX)
        for server in servers:
            with suppress(psutil.NoSuchProcess):
                server.kill()
        psutil.wait_procs(servers, timeout=STOP_SECONDS_MAX)

    def end(self) -> None:
        """Leave nothing running, however the test went."""
        if self.is_running:
            self.kill()
        server = running_postmaster(self._database)
        if server is not None:
            with suppress(ProcessLookupError):
                os.kill(server.process_id, signal.SIGQUIT)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while self.database_processes() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        for left in self.database_processes():
            with suppress(psutil.NoSuchProcess):
                left.kill()

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def database_processes(self) -> Sequence[psutil.Process]:
        """Return the processes of the database server on the data folder."""
        return processes_in(self._database)

    def http(self, key: str | None = ADMIN_KEY, *, timeout: float = 30.0) -> httpx.Client:
        """Return a client that calls it with *key*; close it."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run another command of the command line, with the same settings, which calls this platform."""
        environment = self.environment(ALERTING_URL=self.url, ALERTING_KEY=ADMIN_KEY, **settings)
        return subprocess.run(
            [*COMMAND, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    def output(self) -> str:
        """Return what the process has written since its start, on both outputs."""
        if not self._output.exists():
            return ""
        with self._output.open("rb") as output:
            output.seek(self._begun_at)
            return output.read().decode(errors="replace")

    def events(self, name: str | None = None) -> Sequence[dict[str, Any]]:
        """Return the lines of its log since its start, those of one event alone if it is named."""
        lines = [line for line in self.output().splitlines(keepends=True) if line.startswith("{") and line[-1] == "\n"]
        events = [json.loads(line) for line in lines]
        return [event for event in events if name is None or event.get("event") == name]

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
