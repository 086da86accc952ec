"""One consumer of aiokafka as a member of a group, and what it holds between two rebalances.

A share is what a member has of the topic until the next rebalance: its partitions, and the records that it has read of
them. It ends with that rebalance, and nothing that was polled from it can be committed afterwards: by then another
member may have read on from there.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError, UnknownTopicOrPartitionError

from alerting_backend.adapters.kafka import connection, internals
from alerting_core.errors import FencedOff
from alerting_core.ports.stream import Offsets, Record, fair_shares


@dataclass(slots=True)
class _Held:
    """Of one partition: the records read after the last commit; the first `polled` of them were handed out."""

    records: deque[Record] = field(default_factory=deque[Record])
    polled: int = 0
    polled_to: int | None = None
    committed: int | None = None


class Share:
    """The partitions of a member in one generation of its group.

    Attributes:
        generation, member_id: What the broker knows this share by; a commit of an older generation is refused there.
        idle: Set while nothing that was polled is being worked on.
        size: Bytes of the values held.
    """

    def __init__(self, partitions: Collection[int], *, generation: int, member_id: str) -> None:
        self.generation = generation
        self.member_id = member_id
        self.idle = asyncio.Event()
        self.idle.set()
        self.size = 0
        self._held = {partition: _Held() for partition in sorted(partitions)}

    @property
    def partitions(self) -> Sequence[int]:
        """The partitions, in order."""
        return list(self._held)

    @property
    def count(self) -> int:
        """How many records are held."""
        return sum(len(held.records) for held in self._held.values())

    def hold(self, partition: int, records: Sequence[Record]) -> None:
        """Take in what was read of one partition, in offset order."""
        held = self._held[partition]
        if held.committed is None and records:
            held.committed = records[0].offset
        held.records.extend(records)
        self.size += sum(len(record.value) for record in records)

    def held_of(self, partition: int) -> int:
        """Return how many records of one partition are held."""
        return len(self._held[partition].records)

    def hand_out(self, records_max: int, *, turn: int) -> Sequence[Record]:
        """Return held records from the beginning of each partition on, a fair share of each; see `fair_shares`.

        Args:
            records_max: Of all partitions together.
            turn: Moves on with every commit.
        """
        counts = fair_shares(
            {partition: len(held.records) for partition, held in self._held.items()},
            taken_before={partition: held.polled for partition, held in self._held.items()},
            records_max=records_max,
            turn=turn,
        )
        if counts:
            self.idle.clear()
        return [record for partition, count in counts.items() for record in self._poll(partition, count)]

    def check(self, offsets: Offsets) -> None:
        """Raise FencedOff unless *offsets* are of what was polled from this share, and none goes back."""
        for partition, offset in offsets.items():
            held = self._held.get(partition)
            if held is None or held.polled_to is None or offset > held.polled_to:
                raise FencedOff(f"partition {partition} was given out anew after these records were polled")
            if held.committed is not None and offset < held.committed:
                raise FencedOff(f"partition {partition} was moved on to {held.committed}")

    def committed(self, offsets: Mapping[int, int]) -> None:
        """Drop what is done."""
        for partition, offset in offsets.items():
            held = self._held[partition]
            held.committed = offset
            while held.records and held.records[0].offset < offset:
                self.size -= len(held.records.popleft().value)
            held.polled = 0  # What is left of it comes first all the same.

    def _poll(self, partition: int, count: int) -> Sequence[Record]:
        held = self._held[partition]
        records = list(islice(held.records, count))
        held.polled = max(count, held.polled)
        held.polled_to = max(records[-1].offset + 1, held.polled_to or 0)
        return records


SESSION_MS: Final = 6_000
"""Silence after which a member is taken for dead: the least that brokers allow by default. With a heartbeat, a
`REVOKE_SECONDS_MAX` and the join of those who are left, its work goes on within 10 s."""

HEARTBEAT_MS: Final = 1_000
"""How soon a member hears of a rebalance."""

JOIN_MS_MAX: Final = 15_000
"""One request: to join takes until all members have joined anew or their sessions have ended, and then some."""

POLL_INTERVAL_MS_MAX: Final = 300_000
"""A member that does not poll for this long hangs, and leaves its partitions to others."""

REVOKE_SECONDS_MAX: Final = 1.0
"""How long a rebalance waits for a batch that is being worked on, so that it is committed and not done again."""

CLOSE_SECONDS_MAX: Final = 5.0
"""How long leaving the group may take; who did not leave is missed after `SESSION_MS`."""

PARTITION_FETCH_BYTES_MAX: Final = 1_048_576
"""Fetched of one partition ahead of its use, as it is on disk; one record is always taken."""

FETCH_BYTES_MAX: Final = 8 * 1_048_576
"""Fetched at once of all partitions of one broker."""

FETCH_WAIT_MS: Final = 500
"""How long the broker holds a fetch when there is nothing new."""


class Member(ConsumerRebalanceListener):  # type: ignore[misc]  # The library has no types.
    """A consumer that can join its group.

    Attributes:
        share: What it has at present.
        inside: The consumer's parts that the library does not show.

    Args:
        instance_id: A name that it has again after a restart (static membership): it gets its old partitions back
            without a rebalance when it is back within `SESSION_MS`.
    """

    def __init__(
        self, address: connection.KafkaAddress, *, topic: str, group: str, instance_id: str | None = None
    ) -> None:
        self.share: Share | None = None
        self._topic = address.name(topic)
        self._group = address.name(group)
        self._changed = asyncio.Event()
        self._consumer = AIOKafkaConsumer(
            **address.log_in() | {"request_timeout_ms": JOIN_MS_MAX},
            group_id=self._group,
            group_instance_id=instance_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # A transaction of another producer that was rolled back never happened.
            isolation_level="read_committed",
            # One alone: with several the library asks to join once for each, with different protocols, and two members
            # that start at once push each other out of the group for good.
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=POLL_INTERVAL_MS_MAX,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
            fetch_max_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self.inside = internals.ConsumerInside(self._consumer)

    async def start(self) -> None:
        """Connect. Raises UnknownTopicOrPartitionError when the topic is not there."""
        await self._consumer.start()
        if self._topic not in await self._consumer.topics():
            raise UnknownTopicOrPartitionError(f"there is no topic {self._topic} (alerting topics create)")
        await self.inside.learn_partitions(self._topic)

    def join(self) -> None:
        """Begin to join the group, unless that has begun; it goes on behind."""
        if not self.inside.is_subscribed:
            self._consumer.subscribe([self._topic], listener=self)

    async def close(self) -> None:
        """Leave the group and disconnect."""
        self._end_share()
        await connection.finish(self._consumer.stop(), seconds_max=CLOSE_SECONDS_MAX)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let a batch under way be finished, then give up the share. Called before the member joins anew."""
        share = self.share
        if share is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(REVOKE_SECONDS_MAX):
                    await share.idle.wait()
        self._end_share()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Begin a new share."""
        partitions = [place.partition for place in assigned if place.topic == self._topic]
        self.share = Share(partitions, generation=self.inside.generation, member_id=self.inside.member_id)
        self._changed.set()

    def lose_share(self) -> None:
        """Give up the share and join anew: the group has moved on, and this member has not heard of it yet."""
        self._end_share()
        self.inside.rejoin()

    @property
    def rebalancing(self) -> bool:
        """Whether the member is about to get another share. What is fetched by then is of no use."""
        return self.share is None or self.inside.is_reassigning

    async def take(self, partition: int, records_max: int) -> Sequence[Any]:
        """Return up to *records_max* fetched records of one partition. Does not wait, when not `rebalancing`."""
        place = TopicPartition(self._topic, partition)
        found: Mapping[TopicPartition, Sequence[Any]] = await self._consumer.getmany(place, max_records=records_max)
        return found.get(place, ())

    async def wait(self, seconds_max: float) -> None:
        """Return as soon as something was fetched or the share changed, or after *seconds_max*."""
        self.inside.check_errors()
        self._changed.clear()
        changed = asyncio.ensure_future(self._changed.wait())
        fetched = self.inside.next_fetch()
        try:
            # The library takes a consumer that does not ask for records for one that hangs.
            with self.inside.asking():
                await asyncio.wait((changed, fetched), timeout=seconds_max, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            if fetched.done():
                fetched.result()
            else:
                fetched.cancel()

    async def settle(self, partitions: Collection[int]) -> None:
        """Wait until it is known from where on *partitions* are read, or a rebalance has begun."""
        with suppress(IllegalStateError):  # They are no longer ours.
            for partition in partitions:
                await self._consumer.position(TopicPartition(self._topic, partition))

    def is_read(self, partition: int, end: int) -> bool:
        """Tell whether all records of a partition before *end* have been taken."""
        position = self.inside.position(TopicPartition(self._topic, partition))
        return position is not None and position >= end

    def show_life(self) -> None:
        """Tell the library that records are asked for, though none are taken: it leaves the group otherwise."""
        with self.inside.asking():
            pass

    async def ends(self, partitions: Collection[int]) -> dict[int, int]:
        """Return partition → the offset after its last record."""
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        found = await self._consumer.end_offsets(places)
        return {place.partition: offset for place, offset in found.items()}

    async def committed(self) -> dict[int, int]:
        """Return partition → the next offset that the group reads, of all partitions."""
        places = [TopicPartition(self._topic, partition) for partition in self.all_partitions()]
        committed = await self.inside.committed(places)
        first = await self._consumer.beginning_offsets(places)
        return {place.partition: max(first[place], committed.get(place, 0)) for place in places}

    def all_partitions(self) -> Collection[int]:
        """Return the partitions of the topic."""
        found: Collection[int] | None = self._consumer.partitions_for_topic(self._topic)
        return sorted(found or ())

    def last_answer_ms(self) -> int | None:
        """Return when a broker last answered a fetch, in unix milliseconds; None when nothing was fetched yet."""
        share = self.share
        if share is None:
            return None
        with suppress(AssertionError, IllegalStateError):  # A rebalance has just begun.
            places = [TopicPartition(self._topic, partition) for partition in share.partitions]
            times = [self._consumer.last_poll_timestamp(place) for place in places]
            return max((time for time in times if time is not None), default=None)
        return None

    @property
    def place(self) -> tuple[str, str]:
        """Names of the group and the topic in the cluster."""
        return self._group, self._topic

    def _end_share(self) -> None:
        self.share = None
        self._changed.set()
