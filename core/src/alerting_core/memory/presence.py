"""Who is there, in memory: a set of names."""

from collections.abc import Collection
from dataclasses import replace
from itertools import count

from alerting_core.domain.lease import owner_of, sender_of
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.deliveries import record_interrupted
from alerting_core.memory.tables import DeliveryRow


class MemoryPresence:
    """Shows itself from the moment that it is made, until it leaves."""

    def __init__(self, database: MemoryDatabase, sender: str) -> None:
        self._database = database
        self._numbers = count(1)
        self.sender = sender
        self.come()

    def come(self) -> None:
        """Be there."""
        self._database.senders_present.add(self.sender)

    def leave(self) -> None:
        """Be gone."""
        self._database.senders_present.discard(self.sender)

    def new_owner(self) -> str:
        """Return the owner of a new claim."""
        if self.sender not in self._database.senders_present:
            raise PortUnavailable("memory", operation="new_owner", detail="this sender has left")
        return owner_of(self.sender, next(self._numbers))


class MemoryAbandonedLeases:
    """Looks at the leases in a database."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and are not there."""
        leased = {sender_of(row.lease_owner) for row in self._leased(now_ms=now_ms, lease_ms=lease_ms)}
        return {sender for sender in leased if sender is not None and not self._is_there(sender)}

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Release the leases of those that are not there."""
        gone = {sender for sender in senders if not self._is_there(sender)}
        leased = self._leased(now_ms=now_ms, lease_ms=lease_ms)
        found = [row for row in leased if sender_of(row.lease_owner) in gone][:limit]
        for row in found:
            record_interrupted(self._database, row, lease_ms=lease_ms, now_ms=now_ms)
            due = replace(row.delivery, next_attempt_at_ms=now_ms)
            self._database.deliveries[due.delivery_id] = DeliveryRow(due, now_ms)
        return len(found)

    def _is_there(self, sender: str) -> bool:
        return sender in self._database.senders_present

    def _leased(self, *, now_ms: int, lease_ms: int) -> list[DeliveryRow]:
        rows = map(self._database.deliveries.__getitem__, self._database.deliveries.leased)
        ends_ms = range(now_ms + 1, now_ms + 2 * lease_ms)
        return [row for row in rows if row.due_at_ms in ends_ms]
