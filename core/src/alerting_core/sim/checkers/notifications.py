"""Notifications: one for each client and alert, moved by the table, ended as their deliveries say."""

from typing import ClassVar

from alerting_core.domain.ids import derive_notification_id
from alerting_core.domain.notification import (
    DELIVERY_MOVES,
    NOTIFICATION_MOVES,
    DeliveryEvent,
    DeliveryStatus,
    Notification,
    NotificationEvent,
    NotificationStatus,
    settled_by,
)
from alerting_core.memory.database import DeliveryRow
from alerting_core.sim.checkers.checker import Checker, Evidence
from alerting_core.sim.facts import DeliveryPut, Fact, NotificationPut
from alerting_core.sim.process import current_process


class OneNotification(Checker):
    """There is never more than one notification of a client and an alert, and its id is the derived one."""

    name: ClassVar[str] = "one-notification"
    sees = (NotificationPut,)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._ids: dict[tuple[str, str], str] = {}

    def see(self, fact: Fact) -> None:
        """Look at each new notification."""
        match fact:
            case NotificationPut(None, Notification() as new):
                key = (new.client_id, new.alert_id)
                if key in self._ids:
                    self.blame(f"{new.client_id} has a second notification of {new.alert_id}")
                elif new.notification_id != derive_notification_id(*key):
                    self.blame(f"the id of {new.client_id}'s notification of {new.alert_id} is not derived from them")
                self._ids[key] = new.notification_id
            case NotificationPut(Notification() as old, None):
                self._ids.pop((old.client_id, old.alert_id), None)
            case _:
                pass


class AllowedMoves(Checker):
    """Every change of state is in the tables; only people resend."""

    name: ClassVar[str] = "allowed-moves"
    sees = (NotificationPut, DeliveryPut)

    def see(self, fact: Fact) -> None:
        """Look at each change of a row."""
        match fact:
            case NotificationPut(old, Notification() as new):
                self._check_notification(None if old is None else old.status, new)
            case DeliveryPut(old, DeliveryRow() as new):
                self._check_delivery(None if old is None else old.delivery.status, new)
            case _:
                pass

    def _check_notification(self, old: NotificationStatus | None, new: Notification) -> None:
        if old is new.status:
            return
        if old is None:
            allowed = new.status is NotificationStatus.RECEIVED
        else:
            moves = [event for (status, event), to in NOTIFICATION_MOVES.items() if status is old and to is new.status]
            allowed = bool(moves) and (moves != [NotificationEvent.RESENT] or current_process() is None)
        if not allowed:
            self.blame(f"notification {new.notification_id} moved from {old} to {new.status}")

    def _check_delivery(self, old: DeliveryStatus | None, new: DeliveryRow) -> None:
        status = new.delivery.status
        if old is status:
            return
        if old is None:
            allowed = status in {DeliveryStatus.PENDING, DeliveryStatus.SKIPPED}
        else:
            moves = [event for (before, event), to in DELIVERY_MOVES.items() if before is old and to is status]
            allowed = bool(moves) and (moves != [DeliveryEvent.RESENT] or current_process() is None)
        if not allowed:
            self.blame(f"delivery {new.delivery.delivery_id} moved from {old} to {status}")


class FinalState(Checker):
    """Every notification ends as its deliveries say, and every delivery that was not made says why."""

    name: ClassVar[str] = "final-state"

    def finish(self) -> None:
        """Compare each finished notification with its deliveries."""
        database = self.evidence.database
        for id_, notification in database.notifications.items():
            rows = [database.deliveries[d].delivery for d in database.deliveries_of_notification.get(id_, {})]
            event = settled_by(row.status for row in rows)
            if event is None or notification.status is NotificationStatus.RECEIVED:
                continue  # Not at its end: the world says so of itself.
            wanted = NOTIFICATION_MOVES[NotificationStatus.RECEIVED, event]
            if notification.status is not wanted:
                states = ", ".join(row.status for row in rows) or "no deliveries"
                self.blame(f"notification {id_} is {notification.status} with {states}")
            for row in rows:
                if row.status is not DeliveryStatus.DELIVERED and row.reason is None:
                    self.blame(f"delivery {row.delivery_id} is {row.status} for no reason")
