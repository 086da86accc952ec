"""The ports as a process in a simulated world sees them, the memory adapters behind a `Gate`: clock and stores."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerting_core.domain.alert import Alert
from alerting_core.domain.match import Match
from alerting_core.domain.notification import Notification, NotificationRef
from alerting_core.ports.alerts import AlertFilter, AlertLog, StoredAlert
from alerting_core.ports.notifications import NotificationStore, Recorded
from alerting_core.ports.paging import Page, PageRequest
from alerting_core.sim.gate import Gate, Resource


@dataclass(frozen=True, slots=True)
class SimClock:
    """The clocks of the machine that a process runs on: its wall clock jumps, the monotonic one does not."""

    gate: Gate
    machine: str

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self.gate.world.wall_ms(self.machine)

    def monotonic_ms(self) -> float:
        """Return the virtual time since the beginning of the world."""
        return self.gate.world.loop.monotonic_ms()


@dataclass(frozen=True, slots=True)
class SimAlertLog:
    """Recent alerts."""

    gate: Gate
    log: AlertLog

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*."""
        await self.gate.call(Resource.STORE, "alerts.record", lambda: self.log.record(alerts, now_ms=now_ms))

    async def get(self, alert_id: str) -> StoredAlert | None:
        """Return the alert."""
        return await self.gate.call(Resource.STORE, "alerts.get", lambda: self.log.get(alert_id))

    async def recent(self, *, limit: int) -> Sequence[StoredAlert]:
        """Return the latest alerts."""
        return await self.gate.call(Resource.STORE, "alerts.recent", lambda: self.log.recent(limit=limit))

    async def list(self, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of alerts."""
        return await self.gate.call(Resource.STORE, "alerts.list", lambda: self.log.list(page, where))


@dataclass(frozen=True, slots=True)
class SimNotificationStore:
    """Notifications."""

    gate: Gate
    store: NotificationStore

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        """Store notifications."""
        return await self.gate.call(
            Resource.STORE, "notifications.record", lambda: self.store.record(matches, now_ms=now_ms)
        )

    async def load(self, refs: Sequence[NotificationRef]) -> Sequence[Notification]:
        """Return those that exist."""
        return await self.gate.call(Resource.STORE, "notifications.load", lambda: self.store.load(refs))

    async def take_unfinished(self, *, older_than_ms: int, now_ms: int, limit: int) -> Sequence[NotificationRef]:
        """Return what no delivery will finish."""
        return await self.gate.call(
            Resource.STORE,
            "notifications.take_unfinished",
            lambda: self.store.take_unfinished(older_than_ms=older_than_ms, now_ms=now_ms, limit=limit),
        )
