"""Kafka, Redis and Postgres for development: which there are, where they are, and which of them are ours to stop."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.support.servers.choice import kafka_in, redis_in
from tests.support.servers.containers import ContainerServer
from tests.support.servers.postgres import DATABASE, PostgresOnTcp
from tests.support.servers.process import accepts, free_ports

USUAL_PORTS: Final = {"kafka": 9092, "redis": 6379, "postgres": 5432}

SETTING: Final = {
    "kafka": "ALERTING_KAFKA_BROKERS",
    "redis": "ALERTING_REDIS_URL",
    "postgres": "ALERTING_POSTGRES_DSN",
}
"""What leads to each, also to one of your own."""

_OWN_ADDRESS: Final = {
    "kafka": "127.0.0.1:{port}",
    "redis": "redis://127.0.0.1:{port}/0",
    "postgres": "postgresql://postgres@127.0.0.1:{port}/" + DATABASE,
}


class Server(Protocol):
    """What can be started and stopped."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Provided:
    """One server.

    Attributes:
        server: None when the address was given: then it is neither started nor stopped here.
    """

    name: str
    address: str
    server: Server | None

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        if self.server is None:
            return f"yours, as {SETTING[self.name]} says"
        if isinstance(self.server, ContainerServer):
            return "starting as a container, whose image is fetched the first time"
        return "starting"


class Development:
    """The three servers of one checkout.

    Args:
        folder: Holds their data, their logs, and the ports that were chosen at the first start.
        environment: May give addresses.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def provide(self) -> Iterator[Provided]:
        """Yield each, not started yet.

        Raises:
            Unavailable: One is neither given nor to be had.
        """
        ports = self._ports()
        for name in USUAL_PORTS:
            own = _OWN_ADDRESS[name].format(port=ports[name])
            given = self._environment.get(SETTING[name], "").strip()
            # What an earlier start has told the shell gives nothing: that server is ours.
            if given and given != own:
                yield Provided(name, given, None)
            else:
                yield Provided(name, own, self._server(name, ports[name]))

    def stop(self) -> Iterator[str]:
        """Stop those that were ever started here; yield the name of each that has stopped."""
        if not (self._folder / "ports.json").exists():
            return
        ports = self._ports()
        for name in USUAL_PORTS:
            if (self._folder / name).exists():
                self._server(name, ports[name]).stop()
                yield name

    def _server(self, name: str, port: int) -> Server:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            match name:
                case "kafka":
                    return kafka_in(folder, port=port)
                case "redis":
                    return redis_in(folder, port=port)
                case _:
                    return PostgresOnTcp(folder, port=port)
        except BaseException:
            with suppress(OSError):  # One that was here before has data.
                folder.rmdir()
            raise

    def _ports(self) -> Mapping[str, int]:
        noted = self._folder / "ports.json"
        if not noted.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            free = free_ports(len(USUAL_PORTS))
            usual = zip(USUAL_PORTS.items(), free, strict=True)
            chosen = {name: other if accepts(port) else port for (name, port), other in usual}
            noted.write_text(json.dumps(chosen), encoding="utf-8")
        ports: Mapping[str, int] = json.loads(noted.read_text(encoding="utf-8"))
        return ports
