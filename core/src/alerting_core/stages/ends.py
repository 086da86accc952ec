"""How the end of an alert is told: to whoever is notified that it fires, and to nobody else; rules are not asked.

The match of a firing alert may come late, when its episode is over and the resolver has been here. What keeps the two
from missing each other: an episode is closed before its end is published, and the aggregator looks whether it is closed
both before it stores a notification and after. If it is closed before, the notification says both. If it is still open
after, the end is yet to come, and the resolver finds the notification. If it was closed in between, the aggregator does
what the resolver does.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from alerting_core import limits
from alerting_core.domain.alert import AlertKey
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import NotificationStore
from alerting_core.ports.stream import Record, Sink
from alerting_core.stages import batch
from alerting_core.stages.batch import Count

Ends: TypeAlias = Mapping[AlertKey, int]
"""Alert that is over → when it ended, unix seconds."""


@dataclass(frozen=True, slots=True)
class EndTelling:
    """Ends of alerts → notifications for those who were notified that they fire, and notifications.ready for each.

    Attributes:
        at_once_max: How many notifications are stored and published together; more of one alert are not divided.
    """

    notifications: NotificationStore
    sink: Sink
    clock: Clock
    at_once_max: int = limits.ENDS_AT_ONCE_MAX

    async def tell(self, ends: Ends, causes: Mapping[AlertKey, Record]) -> tuple[Counter[Count], int]:
        """Store and publish; return what was done, and how many were published. All of it is durable on return.

        Args:
            ends: To tell one again changes nothing.
            causes: The record that each was learned from, whose trace goes along.
        """
        counts, published = Counter[Count](), 0
        headers = {alert_id: batch.headers_from(record) for (_, alert_id), record in causes.items()}
        while ends:
            done = await self.notifications.record_ends(ends, now_ms=self.clock.now_ms(), limit=self.at_once_max)
            ready = batch.ready_records((one, headers[one.alert_id]) for one in done.recorded)
            await self.sink.publish(ready)
            counts, published = counts + batch.recorded_counts(done.recorded), published + len(ready)
            ends = done.left
        return counts, published
