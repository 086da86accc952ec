"""Partitioned, ordered, durable logs of records, as Kafka has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

ALERTS_NEW: Final = "alerts.new"
ALERTS_MATCHED: Final = "alerts.matched"
NOTIFICATIONS_READY: Final = "notifications.ready"
RULE_CHANGED: Final = "rule.changed"

RECORDER_GROUP: Final = "recorder-group"
EVALUATOR_GROUP: Final = "evaluator-group"
AGGREGATOR_GROUP: Final = "aggregator-group"
SENDER_GROUP: Final = "sender-group"
RULE_UPDATER_GROUP: Final = "rule-updater-group"

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
