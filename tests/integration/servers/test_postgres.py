"""The Postgres that tests may stop keeps what was committed."""

import asyncio

import asyncpg
import pytest

from tests.support.servers.postgres import PostgresOnTcp


async def test_what_was_committed_outlives_a_stop_and_a_kill(stoppable_postgres: PostgresOnTcp) -> None:
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
