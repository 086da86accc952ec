"""Reclaimer: takes back what senders that are gone had leased, so that work goes on without waiting for the leases.

Theory of operation. A sender shows a sign of life that ends with its process, see `ports/presence`. One that lives can
lose it for a moment, when its connection to the store is cut; so a sender is taken for gone only when it was absent at
every look for `absent_ms`. The sign itself is looked at once more in the step that takes its leases.
"""

from collections.abc import Collection
from typing import Final

from alerting_core import limits
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.ports.clock import Clock
from alerting_core.ports.presence import AbandonedLeases

RECLAIM_BATCH_MAX: Final = limits.HELD_CLAIMS_MAX
"""Leases taken back in one step: as many as one sender holds."""

_GAP_MS_MAX: Final = 3 * limits.ABSENCE_LOOK_MS
"""Between two looks that are taken for one absence: a sender may have come and gone in a longer one."""


class Reclaimer:
    """Leases of absent senders → due deliveries."""

    def __init__(
        self,
        leases: AbandonedLeases,
        clock: Clock,
        *,
        own: str,
        is_alone: bool = False,
        lease_ms: int = limits.LEASE_MS,
        absent_ms: int = limits.SENDER_ABSENT_MS,
    ) -> None:
        """Wire a reclaimer.

        Args:
            leases: What senders hold.
            clock: Of this process.
            own: The sender of this process, which lives whatever the store says.
            is_alone: Whether there is no other process: whoever is absent at the first look is gone.
            lease_ms: How long leases last.
            absent_ms: How long a sender must have been absent.
        """
        self._leases, self._clock, self._own = leases, clock, own
        self._is_certain = is_alone
        self._lease_ms, self._absent_ms = lease_ms, absent_ms
        self._absent_since_ms: dict[str, float] = {}
        self._looked_at_ms = 0.0

    async def step(self) -> BatchReport:
        """Look who is absent; take back what those hold that have been so for long."""
        now_ms = self._clock.now_ms()
        absent = set(await self._leases.absent(now_ms=now_ms, lease_ms=self._lease_ms)) - {self._own}
        gone = self._gone(absent)
        self._is_certain = False
        if not gone:
            return BatchReport(StageName.RECLAIMER)
        taken = await self._leases.take_back(gone, now_ms=now_ms, lease_ms=self._lease_ms, limit=RECLAIM_BATCH_MAX)
        return BatchReport(StageName.RECLAIMER, counts={Count.DELIVERIES_RECLAIMED: taken})

    def _gone(self, absent: Collection[str]) -> Collection[str]:
        """Return those that were absent at every look for long enough."""
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._looked_at_ms > _GAP_MS_MAX:
            self._absent_since_ms.clear()
        self._looked_at_ms = now_ms
        self._absent_since_ms = {sender: self._absent_since_ms.get(sender, now_ms) for sender in absent}
        if self._is_certain:
            return absent
        return [sender for sender, since_ms in self._absent_since_ms.items() if now_ms - since_ms >= self._absent_ms]
