"""Kafka, Redis and Postgres for development: `make services` and `make services-stop`; `make run-all` and `make
stop-all` for the processes of the platform too.

They run in the background until they are stopped, with their data in `.data/services`, on their usual ports or, where
those are taken, on free ones; the same at every start.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, Protocol

from tests.support.install.kafka import kafka_programs
from tests.support.install.place import CHECKOUT
from tests.support.install.redis import redis_program
from tests.support.install.unavailable import Unavailable
from tests.support.servers.kafka import KafkaServer
from tests.support.servers.platform import NAMES, PlatformServer
from tests.support.servers.postgres import PostgresOnTcp
from tests.support.servers.process import ServerEnded, accepts, free_ports
from tests.support.servers.redis import RedisServer

DATA: Final = CHECKOUT / ".data" / "services"
USUAL_PORTS: Final = {"kafka": 9092, "redis": 6379, "postgres": 5432}


class Server(Protocol):
    """What all three have."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def start() -> int:
    """Start what does not run, and print the settings that lead to it; return the exit code."""
    try:
        servers = _start_servers()
    except (Unavailable, ServerEnded) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"# stop them with: make services-stop   (data and logs: {DATA.relative_to(CHECKOUT)})")
    for name, value in _settings(servers).items():
        print(f"export {name}='{value}'")
    return 0


def stop() -> int:
    """Stop what runs; return the exit code."""
    if not (DATA / "ports.json").exists():
        print("nothing was started")
        return 0
    for name, server in _servers(_ports()).items():
        server.stop()
        print(f"{name}: stopped")
    return 0


def start_all() -> int:
    """Start what does not run, then the API and a worker of each kind; return the exit code."""
    try:
        settings = _settings(_start_servers())
        for command in (["migrate"], ["topics", "create"]):
            print(f"# alerting {' '.join(command)}", file=sys.stderr, flush=True)
            subprocess.run(
                [sys.executable, "-m", "alerting_backend.cli.app", *command],
                env={**os.environ, **settings},
                stdout=sys.stderr,
                check=True,
            )
        parts = _platform(settings)
        for name, part in parts.items():
            print(f"# {name}: starting", file=sys.stderr, flush=True)
            part.start()
    except (Unavailable, ServerEnded, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"# {parts['api'].said('http://') or 'it ran already'}")
    if key := parts["api"].said("Admin key"):
        print(f"# {key}")
    print(f"# stop all with: make stop-all   (data and logs: {DATA.relative_to(CHECKOUT)})")
    for name, value in settings.items():
        print(f"export {name}='{value}'")
    return 0


def stop_all() -> int:
    """Stop the processes of the platform, then the servers; return the exit code."""
    for name, part in reversed(_platform({}).items()):
        part.stop()
        print(f"{name}: stopped")
    return stop()


def _platform(settings: dict[str, str]) -> dict[str, PlatformServer]:
    return {name: PlatformServer(_folder(f"platform/{name}"), name, settings) for name in NAMES}


def _start_servers() -> dict[str, Server]:
    servers = _servers(_ports())
    for name, server in servers.items():
        print(f"# {name}: starting", file=sys.stderr, flush=True)
        server.start()
    return servers


def _ports() -> dict[str, int]:
    """Return the ports of this checkout, chosen at the first start."""
    noted = DATA / "ports.json"
    if not noted.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        free = free_ports(len(USUAL_PORTS))
        usual = zip(USUAL_PORTS.items(), free, strict=True)
        chosen = {name: other if accepts(port) else port for (name, port), other in usual}
        noted.write_text(json.dumps(chosen), encoding="utf-8")
    ports: dict[str, int] = json.loads(noted.read_text(encoding="utf-8"))
    return ports


def _servers(ports: dict[str, int]) -> dict[str, Server]:
    return {
        "kafka": KafkaServer(_folder("kafka"), kafka_programs(), port=ports["kafka"]),
        "redis": RedisServer(_folder("redis"), redis_program(), port=ports["redis"]),
        "postgres": PostgresOnTcp(_folder("postgres"), port=ports["postgres"]),
    }


def _folder(name: str) -> Path:
    folder = DATA / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _settings(servers: dict[str, Server]) -> dict[str, str]:
    """Return the settings of the platform, and those of the tests that would otherwise start their own."""
    kafka, redis, postgres = servers["kafka"], servers["redis"], servers["postgres"]
    assert isinstance(kafka, KafkaServer)
    assert isinstance(redis, RedisServer)
    assert isinstance(postgres, PostgresOnTcp)
    return {
        "ALERTING_KAFKA_BROKERS": kafka.brokers,
        "ALERTING_REDIS_URL": redis.url,
        "ALERTING_POSTGRES_DSN": postgres.dsn,
    }


if __name__ == "__main__":
    commands = {"start": start, "stop": stop, "start-all": start_all, "stop-all": stop_all}
    sys.exit(commands[sys.argv[1]]())
