"""The store of notifications as the aggregator, the dispatcher and the sweeper need it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.domain.match import Match
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one match.

    Attributes:
        ref: The notification; its id is the derived one.
        alert_id: Of the match.
        status: As stored now; None when the client no longer exists and nothing was stored.
        created: Whether this call stored it.
    """

    ref: NotificationRef
    alert_id: str
    status: NotificationStatus | None
    created: bool


class NotificationStore(Protocol):
    """Durable notifications, one per (client_id, alert_id)."""

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        """Store a RECEIVED notification per match that has none yet; results align with *matches*.

        Durable on return. Recording a match again changes nothing and returns created=False with the stored status.
        The same (client, alert) twice in one call is stored once. A match of an unknown client has the status None.

        Raises:
            PortUnavailable: The store is away; any part may have been stored.
        """
        ...

    async def load(self, refs: Sequence[NotificationRef]) -> Sequence[Notification]:
        """Return those of *refs* that exist, in any order."""
        ...

    async def take_unfinished(self, *, older_than_ms: int, now_ms: int, limit: int) -> Sequence[NotificationRef]:
        """Return RECEIVED notifications last changed before *older_than_ms* that no delivery will finish, oldest first.

        That is: those without any delivery, and those whose deliveries are all final. They count as changed at
        *now_ms*, so that each is driven again at most once per such age, however long the dispatcher's backlog is.
        """
        ...
