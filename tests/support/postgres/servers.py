"""Starting and stopping the servers that tests run on."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alerting_backend.embedded_postgres.server import SETTINGS, PostgresServer
from tests.support.install.postgres import oldest_postgres_programs
from tests.support.postgres.cluster import FAST, Cluster
from tests.support.postgres.installed import InstalledPostgres


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
    """Run the oldest supported Postgres.

    Raises:
        Unavailable: It cannot be had on this machine.
    """
    programs = oldest_postgres_programs()
    with scratch_folder() as folder:
        server = InstalledPostgres(folder, programs, {**FAST, "timezone": "UTC"})
        try:
            postmaster = server.start()
            cluster = Cluster(server.data, port=postmaster.port)
            cluster.make_template()
            yield cluster
        finally:
            server.stop()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder with a path short enough for a socket, which a server's account can reach, and delete it."""
    folder = Path(tempfile.mkdtemp(prefix="alerting-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
