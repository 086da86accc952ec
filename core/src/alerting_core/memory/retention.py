"""What a database in memory forgets, so that it can run for days: as the janitor does for the real one."""

from typing import Final

from alerting_core.domain.notification import NotificationStatus
from alerting_core.memory.database import MemoryDatabase

NOTIFICATIONS_KEPT_MAX: Final = 20_000
"""With two deliveries and attempts each some 100 MB, which a browser's tab can bear."""

CHANGES_KEPT_MAX: Final = 10_000
"""Of rules, for evaluators to follow; one that is further behind takes all rules anew."""


def forget_old(
    database: MemoryDatabase,
    *,
    notifications_max: int = NOTIFICATIONS_KEPT_MAX,
    changes_max: int = CHANGES_KEPT_MAX,
) -> int:
    """Drop the oldest finished notifications with all that was tried, and old changes of rules; return how many.

    What is under way is never dropped, nor is the latest change: the version of the rules goes on from it.
    """
    excess = len(database.notifications) - notifications_max
    doomed: list[str] = []
    for notification_id, notification in database.notifications.items():
        if len(doomed) >= excess:
            break
        if notification.status is not NotificationStatus.RECEIVED:
            doomed.append(notification_id)
    for notification_id in doomed:
        for delivery_id in database.deliveries_of_notification.pop(notification_id, {}):
            database.attempts_of_delivery.pop(delivery_id, None)
            del database.deliveries[delivery_id]
        del database.notifications[notification_id]
    del database.outbox[: -max(1, changes_max)]
    return len(doomed)
