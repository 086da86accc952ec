"""Two senders that record the last two deliveries of a notification at the same time."""

from collections.abc import Callable, Sequence

from alerting_core.domain.claim import Outcome
from alerting_core.domain.notification import NotificationRef
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.deliveries import MemoryDeliveryStore


class RacingDeliveryStore(MemoryDeliveryStore):
    """A store whose transactions overlap, as a real one's do: neither sees that the other ends the last delivery but
    its own, and the notification is left for the sweeper to settle.

    Args:
        races: Whether this call meets another.
    """

    def __init__(self, database: MemoryDatabase, races: Callable[[], bool]) -> None:
        super().__init__(database)
        self._races = races
        self._is_racing = False

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record outcomes; settle nothing if another call is recording too."""
        self._is_racing = self._races()
        try:
            return await super().record_outcomes(outcomes, now_ms=now_ms)
        finally:
            self._is_racing = False

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        """Settle what is finished, as far as this call can see."""
        return 0 if self._is_racing else await super().settle(refs, now_ms=now_ms)
