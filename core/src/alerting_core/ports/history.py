"""What happened: recent alerts, and notifications with their deliveries, to be read and resent, later cleared away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from alerting_core.domain.alert import Alert, AlertStatus
from alerting_core.domain.delivery import Attempt, Delivery
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification, NotificationKind, NotificationStatus
from alerting_core.ports.catalog import Page, PageRequest, Scope


class Old(StrEnum):
    """What grows old, beside the records of streams and the changes of rules."""

    ALERTS = "alerts"
    EPISODES = "episodes"
    NOTIFICATIONS = "notifications"
    RETIRED_ENDPOINTS = "retired_endpoints"
    """Kept of deleted rules to tell the ends of alerts: cleared as soon as nothing needs them, too."""
    IDEMPOTENCY_KEYS = "idempotency_keys"
    JOBS = "jobs"


class RetentionStore(Protocol):
    """What is stored, as the janitor sees it. Every method raises PortUnavailable while it is away."""

    async def clear(self, what: Old, *, before_ms: int, rows_max: int) -> int:
        """Clear up to *rows_max* of the oldest from before *before_ms*; return how many.

        What is under way is never cleared: a notification that is not settled, one by which a client learned that an
        alert fires as long as that alert does or its end is still to be told, a job that has not ended, an episode that
        is open or not published. An episode is as old as its latest phase.
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


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert and when the platform first recorded it. One with a life is there once an episode, as it is now."""

    alert: Alert
    received_at_ms: int


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Narrows a list of alerts; None leaves a field open. Times are those of the recording, `until_ms` exclusive.

    Attributes:
        owner: client_id whose private alerts are meant; empty: the shared ones.
        status: Of alerts with a life; events have none, and are left out by either.
    """

    severity: str | None = None
    source: str | None = None
    name: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    owner: str | None = None
    status: AlertStatus | None = None


NOTIFIED_LOOKS_MAX: Final = 2_000
"""Notifications by which shared alerts of a client are looked up: a hundredth of a second, whatever else is kept."""


@dataclass(frozen=True, slots=True)
class AlertAccess:
    """Which alerts a caller may see. To anything else it is as if the others did not exist.

    Attributes:
        scope: None: all of them. A client: those that are private to it, and shared ones.
        notified_only: Of the shared ones a client sees no more than those that notified it; listed are those of its
            latest `NOTIFIED_LOOKS_MAX` notifications of shared alerts.
    """

    scope: Scope
    notified_only: bool = False


class AlertLog(Protocol):
    """Append-mostly log of alerts, kept for a bounded time."""

    async def record(self, alerts: Sequence[Alert], *, now_ms: int) -> None:
        """Store *alerts*, durable on return. One whose owner and alert_id are stored already stays as first stored.

        Unless the record is of a higher `phase`, as those are that tell how an episode goes on: then the alert is as it
        says, and keeps the time at which it was first recorded. The order in which records come makes no difference.
        A private alert of a client that does not exist is passed over; with a client its private alerts go.
        """
        ...


class AlertHistory(Protocol):
    """Read side of the log of alerts."""

    async def get(self, access: AlertAccess, alert_id: str, *, owner: str | None = None) -> StoredAlert | None:
        """Return the alert, or None when it is unknown, no longer kept, or not to be seen.

        *owner* (empty: shared) says which one of that id. None: for a client its own before the shared one, for an
        operator the shared one before the latest private one.
        """
        ...

    async def recent(self, access: AlertAccess, *, limit: int) -> Sequence[StoredAlert]:
        """Return the latest alerts that may be seen, newest first, at most *limit*."""
        ...

    async def list(self, access: AlertAccess, page: PageRequest, where: AlertFilter) -> Page[StoredAlert]:
        """Return a page of the alerts that may be seen, newest first (received_at, then alert_id, then owner).

        Raises InvalidInput for a foreign cursor.
        """
        ...


RULE_LOOKS_MAX: Final = 10_000
"""Notifications that a page of one rule looks at: a few hundredths of a second, even where hardly any is the rule's."""


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Narrows a list of notifications; None leaves a field open. Times are of creation, `until_ms` exclusive.

    Attributes:
        rule_id: Of a rule that led to it, which may have been deleted since.
        owner: Of the alert; empty: of shared ones.
    """

    client_id: str | None = None
    status: NotificationStatus | None = None
    kind: NotificationKind | None = None
    severity: str | None = None
    source: str | None = None
    name: str | None = None
    alert_id: str | None = None
    rule_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One delivery with its attempts, first to last.

    Attributes:
        leased_until_ms: When the lease ends that a sender has on it, or had: until then it is being sent, and from then
            on it is due. None when it waits, or is final. A leased one has no next attempt of its own.
    """

    delivery: Delivery
    attempts: Sequence[Attempt]
    leased_until_ms: int | None = None

    def is_being_sent(self, *, now_ms: int) -> bool:
        """Whether a sender is at it."""
        return self.leased_until_ms is not None and now_ms < self.leased_until_ms


@dataclass(frozen=True, slots=True)
class NotificationDetail:
    """One notification with all its deliveries, by creation then id."""

    notification: Notification
    deliveries: Sequence[DeliveryDetail]


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A notification that is stored together with its deliveries."""

    notification: Notification
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Totals:
    """Exact counts for the dashboard, of one client or of all.

    Attributes:
        counted_at_ms: When they were taken.
        last_hour: Notifications created in the 60 minutes up to now.
        by_hour: Notifications created in each of the 24 hours up to now, the oldest first, so that the last is
            `last_hour`; empty hours are 0.
    """

    clients: int
    rules_enabled: int
    rules_disabled: int
    endpoints_by_type: Mapping[str, int]
    notifications_by_status: Mapping[str, int]
    deliveries_by_status: Mapping[str, int]
    last_hour: int
    by_hour: Sequence[int]
    counted_at_ms: int


class NotificationHistory(Protocol):
    """Read side of notifications, and what people may do to them."""

    async def list(self, scope: Scope, page: PageRequest, where: NotificationFilter) -> Page[Notification]:
        """Return a page of notifications, newest first (created_at, then notification_id).

        With a rule_id, a page looks at a bounded number of those of the client and the times asked for. It may hold
        fewer than its limit then, even none, and still tell where the list goes on.
        """
        ...

    async def detail(self, scope: Scope, notification_id: str) -> NotificationDetail:
        """Return one notification with all that was tried. Raises NotFound."""
        ...

    async def resend(self, scope: Scope, notification_id: str, *, now_ms: int) -> Notification:
        """Make a finished notification RECEIVED again and its deliveries PENDING and due, with attempts from 0.

        What was attempted stays recorded. Targets that its rules have gained since are planned by the dispatcher, whom
        the caller tells by publishing NotificationReady. A FIRING one whose end has been told, or is being told, by
        another notification says the end from now on, so that whoever gets this one alone is not left with an alert
        that seems to fire. Raises NotFound; Conflict while it is RECEIVED.
        """
        ...

    async def add_test(self, scope: Scope, endpoint: Endpoint, test: NewNotification) -> None:
        """Store a test notification with its deliveries to *endpoint*, to be sent by the ordinary path.

        Those PENDING are due at once. Raises NotFound when the endpoint is gone.
        """
        ...

    async def totals(self, scope: Scope, *, now_ms: int) -> Totals:
        """Return the dashboard's counts."""
        ...
