"""The Postgres that tests may stop keeps what was committed."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from tests.support.install.postgres import OLDEST_MAJOR, oldest_postgres_programs
from tests.support.install.unavailable import Unavailable
from tests.support.postgres.servers import scratch_folder
from tests.support.servers.postgres import PostgresOnTcp


@pytest.fixture
def stoppable_oldest_postgres() -> Iterator[PostgresOnTcp]:
    try:
        programs = oldest_postgres_programs()
    except Unavailable as error:
        pytest.skip(str(error))
    with scratch_folder() as folder:
        server = PostgresOnTcp(folder, programs=programs)
        try:
            server.start()
            yield server
        finally:
            server.stop()


async def test_what_was_committed_outlives_a_stop_and_a_kill(stoppable_postgres: PostgresOnTcp) -> None:
    await _check_that_it_keeps_what_was_committed(stoppable_postgres)


async def test_the_oldest_supported_version_can_be_stopped_and_killed_too(
    stoppable_oldest_postgres: PostgresOnTcp,
) -> None:
    await _check_that_it_keeps_what_was_committed(stoppable_oldest_postgres)
    connection = await asyncpg.connect(stoppable_oldest_postgres.dsn)
    try:
        assert connection.get_server_version().major == OLDEST_MAJOR
    finally:
        await connection.close()


async def _check_that_it_keeps_what_was_committed(stoppable_postgres: PostgresOnTcp) -> None:
    await _execute(stoppable_postgres.dsn, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1)")
    await asyncio.to_thread(stoppable_postgres.stop)
    with pytest.raises(OSError):
        await asyncpg.connect(stoppable_postgres.dsn)
    await asyncio.to_thread(stoppable_postgres.start)
    await _execute(stoppable_postgres.dsn, "INSERT INTO kept VALUES (2)")
    await asyncio.to_thread(stoppable_postgres.kill)
    await asyncio.to_thread(stoppable_postgres.start)
    connection = await asyncpg.connect(stoppable_postgres.dsn)
    try:
        assert [row["number"] for row in await connection.fetch("SELECT * FROM kept ORDER BY number")] == [1, 2]
    finally:
        await connection.close()


async def _execute(dsn: str, *commands: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()
