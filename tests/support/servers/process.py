"""A server that runs as a process of its own: started, stopped, killed, and started again on the same data.

Every waiting is by looking again, and bounded. A server is known by the process that it is, never by its name, and may
have been started by another process than this one.
"""

import os
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

READY_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 30.0

_LOOK_SECONDS: Final = 0.02


class ServerEnded(Exception):
    """A server did not come up; holds the end of what it wrote."""


class ServerProcess(ABC):
    """One server on one folder and fixed ports. The note `pid` in the folder says which process it is.

    Args:
        folder: Exists; holds the server's data, its settings and its log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self._note = folder / "pid"
        self._log_begins_at = 0

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Prepare the folder as needed, and return what starts the server in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the server that has just been started takes requests."""

    def environment(self) -> Mapping[str, str]:
        """Return what the server's environment has beside this process's."""
        return {}

    def start(self) -> None:
        """Start the server unless it runs; it takes requests on return.

        Raises:
            ServerEnded: It does not come up.
        """
        if self.running() is not None:
            return
        command = self.command()
        self._log_begins_at = self.log.stat().st_size if self.log.exists() else 0
        # No Popen: it insists on outliving its process, and whoever starts this server need not be who stops it.
        with self.log.open("ab") as log:
            process_id = os.posix_spawnp(
                command[0],
                [os.fspath(part) for part in command],
                {**os.environ, **self.environment()},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                ],
                setsid=True,  # Ctrl-C ends the tests, and they end their servers.
            )
        started = psutil.Process(process_id)
        self._note.write_text(f"{started.pid} {started.create_time()}", encoding="utf-8")
        self._wait_until_ready()

    def stop(self) -> None:
        """Ask the server to stop, and wait until it has; what does not stop in time is killed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, as kill -9 does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the server and start it on the same data."""
        self.stop()
        self.start()

    def discard(self) -> None:
        """Stop the server for good. Its data goes with its folder, when whoever made that deletes it."""
        self.stop()

    def pause(self) -> None:
        """Let the server do nothing, with its connections open, until `resume`; it stands still on return."""
        process = self._signal(signal.SIGSTOP)
        # One thread takes the signal and stops the others: on a busy machine they may answer a request before that.
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while not _stands_still(process):
            assert time.monotonic() < deadline, f"process {process.pid} cannot be paused"
            time.sleep(_LOOK_SECONDS)

    def resume(self) -> None:
        """Let the server go on."""
        self._signal(signal.SIGCONT)

    def running(self) -> psutil.Process | None:
        """Return the process of the server when it runs."""
        if not self._note.exists():
            return None
        process_id, created_at = self._noted()
        try:
            process = psutil.Process(process_id)
            # The number alone proves nothing: it may have gone to any other program since.
            is_it = process.create_time() == created_at and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if is_it else None

    def log_since_start(self) -> str:
        """Return what the server has written since it was last started here."""
        with self.log.open("rb") as log:
            log.seek(self._log_begins_at)
            return log.read().decode(errors="replace")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.is_ready():
            ended = self.running() is None
            if ended or time.monotonic() > deadline:
                self.kill()
                end = "\n".join(self.log_since_start().splitlines()[-15:])
                raise ServerEnded(f"{type(self).__name__} {'ended' if ended else 'is not ready'}:\n{end}")
            time.sleep(_LOOK_SECONDS)

    def _end(self, how: signal.Signals) -> None:
        process = self.running()
        if process is not None:
            process.send_signal(how)
            process.send_signal(signal.SIGCONT)  # One that was paused has to be woken to stop.
            if not self._is_gone_within(STOP_SECONDS_MAX):
                process.kill()
                assert self._is_gone_within(STOP_SECONDS_MAX), f"process {process.pid} cannot be ended"
        if self._note.exists():
            with suppress(ChildProcessError):  # Another process's child.
                os.waitpid(self._noted()[0], os.WNOHANG)  # Takes it off the process table.
            self._note.unlink()

    def _noted(self) -> tuple[int, float]:
        number, created_at = self._note.read_text(encoding="utf-8").split()
        return int(number), float(created_at)

    def _is_gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _signal(self, order: signal.Signals) -> psutil.Process:
        process = self.running()
        assert process is not None, "it does not run"
        process.send_signal(order)
        return process


def _stands_still(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # A thread that has just ended: the rest is looked at again.
        return all(psutil.Process(one.id).status() == psutil.STATUS_STOPPED for one in process.threads())
    return False


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports of loopback that nobody listens on at present."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(listener.getsockname()[1] for listener in listeners)
    for listener in listeners:
        listener.close()
    return ports


def accepts(port: int) -> bool:
    """Tell whether somebody listens on a port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
