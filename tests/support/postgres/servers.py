"""Starting and stopping the servers that tests run on."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alerting_backend.adapters.postgres.account import account_for
from alerting_backend.adapters.postgres.embedded import SETTINGS
from alerting_backend.adapters.postgres.processes import read_postmaster
from alerting_backend.adapters.postgres.server import PostgresServer
from tests.support.install.unavailable import Unavailable
from tests.support.postgres.cluster import FAST, Cluster

OLDEST_MAJOR: Final = 15
"""The oldest version that the platform promises to work with."""

START_SECONDS_MAX: Final = 60.0


@contextmanager
def embedded_cluster() -> Iterator[Cluster]:
    """Run the server that comes with the platform."""
    with scratch_folder() as folder:
        server = PostgresServer(folder, settings={**SETTINGS, **FAST})
        try:
            postmaster = server.start()
            cluster = Cluster(postmaster.socket_folder, port=postmaster.port)
            cluster.make_template()
            yield cluster
        finally:
            server.stop()


@contextmanager
def oldest_cluster() -> Iterator[Cluster]:
    """Run the oldest supported Postgres as the system has it installed.

    Raises:
        Unavailable: It is not on this machine.
    """
    programs = _programs(OLDEST_MAJOR)
    with scratch_folder() as folder:
        data = folder / "data"
        data.mkdir(mode=0o700)
        arguments: Mapping[str, Any] = {"cwd": "/"}
        account = account_for(folder / "none")
        if account is not None:
            account.own(data)
            arguments = {**arguments, **account.process_arguments()}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            check=True,
            capture_output=True,
            **arguments,
        )
        settings = {**FAST, "listen_addresses": "", "unix_socket_directories": str(data), "timezone": "UTC"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **arguments,
            )
        try:
            _wait_until_ready(process, data, folder / "log")
            cluster = Cluster(data, port=5432)
            cluster.make_template()
            yield cluster
        finally:
            process.terminate()
            try:
                process.wait(START_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder with a path short enough for a socket, which a server's account can reach, and delete it."""
    folder = Path(tempfile.mkdtemp(prefix="alerting-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(process: "subprocess.Popen[bytes]", data: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        noted = read_postmaster(data)
        if noted is not None and noted.status == "ready":
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"Postgres {OLDEST_MAJOR} did not start:\n{log.read_text(encoding='utf-8')}")


def _programs(major: int) -> Path:
    """Return the folder of the programs of that version."""
    candidates = [Path(f"/usr/lib/postgresql/{major}/bin/initdb")]
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve())
    for initdb in candidates:
        if initdb.exists() and f" {major}." in _version(initdb):
            return initdb.parent
    raise Unavailable(f"PostgreSQL {major} is not on this machine (Debian package postgresql-{major})")


def _version(initdb: Path) -> str:
    return subprocess.run([initdb, "--version"], capture_output=True, text=True, check=True).stdout
