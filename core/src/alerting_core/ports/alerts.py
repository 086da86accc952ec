"""The recent alerts, matched or not: what `explain` and `preview` look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.domain.alert import Alert


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert and when the platform first recorded it."""

    alert: Alert
    received_at_ms: int


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
