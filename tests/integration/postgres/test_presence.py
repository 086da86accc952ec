"""A sender whose connection breaks shows itself again, and claims nothing until it does."""

import asyncio
from collections.abc import Callable

import pytest

from alerting_backend.adapters.postgres.connection import Address, owner_connection
from alerting_backend.adapters.postgres.presence import PgPresence, present
from alerting_core.errors import PortUnavailable

pytestmark = pytest.mark.integration

SECONDS_MAX = 20.0

_HOLDERS = """
SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database
WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted AND d.datname = current_database()
"""


def may_claim(presence: PgPresence) -> bool:
    try:
        presence.new_owner()
    except PortUnavailable:
        return False
    return True


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():  # noqa: ASYNC110 - nobody rings when a connection breaks
            await asyncio.sleep(0.01)


async def holders(address: Address) -> list[int]:
    """Return the server processes whose clients show that they are there."""
    async with owner_connection(address) as owner:
        return [row["pid"] for row in await owner.fetch(_HOLDERS)]


async def test_a_sender_that_was_cut_off_claims_nothing_until_it_shows_itself_again(
    database: Address,
) -> None:
    async with present(database) as presence:
        await until(lambda: may_claim(presence))
        sender, (cut_off,) = presence.sender, await holders(database)
        async with owner_connection(database) as owner:
            await owner.execute("SELECT pg_terminate_backend($1)", cut_off)
        await until(lambda: not may_claim(presence))
        await until(lambda: may_claim(presence))
        (back,) = await holders(database)
        assert back != cut_off
        assert presence.sender == sender


async def test_a_sender_shows_itself_although_the_server_still_takes_its_old_connection_for_alive(
    database: Address,
) -> None:
    presence, stop = PgPresence(database), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(presence.keep(stop))
        await until(lambda: may_claim(presence))
        tasks.create_task(presence.keep(stop))
        async with asyncio.timeout(SECONDS_MAX):
            while len(await holders(database)) < 2:  # noqa: ASYNC110 - nobody rings when a lock was taken
                await asyncio.sleep(0.01)
        stop.set()


async def test_a_sender_that_leaves_is_seen_to_be_gone(database: Address) -> None:
    async with present(database) as presence:
        await until(lambda: may_claim(presence))
    assert not may_claim(presence)
    async with asyncio.timeout(SECONDS_MAX):
        while await holders(database):  # noqa: ASYNC110 - nobody rings when a connection has ended
            await asyncio.sleep(0.01)
