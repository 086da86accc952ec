"""A Postgres server that tests may stop and kill, reached over TCP by processes of their own."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg

from alerting_backend.embedded_postgres.processes import is_alive, running_postmaster
from alerting_backend.embedded_postgres.server import SETTINGS, PostgresServer
from tests.support.install.postgres import PostgresPrograms, oldest_postgres_programs
from tests.support.install.unavailable import Unavailable
from tests.support.postgres.installed import InstalledPostgres
from tests.support.servers.process import STOP_SECONDS_MAX, free_ports

DATABASE: Final = "alerting"

_LOOK_SECONDS: Final = 0.02


class PostgresOnTcp:
    """A server with the database `alerting`, which trusts whoever reaches it on this machine.

    Args:
        folder: Exists; with a path that the server's account can reach.
        port: To listen on; a free one unless given. The same at every start.
        programs: What it is started with; those that come with the platform unless given.
        settings: Of the server, beside the usual ones.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        programs: PostgresPrograms | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._port = port or free_ports(1)[0]
        self._data = folder.resolve() / "postgres"
        # What is committed outlives a kill; a power cut it need not.
        network = {"listen_addresses": "127.0.0.1", "port": str(self._port), "max_connections": "200"}
        settings = {**SETTINGS, **network, "fsync": "off", **(settings or {})}
        self._server: PostgresServer | InstalledPostgres
        if programs is None:
            self._server = PostgresServer(folder, settings=settings)
        else:
            self._server = InstalledPostgres(folder, programs, settings)

    @property
    def dsn(self) -> str:
        """Return the URL of the owner of the database."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{DATABASE}"

    def start(self) -> None:
        """Start the server unless it runs; it takes connections on return."""
        self._server.start()
        asyncio.run(self._make_database())

    def stop(self) -> None:
        """Stop the server cleanly; its clients are cut off."""
        self._server.stop()

    def kill(self) -> None:
        """Kill the head of the server as kill -9 does; its other processes end themselves when they see it."""
        if (running := running_postmaster(self._data)) is not None:
            os.kill(running.process_id, signal.SIGKILL)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while is_alive(running.process_id, self._data) and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)

    def restart(self) -> None:
        """Stop the server and start it on the same data."""
        self.stop()
        self.start()

    async def _make_database(self) -> None:
        owner = await asyncpg.connect(self.dsn.replace(f"/{DATABASE}", "/postgres"))
        try:
            if not await owner.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await owner.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await owner.close()


def programs_for_tests() -> PostgresPrograms | None:
    """Return the programs of the oldest supported version, for PostgresOnTcp; None where they cannot be had.

    The newest one comes with the platform, and everything that runs on the embedded database is tested on it.
    `ALERTING_TEST_POSTGRES=own` chooses it here too.
    """
    if os.environ.get("ALERTING_TEST_POSTGRES") == "own":
        return None
    try:
        return oldest_postgres_programs()
    except Unavailable:
        return None
