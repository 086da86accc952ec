"""Work that at most one process on a database does at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from alerting_backend.adapters.postgres.border import border
from alerting_backend.adapters.postgres.locks import SoleLock
from alerting_backend.adapters.postgres.pools import Pool, connected
from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause, retry_until_stopped

LOOK_MS: Final = 2_000
"""Between two tries to be the one, and between two looks whether the database still says so."""


async def run_as_sole(
    pool: Pool, lock: SoleLock, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Run *work* while this process alone holds the advisory *lock*, again and again, until *stop* is set.

    The lock goes with its connection: of a process that dies another takes over within some seconds. A process that
    has lost its connection ends the work within `LOOK_MS`; for as long there may be two at it.
    """

    async def run_once() -> None:
        async with connected(pool, "sole_process") as connection:
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
                try:
                    await _run_while(lambda: connection.fetchval("SELECT 1"), work, stop)
                finally:
                    await connection.execute("SELECT pg_advisory_unlock($1)", lock)

    while not stop.is_set():
        # Failures are reported by others, and who has no connection has no lock.
        await retry_until_stopped(run_once, stop=stop, pause_ms=lambda _: LOOK_MS)
        await pause(stop, LOOK_MS)


async def _run_while(
    is_held: Callable[[], Awaitable[object]], work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    ended, lost = asyncio.Event(), None
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(_as_task(work(ended)))
        try:
            while not stop.is_set() and not working.done():
                with border("sole_process"):
                    await is_held()
                await pause(stop, LOOK_MS)
        except PortUnavailable as error:
            lost = error
        finally:
            ended.set()
    if lost is not None:
        raise lost  # Out here: the group would have wrapped it, and it would pass for a bug.


async def _as_task(work: Awaitable[None]) -> None:
    await work
