"""Who is there, on Postgres: a sender holds a lock for as long as its process lives.

Theory of operation. The lock is an advisory one of a session, named after the sender, on a connection that does nothing
else: when the process ends, the server sees the connection closed and lets go of the lock within milliseconds. Senders
hold it shared, and who looks after them tries to have it exclusively for one transaction. So a sender whose connection
broke can take its lock again at once, also while the server still takes the old connection for alive; and while leases
are being taken back, none of their senders can come back.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import Final
from uuid import uuid4

from alerting_backend.adapters.postgres.address import Address, Role
from alerting_backend.adapters.postgres.border import RESOURCE, border
from alerting_backend.adapters.postgres.locks import LOCK_KEY_OF_SENDER
from alerting_backend.adapters.postgres.pools import Connection, role_connection
from alerting_core.domain.lease import owner_of
from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause, retry_until_stopped

_HOLD: Final = f"SELECT pg_advisory_lock_shared({LOCK_KEY_OF_SENDER.format('$1::text')})"

_AGAIN_MS: Final = 250
"""Between two tries to show the sign again."""

_LOOK_MS: Final = 500
"""Between two looks whether the server still answers on the connection."""

_ANSWER_SECONDS_MAX: Final = 5.0
"""An answer that takes longer comes from a server that is away."""


class PgPresence:
    """The sign of life of this process. Made by `present`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._numbers = count(1)
        self._connection: Connection | None = None
        self.sender = str(uuid4())

    def new_owner(self) -> str:
        """Return the owner of a new claim."""
        if self._connection is None or self._connection.is_closed():
            raise PortUnavailable(RESOURCE, operation="claim_due", detail="the lock of this sender is still to be had")
        return owner_of(self.sender, next(self._numbers))

    async def keep(self, stop: asyncio.Event) -> None:
        """Hold the lock until *stop* is set, and take it again whenever the connection was lost."""
        # What goes wrong is reported by the stages that work with Postgres.
        await retry_until_stopped(partial(self._hold, stop), stop=stop, pause_ms=lambda _: _AGAIN_MS)

    async def _hold(self, stop: asyncio.Event) -> None:
        with border("show_presence"):
            async with role_connection(self._address, Role.WORKER) as connection:
                await connection.execute(_HOLD, self.sender, timeout=_ANSWER_SECONDS_MAX)
                self._connection = connection
                try:
                    while not stop.is_set():
                        await pause(stop, _LOOK_MS)
                        await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS_MAX)
                finally:
                    self._connection = None


@asynccontextmanager
async def present(address: Address) -> AsyncIterator[PgPresence]:
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


_LEAVE_SECONDS_MAX: Final = 2.0
"""A server that does not answer is left without a word."""
