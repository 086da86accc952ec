"""Tables with indexes of their own, kept whichever adapter writes a row."""

from collections import Counter
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass

from alerting_core.domain.delivery import Delivery, DeliveryStatus
from alerting_core.domain.notification import Notification, NotificationStatus
from alerting_core.memory.due import DueIndex, Place


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery with its lease. `due_at_ms` is None once it is final; a lease moves it to the lease's end."""

    delivery: Delivery
    due_at_ms: int | None
    lease_owner: str | None = None


class NotificationTable(MutableMapping[str, Notification]):
    """Notifications by id, in the order in which they were first stored.

    Attributes:
        received: Ids of those that are RECEIVED.
        by_status: How many each client has of each status.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Notification] = {}
        self.received: dict[str, None] = {}
        self.by_status = Counter[tuple[str, NotificationStatus]]()

    def __getitem__(self, notification_id: str) -> Notification:
        return self._rows[notification_id]

    def __setitem__(self, notification_id: str, row: Notification) -> None:
        if (old := self._rows.get(notification_id)) is not None:
            self.by_status[old.client_id, old.status] -= 1
        self._rows[notification_id] = row
        self.by_status[row.client_id, row.status] += 1
        if row.status is NotificationStatus.RECEIVED:
            self.received[notification_id] = None
        else:
            self.received.pop(notification_id, None)

    def __delitem__(self, notification_id: str) -> None:
        row = self._rows.pop(notification_id)
        self.by_status[row.client_id, row.status] -= 1
        self.received.pop(notification_id, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class DeliveryTable(MutableMapping[str, DeliveryRow]):
    """Deliveries by id, in the order in which they were first stored.

    Attributes:
        open: How many are not final.
        due: The order in which those that are not final come up.
        leased: Ids of those that somebody holds, or held until the lease ran out.
        by_status: How many each client has of each status.
    """

    def __init__(self) -> None:
        self._rows: dict[str, DeliveryRow] = {}
        self.open = 0
        self.leased: dict[str, None] = {}
        self.by_status = Counter[tuple[str, DeliveryStatus]]()
        self.due = DueIndex(self._place_of)

    def __getitem__(self, delivery_id: str) -> DeliveryRow:
        return self._rows[delivery_id]

    def __setitem__(self, delivery_id: str, row: DeliveryRow) -> None:
        assert (row.due_at_ms is None) == row.delivery.status.is_final, "a delivery is due until it is final"
        old = self._rows.get(delivery_id)
        old_due_at_ms = None if old is None else old.due_at_ms
        if old is not None:
            self.by_status[old.delivery.client_id, old.delivery.status] -= 1
        self._rows[delivery_id] = row
        self.by_status[row.delivery.client_id, row.delivery.status] += 1
        self.open += (row.due_at_ms is not None) - (old_due_at_ms is not None)
        if row.lease_owner is None:
            self.leased.pop(delivery_id, None)
        else:
            self.leased[delivery_id] = None
        if row.due_at_ms is not None and row.due_at_ms != old_due_at_ms:
            self.due.put(delivery_id, row.due_at_ms)
        self.due.shrink(self.open)

    def __delitem__(self, delivery_id: str) -> None:
        row = self._rows.pop(delivery_id)
        self.leased.pop(delivery_id, None)
        self.by_status[row.delivery.client_id, row.delivery.status] -= 1
        self.open -= row.due_at_ms is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _place_of(self, delivery_id: str) -> Place | None:
        row = self._rows.get(delivery_id)
        return None if row is None else (row.due_at_ms, row.delivery.client_id, row.delivery.host)
