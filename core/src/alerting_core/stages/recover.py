"""Taking up again what was left behind: leases of senders that are gone, notifications that nothing drives any more."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.domain.notification import NotificationStatus
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import AbandonedLeases, DeliveryStore, NotificationStore
from alerting_core.ports.stream import Sink, ready_record
from alerting_core.stages.batch import BatchReport, Count, StageName

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


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Old RECEIVED notifications → settled, or notifications.ready again."""

    notifications: NotificationStore
    deliveries: DeliveryStore
    sink: Sink
    clock: Clock
    after_ms: int = limits.SWEEP_AFTER_MS
    batch_max: int = limits.SWEEP_BATCH_MAX

    async def step(self) -> BatchReport:
        """Take one batch of unfinished notifications: settle those whose deliveries have ended, drive the others."""
        now_ms = self.clock.now_ms()
        refs = await self.notifications.take_unfinished(
            older_than_ms=now_ms - self.after_ms, now_ms=now_ms, limit=self.batch_max
        )
        if not refs:
            return BatchReport(StageName.SWEEPER)
        settled = await self.deliveries.settle(refs, now_ms=now_ms)
        found = await self.notifications.load(refs)
        waiting = [one for one in found if one.status is NotificationStatus.RECEIVED]
        await self.sink.publish([ready_record(one.ref, one.alert_id) for one in waiting])
        counts = {Count.NOTIFICATIONS_SETTLED: settled, Count.NOTIFICATIONS_DRIVEN_AGAIN: len(waiting)}
        return BatchReport(StageName.SWEEPER, received=len(refs), published=len(waiting), counts=Counter(counts))
