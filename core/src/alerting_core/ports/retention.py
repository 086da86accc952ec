"""Clearing away what is no longer needed, in batches that hold nobody up."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class Old(StrEnum):
    """What grows old, beside the records of streams and the changes of rules."""

    ALERTS = "alerts"
    NOTIFICATIONS = "notifications"
    IDEMPOTENCY_KEYS = "idempotency_keys"
    JOBS = "jobs"


class RetentionStore(Protocol):
    """What is stored, as the janitor sees it. Every method raises PortUnavailable while it is away."""

    async def clear(self, what: Old, *, before_ms: int, rows_max: int) -> int:
        """Clear up to *rows_max* of the oldest from before *before_ms*; return how many.

        What is under way is never cleared: a notification that is not settled, a job that has not ended.
        """
        ...

    async def readable_partitions(self) -> Mapping[tuple[str, int], int]:
        """Return (topic, partition) → the offset below which every group has read, where something is to clear."""
        ...

    async def clear_records(self, partition: tuple[str, int], *, below: int, before_ms: int, rows_max: int) -> int:
        """Clear up to *rows_max* records of one partition, below an offset and from before a time; return how many."""
        ...

    async def alerts_beyond_ms(self, count: int) -> int:
        """Return when the newest of the alerts beyond *count* was received; 0 when there are no more than that."""
        ...

    async def forget_changes(self, *, before_ms: int) -> None:
        """Forget the changes of rules from before *before_ms*, except those that still wait to be published."""
        ...
