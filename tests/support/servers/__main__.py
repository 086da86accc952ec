"""Kafka, Redis and Postgres for development: `make services` and `make services-stop`; `make run-all` and `make
stop-all` for the processes of the platform too.

They run in the background until they are stopped, with their data in `.data/services`, on their usual ports or, where
those are taken, on free ones; the same at every start. A server that the environment gives (`ALERTING_KAFKA_BROKERS`,
`ALERTING_REDIS_URL`, `ALERTING_POSTGRES_DSN`) is used as it is.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.support.install.place import CHECKOUT
from tests.support.install.unavailable import Unavailable
from tests.support.servers.development import SETTING, Development
from tests.support.servers.platform import NAMES, PlatformServer
from tests.support.servers.process import ServerEnded

DATA: Final = CHECKOUT / ".data" / "services"


def start() -> int:
    """Start what does not run, and print the settings that lead to it; return the exit code."""
    try:
        settings = _start_servers()
    except (Unavailable, ServerEnded) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"# stop them with: make services-stop   (data and logs: {DATA.relative_to(CHECKOUT)})")
    _print_exports(settings)
    return 0


def stop() -> int:
    """Stop what runs; return the exit code."""
    if not DATA.exists():
        print("nothing was started")
        return 0
    try:
        for name in Development(DATA, os.environ).stop():
            print(f"{name}: stopped")
    except (Unavailable, ServerEnded) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def start_all() -> int:
    """Start what does not run, then the API and a worker of each kind; return the exit code."""
    try:
        settings = _start_servers()
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
    _print_exports(settings)
    return 0


def stop_all() -> int:
    """Stop the processes of the platform, then the servers; return the exit code."""
    for name, part in reversed(_platform({}).items()):
        part.stop()
        print(f"{name}: stopped")
    return stop()


def _platform(settings: dict[str, str]) -> dict[str, PlatformServer]:
    return {name: PlatformServer(_folder(f"platform/{name}"), name, settings) for name in NAMES}


def _folder(name: str) -> Path:
    folder = DATA / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _start_servers() -> dict[str, str]:
    """Start what does not run; return the settings that lead to all."""
    settings: dict[str, str] = {}
    for one in Development(DATA, os.environ).provide():
        print(f"# {one.name}: {one.origin}", file=sys.stderr, flush=True)
        if one.server is not None:
            one.server.start()
        settings[SETTING[one.name]] = one.address
    return settings


def _print_exports(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    commands = {"start": start, "stop": stop, "start-all": start_all, "stop-all": stop_all}
    sys.exit(commands[sys.argv[1]]())
