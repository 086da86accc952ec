"""Partitioned, ordered, durable logs of records, as Kafka has them; the records in them; how much one poll takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from alerting_core import limits
from alerting_core.codec import records
from alerting_core.domain.alert import Alert
from alerting_core.domain.notification import NotificationRef
from alerting_core.errors import LimitExceeded

ALERTS_NEW: Final = "alerts.new"
ALERTS_MATCHED: Final = "alerts.matched"
NOTIFICATIONS_READY: Final = "notifications.ready"
RULE_CHANGED: Final = "rule.changed"


class Group:
    """The consumer groups: all that read for the same purpose and share the partitions among them."""

    RECORDER: Final = "recorder-group"
    EVALUATOR: Final = "evaluator-group"
    RESOLVER: Final = "resolver-group"
    AGGREGATOR: Final = "aggregator-group"
    SENDER: Final = "sender-group"
    RULE_UPDATER: Final = "rule-updater-group"


DLQ_SUFFIX: Final = ".dlq"
"""A record that a consumer of topic T refuses goes to T.dlq."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read. `offset` counts from 0 in its partition, without gaps that a reader must mind."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers = ()
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to be written. Records with the same key go to the same partition, in the order given."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()


Offsets = Mapping[int, int]
"""Partition → the next offset to read, that is one more than the last record done."""


class Sink(Protocol):
    """Where records are published."""

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*; they are durable when this returns.

        Per key the order is kept. When it raises, any part may have been written: publish again.
        An empty sequence does nothing.

        Raises:
            PortUnavailable: The log is away.
        """
        ...


class Stream(Protocol):
    """One consumer of one topic in one consumer group, together with the sink it publishes to."""

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit, at most *records_max*, empty after *wait_ms* without any.

        Polling again without a commit in between returns the same records again, and perhaps more.
        Within a partition records come in offset order, without skipping any.
        A group that never committed starts at the earliest record.
        No partition starves: each poll takes from all partitions that have records.

        Raises:
            PortUnavailable: The log is away.
        """
        ...

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Make *outputs* durable, then the group's *offsets*, or both at once.

        When it raises, the offsets are not committed; outputs may have been written. Never the other way round.
        Offsets never go back. A consumer whose partitions were given to another cannot commit them.

        Raises:
            PortUnavailable: The log is away.
            FencedOff: Another consumer of the group has taken these partitions over or moved them on.
        """
        ...

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition, how many records wait after the last commit."""
        ...


def alert_record(alert: Alert, headers: Headers = records.MESSAGE_HEADERS) -> Outgoing:
    """Return the record of a new alert."""
    return Outgoing(ALERTS_NEW, alert.alert_id.encode(), records.encode_alert(alert), headers)


def ready_record(ref: NotificationRef, alert_id: str, headers: Headers = records.MESSAGE_HEADERS) -> Outgoing:
    """Return the record that tells the dispatcher of a stored notification."""
    message = records.NotificationReady(ref.notification_id, ref.client_id, alert_id)
    return Outgoing(NOTIFICATIONS_READY, ref.client_id.encode(), records.encode_notification_ready(message), headers)


def rule_record(message: records.RuleChanged) -> Outgoing:
    """Return the record that tells that a rule changed."""
    return Outgoing(
        RULE_CHANGED, message.rule_id.encode(), records.encode_rule_changed(message), records.MESSAGE_HEADERS
    )


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


def fair_shares(
    waiting: Mapping[int, int], *, taken_before: Mapping[int, int], records_max: int, turn: int
) -> dict[int, int]:
    """Return partition → how many of its records to take, in the order to serve them; none is 0.

    Args:
        waiting: Partition → records there, those taken before among them.
        taken_before: Partition → records that the poll before returned, not committed since.
        records_max: Of all partitions together.
        turn: Says which partition is served first.
    """
    partitions = sorted(partition for partition, count in waiting.items() if count > 0)
    if not partitions:
        return {}
    first = turn % len(partitions)
    partitions = partitions[first:] + partitions[:first]
    counts: dict[int, int] = {}
    room = records_max
    for partition in partitions:
        counts[partition] = min(room, taken_before.get(partition, 0), waiting[partition])
        room -= counts[partition]
    equal = max(1, room // len(partitions))
    for bound in (equal, room):
        for partition in partitions:
            more = min(room, bound, waiting[partition] - counts[partition])
            counts[partition] += more
            room -= more
    return {partition: count for partition, count in counts.items() if count}
