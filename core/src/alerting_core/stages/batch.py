"""What one step of a stage takes in and how long it waited for it, and the report of what it did."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from alerting_core import limits
from alerting_core.codec.records import MESSAGE_HEADERS, TRACE_HEADER, Rejected
from alerting_core.domain.notification import NotificationStatus
from alerting_core.ports.clock import Clock
from alerting_core.ports.delivery import Recorded
from alerting_core.ports.stream import Headers, Offsets, Outgoing, Record, Stream, dead_letter, ready_record


class StageName(StrEnum):
    """The stages: those that an alert meets, in that order, then those that an edit of a rule meets.

    Metrics and the API carry the values, which never change: the sender has been called `deliverer` there from the
    beginning.
    """

    RECORDER = "recorder"
    EPISODE_KEEPER = "episode-keeper"
    EVALUATOR = "evaluator"
    AGGREGATOR = "aggregator"
    RESOLVER = "resolver"
    DISPATCHER = "dispatcher"
    SENDER = "deliverer"
    RECLAIMER = "reclaimer"
    SWEEPER = "sweeper"
    RELAY = "relay"
    RULE_UPDATER = "rule-updater"
    RULE_RECONCILER = "rule-reconciler"


class WorkerKind(StrEnum):
    """What a worker process does, as it is typed at the command line."""

    RECORDER = "recorder"
    EVALUATOR = "evaluator"
    AGGREGATOR = "aggregator"
    SENDER = "sender"
    RELAY = "relay"
    RULE_UPDATER = "rule-updater"


class Count(StrEnum):
    """What stages count beside the records that came in and went out. Names are stable: metrics carry them."""

    EPISODES_EXPIRED = "episodes-expired"
    EPISODES_PUBLISHED_LATE = "episodes-published-late"
    ALERTS_MATCHED = "alerts-matched"
    ALERTS_UNMATCHED = "alerts-unmatched"
    ALERTS_RESOLVED = "alerts-resolved"
    NOTIFICATIONS_CREATED = "notifications-created"
    NOTIFICATIONS_KNOWN = "notifications-known"
    NOTIFICATIONS_SETTLED = "notifications-settled"
    NOTIFICATIONS_DRIVEN_AGAIN = "notifications-driven-again"
    NOTIFICATIONS_GONE = "notifications-gone"
    CLIENTS_UNKNOWN = "clients-unknown"
    DELIVERIES_PLANNED = "deliveries-planned"
    DELIVERIES_CLAIMED = "deliveries-claimed"
    DELIVERIES_DELIVERED = "deliveries-delivered"
    DELIVERIES_RETRYING = "deliveries-retrying"
    DELIVERIES_DEAD = "deliveries-dead"
    DELIVERIES_SKIPPED = "deliveries-skipped"
    DELIVERIES_POSTPONED = "deliveries-postponed"
    DELIVERIES_RELEASED = "deliveries-released"
    DELIVERIES_RECLAIMED = "deliveries-reclaimed"
    OUTCOMES_TOO_LATE = "outcomes-too-late"
    RULES_RELOADED = "rules-reloaded"
    RULE_CLIENTS_UPDATED = "rule-clients-updated"
    RULE_SOURCE_AWAY = "rule-source-away"
    RULES_DIFFERED = "rules-differed"
    RULE_CLIENTS_REPAIRED = "rule-clients-repaired"
    RULES_REBUILT = "rules-rebuilt"


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One step.

    Attributes:
        received: Records or claims taken.
        published: Records written to the next topic, dead letters not included.
        rejected: Poison records, each of which went to the dead-letter topic.
        took_ms: From the records in hand to their work committed; None when it was not measured.
    """

    stage: StageName
    received: int = 0
    published: int = 0
    rejected: int = 0
    counts: Mapping[Count, int] = field(default_factory=dict[Count, int])
    took_ms: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not self.received and not self.published and not any(self.counts.values())


@dataclass(frozen=True, slots=True)
class Consumer:
    """A stage that works off a stream, batch by batch.

    Attributes:
        records_max: Records taken by one poll.
        wait_ms: How long a poll waits for records when there are none.
    """

    stream: Stream
    records_max: int = field(default=limits.POLL_RECORDS_MAX, kw_only=True)
    wait_ms: int = field(default=limits.POLL_WAIT_MS, kw_only=True)

    async def poll(self) -> Sequence[Record]:
        """Return the next batch; empty when none came in time."""
        return await self.stream.poll(records_max=self.records_max, wait_ms=self.wait_ms)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DecodedBatch(Generic[T]):
    """A batch, decoded. Order within each part is that of the batch."""

    good: Sequence[tuple[Record, T]]
    dead_letters: Sequence[Outgoing]

    @property
    def values(self) -> list[T]:
        """The decoded messages."""
        return [value for _, value in self.good]


def decode_batch(records: Iterable[Record], decode: Callable[[bytes], T | Rejected]) -> DecodedBatch[T]:
    """Decode *records*; what cannot be used becomes a record for the dead-letter topic."""
    good: list[tuple[Record, T]] = []
    dead_letters: list[Outgoing] = []
    for record in records:
        value = decode(record.value)
        if isinstance(value, Rejected):
            dead_letters.append(dead_letter(record, value.reason))
        else:
            good.append((record, value))
    return DecodedBatch(good, dead_letters)


def offsets_after(records: Iterable[Record]) -> dict[int, int]:
    """Return, per partition, the offset that follows the last of *records*."""
    offsets: dict[int, int] = {}
    for record in records:
        offsets[record.partition] = max(record.offset + 1, offsets.get(record.partition, 0))
    return offsets


def headers_from(cause: Record) -> Headers:
    """Return the headers of a message that *cause* led to; its trace context goes along."""
    if not cause.headers:
        return MESSAGE_HEADERS
    trace = tuple(header for header in cause.headers if header[0] == TRACE_HEADER)
    return (*MESSAGE_HEADERS, *trace)


class TimedStream:
    """A stream that knows how long its polls took."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._stream, self._clock = stream, clock
        self._polled_ms = 0.0

    def take_waited_ms(self) -> float:
        """Return how long the polls since the last call took, waiting for records and reading them."""
        waited_ms, self._polled_ms = self._polled_ms, 0.0
        return waited_ms

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit."""
        begun_ms = self._clock.monotonic_ms()
        try:
            return await self._stream.poll(records_max=records_max, wait_ms=wait_ms)
        finally:
            self._polled_ms += self._clock.monotonic_ms() - begun_ms

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Make *outputs* durable, then the offsets."""
        await self._stream.commit(outputs, offsets)

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition, how many records wait after the last commit."""
        return await self._stream.lag()


def ready_records(stored: Iterable[tuple[Recorded, Headers]]) -> list[Outgoing]:
    """Return what tells the dispatcher of those that are RECEIVED, each once."""
    found: dict[str, Outgoing] = {}
    for one, headers in stored:
        if one.status is NotificationStatus.RECEIVED and one.ref.notification_id not in found:
            found[one.ref.notification_id] = ready_record(one.ref, one.alert_id, headers)
    return list(found.values())


def recorded_counts(stored: Sequence[Recorded]) -> Counter[Count]:
    """Count which notifications are new, which were known, and whose clients are unknown."""
    return Counter(
        Count.CLIENTS_UNKNOWN
        if one.status is None
        else Count.NOTIFICATIONS_CREATED
        if one.created
        else Count.NOTIFICATIONS_KNOWN
        for one in stored
    )
