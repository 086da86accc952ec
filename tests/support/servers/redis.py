"""A Redis server."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.install.redis import RedisProgram
from tests.support.servers.process import ServerProcess, free_ports


class RedisServer(ServerProcess):
    """A server that keeps what it was told when it is stopped, and when it is killed.

    Args:
        folder: Exists.
        program: What it is started with.
        port: To listen on; a free one unless given. The same at every start.
    """

    def __init__(self, folder: Path, program: RedisProgram, *, port: int | None = None) -> None:
        super().__init__(folder)
        self._program = program
        self._port = port or free_ports(1)[0]

    @property
    def url(self) -> str:
        """Return the address of its first database."""
        return f"redis://127.0.0.1:{self._port}/0"

    def command(self) -> Sequence[str | Path]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "no",  # The machine stays up; the server may be killed.
            "save": "",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [self._program.binary, *options]

    def environment(self) -> Mapping[str, str]:
        return self._program.environment

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.settimeout(1)
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # It says LOADING while it reads its data.
        except OSError:
            return False
