"""The records that the platform writes: for each its topic, its key and its bytes, in one place."""

from collections.abc import Sequence

from alerting_core import limits
from alerting_core.codec.alert import encode_alert
from alerting_core.codec.headers import MESSAGE_HEADERS
from alerting_core.codec.notification import NotificationReady, encode_notification_ready
from alerting_core.codec.rule import RuleChanged, encode_rule_changed
from alerting_core.domain.alert import Alert
from alerting_core.domain.notification import NotificationRef
from alerting_core.errors import LimitExceeded
from alerting_core.ports.stream import (
    ALERTS_NEW,
    DLQ_SUFFIX,
    NOTIFICATIONS_READY,
    RULE_CHANGED,
    Headers,
    Outgoing,
    Record,
)


def alert_record(alert: Alert, headers: Headers = MESSAGE_HEADERS) -> Outgoing:
    """Return the record of a new alert."""
    return Outgoing(ALERTS_NEW, alert.alert_id.encode(), encode_alert(alert), headers)


def ready_record(ref: NotificationRef, alert_id: str, headers: Headers = MESSAGE_HEADERS) -> Outgoing:
    """Return the record that tells the dispatcher of a stored notification."""
    message = NotificationReady(ref.notification_id, ref.client_id, alert_id)
    return Outgoing(NOTIFICATIONS_READY, ref.client_id.encode(), encode_notification_ready(message), headers)


def rule_record(message: RuleChanged) -> Outgoing:
    """Return the record that tells that a rule changed."""
    return Outgoing(RULE_CHANGED, message.rule_id.encode(), encode_rule_changed(message), MESSAGE_HEADERS)


def dead_letter(record: Record, reason: str) -> Outgoing:
    """Return *record* as it came, with headers that say where it was and why it was refused."""
    where = (
        ("dlq-topic", record.topic.encode()),
        ("dlq-partition", str(record.partition).encode()),
        ("dlq-offset", str(record.offset).encode()),
        ("dlq-reason", reason.encode(errors="replace")),
    )
    return Outgoing(record.topic + DLQ_SUFFIX, record.key, record.value, (*record.headers, *where))


def is_dead_letter(output: Outgoing) -> bool:
    """Tell whether *output* goes to a dead-letter topic."""
    return output.topic.endswith(DLQ_SUFFIX)


def check_sizes(outputs: Sequence[Outgoing]) -> None:
    """Refuse what no stage would take.

    Dead letters are apart: whatever was in a stream can be put aside, or it would stop the stream.

    Raises:
        LimitExceeded: One of *outputs* is beyond `limits.RECORD_VALUE_BYTES_MAX`.
    """
    for output in outputs:
        if len(output.value) > limits.RECORD_VALUE_BYTES_MAX and not is_dead_letter(output):
            size = len(output.value)
            raise LimitExceeded(f"a record of {size} bytes, at most {limits.RECORD_VALUE_BYTES_MAX} are allowed")
