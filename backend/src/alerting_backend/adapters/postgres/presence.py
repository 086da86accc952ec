"""Who is there, on Postgres: locks of living processes, leases of senders that are gone, work for one at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import Final
from uuid import uuid4

from alerting_backend.adapters.postgres import connection as postgres
from alerting_backend.adapters.postgres import rows as stored
from alerting_backend.adapters.postgres.delivery import claims
from alerting_core.domain.claim import owner_of
from alerting_core.errors import PortUnavailable
from alerting_core.stages.loop import pause, retry_until_stopped

_HOLD: Final = f"SELECT pg_advisory_lock_shared({postgres.LOCK_KEY_OF_SENDER.format('$1::text')})"

_AGAIN_MS: Final = 250
"""Between two tries to show the sign again."""

_LOOK_MS: Final = 500
"""Between two looks whether the server still answers on the connection."""

_ANSWER_SECONDS_MAX: Final = 5.0
"""An answer that takes longer comes from a server that is away."""

_LEAVE_SECONDS_MAX: Final = 2.0
"""A server that does not answer is left without a word."""


class PgPresence:
    """The sign of life of this process. Made by `present`."""

    def __init__(self, address: postgres.Address) -> None:
        self._address = address
        self._numbers = count(1)
        self._connection: postgres.Connection | None = None
        self.sender = str(uuid4())

    def new_owner(self) -> str:
        """Return the owner of a new claim."""
        if self._connection is None or self._connection.is_closed():
            raise PortUnavailable(
                postgres.RESOURCE, operation="claim_due", detail="the lock of this sender is still to be had"
            )
        return owner_of(self.sender, next(self._numbers))

    async def keep(self, stop: asyncio.Event) -> None:
        """Hold the lock until *stop* is set, and take it again whenever the connection was lost."""
        # What goes wrong is reported by the stages that work with Postgres.
        await retry_until_stopped(partial(self._hold, stop), stop=stop, pause_ms=lambda _: _AGAIN_MS)

    async def _hold(self, stop: asyncio.Event) -> None:
        with postgres.translate_errors("show_presence"):
            async with postgres.role_connection(self._address, postgres.Role.WORKER) as connection:
                await connection.execute(_HOLD, self.sender, timeout=_ANSWER_SECONDS_MAX)
                self._connection = connection
                try:
                    while not stop.is_set():
                        await pause(stop, _LOOK_MS)
                        await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS_MAX)
                finally:
                    self._connection = None


@asynccontextmanager
async def present(address: postgres.Address) -> AsyncIterator[PgPresence]:
    """Show this process to others until the block is left; it need not be seen yet when the block is entered."""
    presence, stop = PgPresence(address), asyncio.Event()
    keeping = asyncio.create_task(presence.keep(stop), name="presence")
    try:
        yield presence
    finally:
        stop.set()
        await asyncio.wait([keeping], timeout=_LEAVE_SECONDS_MAX)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


# Leases end soon: the index of what is due next leads to them, however much waits beside.
_LEASED: Final = f"{stored.UNFINISHED} AND due_at > $1 AND due_at <= $2 AND lease_owner LIKE '%/%'"

_SENDERS: Final = f"""
SELECT DISTINCT split_part(lease_owner, '/', 1) AS sender FROM deliveries WHERE {_LEASED}
"""

# Until the transaction ends, none of those that are returned can come back.
_ABSENT: Final = f"""
SELECT sender FROM unnest($1::text[]) AS w (sender)
WHERE pg_try_advisory_xact_lock({postgres.LOCK_KEY_OF_SENDER.format("sender")})
"""

_TAKE: Final = f"""
SELECT {stored.DELIVERIES.columns}, lease_owner FROM deliveries
WHERE {_LEASED} AND split_part(lease_owner, '/', 1) = ANY ($3::text[])
LIMIT $4
FOR NO KEY UPDATE SKIP LOCKED
"""

_RELEASE: Final = """
UPDATE deliveries AS d SET due_at = $3, lease_owner = NULL
FROM unnest($1::text[], $2::uuid[]) AS w (client_id, delivery_id)
WHERE d.client_id = w.client_id AND d.delivery_id = w.delivery_id
"""


class PgAbandonedLeases:
    """Looks at the leases in a database.

    Args:
        pool: Of the worker's role.
    """

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and whose lock nobody holds."""
        async with postgres.transaction(self._pool, "absent_senders") as connection:
            senders = [row["sender"] for row in await connection.fetch(_SENDERS, now_ms, now_ms + 2 * lease_ms)]
            return await _absent(connection, senders)

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Release the leases of those whose lock nobody holds."""
        async with postgres.transaction(self._pool, "take_back_leases") as connection:
            gone = await _absent(connection, senders)
            if not gone:
                return 0
            rows = await connection.fetch(_TAKE, now_ms, now_ms + 2 * lease_ms, gone, limit)
            lost = [claims.LostLease(stored.DELIVERIES.read(row), row["lease_owner"], row["due_at"]) for row in rows]
            await claims.record_interrupted(connection, lost, lease_ms=lease_ms, now_ms=now_ms)
            keys = [row["client_id"] for row in rows], [row["delivery_id"] for row in rows]
            await connection.execute(_RELEASE, *keys, now_ms)
        return len(rows)


async def _absent(connection: postgres.Connection, senders: Collection[str]) -> Sequence[str]:
    """Lock those of *senders* that are absent until the transaction ends, and return them."""
    rows = await connection.fetch(_ABSENT, list(senders)) if senders else ()
    return [row["sender"] for row in rows]


LOOK_MS: Final = 2_000
"""Between two tries to be the one, and between two looks whether the database still says so."""


async def run_as_sole(
    pool: postgres.Pool, lock: postgres.SoleLock, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Run *work* while this process alone holds the advisory *lock*, again and again, until *stop* is set.

    The lock goes with its connection: of a process that dies another takes over within some seconds. A process that
    has lost its connection ends the work within `LOOK_MS`; for as long there may be two at it.
    """

    async def run_once() -> None:
        async with postgres.connected(pool, "sole_process") as connection:
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
                with postgres.translate_errors("sole_process"):
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
