"""Plans of statements are kept, but not for long.

A server keeps the plan of a statement that was run some times, those of its own checks of foreign keys included. Such a
plan was made for the tables as they were: one that was made while they were empty looks rows up by whatever index cost
the same then, until the tables are analyzed again, a minute later or never. On a fresh database the checks of 256
deliveries against their notifications took seconds.

To keep none (`plan_cache_mode = force_custom_plan`) is no way out: planning each check of a foreign key anew costs
13 µs a row, which made a third of what Postgres does to store a match. So each connection forgets its plans when they
are a second old. Planning takes the sizes of tables as they are, analyzed or not.
"""

import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

if TYPE_CHECKING:
    _Driver: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:  # The driver's class takes no type argument at run time.
    _Driver = asyncpg.Connection

PLAN_SECONDS_MAX: Final = 1.0
"""How long a plan is used. In that time a table grows by some thousand rows; planning takes a millisecond."""


class FreshPlans(_Driver):
    """A connection that knows how old its plans are."""

    seconds_max: float = PLAN_SECONDS_MAX

    def __init__(self, *arguments: Any) -> None:
        """Begin without any."""
        super().__init__(*arguments)
        self._planned_at = time.monotonic()

    async def forget_old_plans(self) -> None:
        """Forget all plans, and those of foreign keys, if they are older than `seconds_max`."""
        now = time.monotonic()
        if now - self._planned_at > self.seconds_max:
            await self.execute("DISCARD PLANS")
            self._planned_at = now


async def forget_old_plans(connection: Any) -> None:
    """Have a connection that was taken out of its pool forget what it planned long ago."""
    await connection.forget_old_plans()
