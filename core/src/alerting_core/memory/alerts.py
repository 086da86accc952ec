"""The recent alerts in memory."""

from collections.abc import Sequence
from heapq import nlargest
from typing import Final

from alerting_core.domain.alert import Alert
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.pages import newest_first_by_text
from alerting_core.ports.alerts import AlertFilter, StoredAlert
from alerting_core.ports.cursor import TimeKey
from alerting_core.ports.paging import Page, PageRequest

ALERTS_KEPT_MAX: Final = 50_000
"""Ten times what a preview looks at; some 50 MB at a kilobyte each, which a browser's tab can bear."""


class MemoryAlertLog:
    """Keeps the alerts that were recorded last."""

    def __init__(self, database: MemoryDatabase, *, alerts_max: int = ALERTS_KEPT_MAX) -> None:
        self._alerts = database.alerts
        self._alerts_max = alerts_max

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*; those known already stay as they are."""
        for alert in alerts:
            if alert.alert_id not in self._alerts:
                self._alerts[alert.alert_id] = StoredAlert(alert, now_ms)
        while len(self._alerts) > self._alerts_max:
            del self._alerts[next(iter(self._alerts))]

    async def get(self, alert_id: str) -> StoredAlert | None:
        """Return the alert, or None."""
        return self._alerts.get(alert_id)

    async def recent(self, *, limit: int) -> Sequence[StoredAlert]:
        """Return the latest alerts, newest first."""
        return nlargest(limit, self._alerts.values(), key=lambda stored: (stored.received_at_ms, stored.alert.alert_id))

    async def list(self, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of alerts, newest first."""
        found = (stored for stored in self._alerts.values() if _meets(stored, where))
        return newest_first_by_text(
            "alerts", found, lambda stored: TimeKey(stored.received_at_ms, stored.alert.alert_id), page
        )


def _meets(stored: StoredAlert, where: AlertFilter) -> bool:
    alert = stored.alert
    return (
        where.severity in {None, alert.severity.name}
        and where.source in {None, alert.source}
        and where.name in {None, alert.name}
        and (where.since_ms is None or stored.received_at_ms >= where.since_ms)
        and (where.until_ms is None or stored.received_at_ms < where.until_ms)
    )
