"""Kafka and Redis as containers of `compose.yaml`, for machines where their programs cannot be had.

Each has a project of its own in the eyes of Docker, so that it shares neither ports nor data with what
`docker compose up` has started.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final

from tests.support.install.place import CHECKOUT
from tests.support.install.unavailable import Unavailable
from tests.support.servers.process import ServerEnded, free_ports

COMPOSE_FILE: Final = CHECKOUT / "compose.yaml"

LOOK_SECONDS_MAX: Final = 20.0
"""Asking whether there is an engine."""

READY_SECONDS_MAX: Final = 120
"""From the start of a container until it takes requests."""

COMMAND_SECONDS_MAX: Final = 600.0
"""One command; the first start fetches an image."""


class ContainerServer:
    """One container, on one port of loopback; its data lasts from start to start.

    Args:
        folder: Tells this server from all others; nothing is written there.
        port: To listen on; a free one unless given. The same at every start.

    Raises:
        Unavailable: There is no `docker compose`, or no engine that does what it is told.
    """

    name: ClassVar[str]
    """What it is called in `compose.yaml`, where its port is DEV_NAME_PORT."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        require_engine()
        self.port = port or free_ports(1)[0]
        self._project = f"alerting-{self.name}-{sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"

    def start(self) -> None:
        """Start the container unless it runs; it takes requests on return.

        Raises:
            ServerEnded: It does not come up.
        """
        self._compose("up", "--detach", "--wait", "--wait-timeout", str(READY_SECONDS_MAX), self.name)

    def stop(self) -> None:
        """Ask the container to stop, and wait until it has; it keeps its data."""
        self._compose("stop", self.name)

    def kill(self) -> None:
        """End the container at once, as kill -9 does; it keeps its data."""
        self._compose("kill", self.name)

    def restart(self) -> None:
        """Stop the container and start it on the same data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let the server do nothing, with its connections open, until `resume`."""
        self._compose("pause", self.name)

    def resume(self) -> None:
        """Let the server go on."""
        self._compose("unpause", self.name)

    def discard(self) -> None:
        """Stop the container and delete it with its data."""
        self._compose("down", "--volumes")

    def running(self) -> str | None:
        """Return the id of the container when it runs."""
        told = self._compose("ps", "--status", "running", "--format", "json", self.name)
        lines = [json.loads(line) for line in told.splitlines() if line.strip()]
        return next((line["ID"] for line in lines), None)

    def _compose(self, *arguments: str) -> str:
        command = ["docker", "compose", "--file", str(COMPOSE_FILE), "--project-name", self._project, *arguments]
        done = _run(command, COMMAND_SECONDS_MAX, {f"DEV_{self.name.upper()}_PORT": str(self.port)})
        if done.returncode != 0:
            end = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise ServerEnded(f"docker compose {arguments[0]} {self.name} failed:\n{end}")
        return done.stdout


class KafkaContainer(ContainerServer):
    """A Kafka broker."""

    name = "kafka"

    @property
    def brokers(self) -> str:
        """Return the address that clients begin with."""
        return f"127.0.0.1:{self.port}"


class RedisContainer(ContainerServer):
    """A Redis server."""

    name = "redis"

    @property
    def url(self) -> str:
        """Return the address of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"


def require_engine() -> None:
    """See that containers can be started.

    Raises:
        Unavailable: They cannot; says what is missing.
    """
    for what, command in (
        ("docker compose", ["docker", "compose", "version"]),
        ("a container engine", ["docker", "version", "--format", "{{.Server.Version}}"]),
    ):
        try:
            is_there = _run(command, LOOK_SECONDS_MAX).returncode == 0
        except (FileNotFoundError, subprocess.TimeoutExpired):
            is_there = False
        if not is_there:
            raise Unavailable(f"{what} is not to be had")


def _run(
    command: list[str], seconds_max: float, settings: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env={**os.environ, **(settings or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds_max,
        check=False,
    )
