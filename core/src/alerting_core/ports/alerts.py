"""The recent alerts, matched or not: what `explain` and `preview` look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.domain.alert import Alert
from alerting_core.ports.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert and when the platform first recorded it."""

    alert: Alert
    received_at_ms: int


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Narrows a list of alerts; None leaves a field open. Times are those of the recording, `until_ms` exclusive."""

    severity: str | None = None
    source: str | None = None
    name: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


class AlertLog(Protocol):
    """Append-mostly log of alerts, kept for a bounded time."""

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*, durable on return. An alert_id that is stored already stays as it was first stored."""
        ...

    async def get(self, alert_id: str) -> StoredAlert | None:
        """Return the alert, or None when it is unknown or no longer kept."""
        ...

    async def recent(self, *, limit: int) -> Sequence[StoredAlert]:
        """Return the latest alerts, newest first, at most *limit*."""
        ...

    async def list(self, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of alerts, newest first (received_at, then alert_id).

        Raises InvalidInput for a foreign cursor.
        """
        ...
