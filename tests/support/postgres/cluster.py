"""One server of a test run, and the databases that tests get of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg

from alerting_backend.adapters.postgres.connection import Address, owner_connection
from alerting_backend.adapters.postgres.schema import migrate

# A test run is not to survive a power cut.
FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


class Cluster:
    """A running server.

    Making a database from a template takes some 20 ms, less than emptying all tables does with the checks that they
    are empty, and no test can see what another one left. Copying its files costs two thirds of what writing them by way
    of the log does, where nothing waits for a disk.
    """

    def __init__(self, socket_folder: Path, *, port: int) -> None:
        self._socket_folder = socket_folder
        self._port = port
        self._names = count(1)
        self._template = f"template_{uuid4().hex}"

    def address(self, database: str = "postgres") -> Address:
        """Return the address of one of its databases."""
        return Address.of_socket(self._socket_folder, port=self._port, database=database)

    def make_template(self) -> None:
        """Make the database that the others are copied from, with the schema in it."""
        asyncio.run(self._make_template())

    async def _make_template(self) -> None:
        await self._execute(f'CREATE DATABASE "{self._template}"')
        await migrate(self.address(self._template))

    @asynccontextmanager
    async def database(self, *, empty: bool = False) -> AsyncIterator[Address]:
        """Yield a new database, with the schema unless *empty*, and drop it afterwards."""
        name = f"test_{next(self._names)}"
        template = "template1" if empty else self._template
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        try:
            yield self.address(name)
        finally:
            await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _execute(self, command: str) -> None:
        async with owner_connection(self.address()) as connection:
            try:
                await connection.execute(command)
            except asyncpg.ObjectInUseError:  # A connection to the template is just being closed.
                await asyncio.sleep(0)
                await connection.execute(command)
