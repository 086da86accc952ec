"""The advisory locks of the platform. All of a database share one space of numbers, so they stand in one place.

A number or a name that is in use never changes: processes of two versions work side by side during an update, and must
lock the same thing.
"""

from enum import IntEnum, unique
from typing import Final


@unique
class SoleLock(IntEnum):
    """Held by the connection of the one process that does something; they end with it."""

    MIGRATIONS = 4_710_317_281
    PLATFORM = 4_710_317_282
    JOB_RUNNER = 4_710_317_283


LOCK_KEY_OF_SENDER: Final = "hashtextextended('alerting sender ' || {}, 0)"
"""The key of a sender's lock, in SQL. Should two senders ever share one, a lease of a dead one runs out as ever."""

LOCK_RULES_OF_CLIENT: Final = "SELECT pg_advisory_xact_lock(hashtextextended('rules of ' || $1, 0))"
"""Until the end of the transaction: the rules of one client are counted before one is added."""

LOCK_NEW_JOBS: Final = "SELECT pg_advisory_xact_lock(hashtext('generator_jobs'))"
"""Until the end of the transaction: two creations at once would both see room for one more."""
