"""Which consumer groups finish the work on an alert, and what waits for them."""

from typing import Final

from alerting_core.ports.stream import (
    AGGREGATOR_GROUP,
    ALERTS_MATCHED,
    ALERTS_NEW,
    EVALUATOR_GROUP,
    NOTIFICATIONS_READY,
    SENDER_GROUP,
)

GROUPS_TO_FINISH: Final = (
    (EVALUATOR_GROUP, ALERTS_NEW),
    (AGGREGATOR_GROUP, ALERTS_MATCHED),
    (SENDER_GROUP, NOTIFICATIONS_READY),
)
"""(group, topic), in the order in which an alert meets them."""
