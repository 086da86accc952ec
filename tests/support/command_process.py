"""A command of ours that runs until it is stopped, as a user runs it: a process known by its number alone.

Every waiting is by looking again, and bounded.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

ADMIN_KEY: Final = "alk_admin-key-of-the-tests"
READY_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 20.0
COMMAND: Final = (sys.executable, "-m", "alerting_backend.cli.app")
LOOK_SECONDS: Final = 0.05


class ProcessEnded(Exception):
    """The process ended when it should not have; holds what it wrote."""


class CommandProcess:
    """At most one process at a time that runs one command.

    Args:
        output: File that gets what it writes.
        arguments: Of the command `alerting`.
        settings: Its environment, beside what has nothing to do with the platform.

    Attributes:
        url: Where it serves, when it has said so; the same at every start.
        process_id: Of the process that runs, or ran last.
        seconds_to_ready: From the start of the process to the moment that it was ready, of the last start.
    """

    def __init__(self, output: Path, arguments: Sequence[str], settings: Mapping[str, str]) -> None:
        self.url = ""
        self.process_id = 0
        self.seconds_to_ready = 0.0
        self.begun_at = 0.0
        self._output = output
        self._output_begins_at = 0
        self._arguments = arguments
        self._settings = {"ALERTING_HTTP_PORT": "0", "ALERTING_ADMIN_KEY": ADMIN_KEY, "ALERTING_LOG_FORMAT": "json"}
        self._settings.update(settings)
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment that the platform gets, without anything that happens to be set here."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALERTING_")}
        return {**inherited, "PYTHONUNBUFFERED": "1", **self._settings, **settings}

    def spawn(self, **settings: str) -> None:
        """Start the process, and do not wait."""
        assert not self.is_running, "it runs already"
        self._output_begins_at = self._output.stat().st_size if self._output.exists() else 0
        self.begun_at = time.monotonic()
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*COMMAND, *self._arguments],
                env=self.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.process_id = self._process.pid

    def serves_at(self, url: str) -> None:
        """Note where it serves, so that it serves there again after the next start."""
        self.url = url
        self._settings["ALERTING_HTTP_PORT"] = url.rpartition(":")[2]

    def wait_until(self, holds: Callable[[], bool], *, what: str, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Look again and again until *holds*, for as long as the process runs."""
        deadline = time.monotonic() + seconds_max
        while not holds():
            if not self.is_running:
                raise ProcessEnded(f"while it was waited for {what}, it ended:\n{self.output()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds_max:g} s for it {what}:\n{self.output()[-8_000:]}")
            time.sleep(LOOK_SECONDS)

    def stop(self, order: signal.Signals = signal.SIGINT, *, seconds_max: float = STOP_SECONDS_MAX) -> int:
        """Send Ctrl-C, or another order, and return the exit code."""
        assert self._process is not None, "it was never started"
        self._process.send_signal(order)
        return self.wait(seconds_max=seconds_max)

    def interrupt(self, order: signal.Signals = signal.SIGINT) -> None:
        """Send Ctrl-C, or another order, and do not wait."""
        assert self._process is not None, "it was never started"
        self._process.send_signal(order)

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

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        assert self._process is not None, "it was never started"
        self._process.kill()
        self._process.wait(STOP_SECONDS_MAX)

    def end(self) -> None:
        """Leave nothing running, however the test went."""
        if self.is_running:
            self.kill()

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

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
            output.seek(self._output_begins_at)
            return output.read().decode(errors="replace")

    def events(self, name: str | None = None) -> Sequence[dict[str, Any]]:
        """Return the lines of its log since its start, those of one event alone if it is named."""
        lines = [line for line in self.output().splitlines(keepends=True) if line.startswith("{") and line[-1] == "\n"]
        events = [json.loads(line) for line in lines]
        return [event for event in events if name is None or event.get("event") == name]
