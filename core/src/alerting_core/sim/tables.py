"""Tables that tell of every row that is written, whoever writes it."""

from collections.abc import Callable

from alerting_core.domain.notification import Notification
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.tables import DeliveryRow, DeliveryTable, NotificationTable
from alerting_core.sim.facts import DeliveryPut, NotificationPut

Tell = Callable[[NotificationPut | DeliveryPut], None]


class WatchedNotifications(NotificationTable):
    """Notifications."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def __setitem__(self, notification_id: str, row: Notification) -> None:
        old = self.get(notification_id)
        super().__setitem__(notification_id, row)
        self._tell(NotificationPut(old, row))

    def __delitem__(self, notification_id: str) -> None:
        old = self[notification_id]
        super().__delitem__(notification_id)
        self._tell(NotificationPut(old, None))


class WatchedDeliveries(DeliveryTable):
    """Deliveries."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def __setitem__(self, delivery_id: str, row: DeliveryRow) -> None:
        old = self.get(delivery_id)
        super().__setitem__(delivery_id, row)
        self._tell(DeliveryPut(old, row))

    def __delitem__(self, delivery_id: str) -> None:
        old = self[delivery_id]
        super().__delitem__(delivery_id)
        self._tell(DeliveryPut(old, None))


def watched_database(tell: Tell) -> MemoryDatabase:
    """Return an empty database that tells of its notifications and deliveries."""
    return MemoryDatabase(notifications=WatchedNotifications(tell), deliveries=WatchedDeliveries(tell))
