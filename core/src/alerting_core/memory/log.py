"""Topics of partitions of records, and how far each consumer group has read: what a broker holds.

Consumers of a group share the partitions of a topic among themselves; who joins or leaves moves them. A partition has
one owner at a time, and only its owner can commit it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from zlib import crc32

from alerting_core.errors import FencedOff
from alerting_core.ports.clock import Clock
from alerting_core.ports.stream import Offsets, Outgoing, Record, check_sizes

PARTITIONS_DEFAULT: Final = 6
"""Partitions of a topic, as in production."""

TRIM_SLACK: Final = 256
"""Records beyond the bound that a partition may hold before it is trimmed: trimming moves the rest."""


@dataclass(slots=True)
class _Partition:
    """Records from `first_offset` on."""

    records: list[Record] = field(default_factory=list[Record])
    first_offset: int = 0

    @property
    def end_offset(self) -> int:
        return self.first_offset + len(self.records)


@dataclass(slots=True)
class _Group:
    """How far a group has read one topic, and which of its members owns which partition."""

    next_offsets: list[int]
    members: dict[str, None] = field(default_factory=dict[str, None])
    owners: list[str | None] = field(default_factory=list[str | None])

    def share_out(self) -> None:
        members = list(self.members)
        count = len(self.next_offsets)
        self.owners = [members[p % len(members)] if members else None for p in range(count)]


class MemoryLog:
    """All topics; a topic exists as soon as it is named.

    Args:
        clock: Stamps the records.
        partitions: Of each topic.
        records_kept_max: Records of a partition that are kept although every group has read them; unread ones are
            always kept, except in a topic that no group has ever read, where they count as read. None keeps all.
        on_append: Told of each record that was appended.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        partitions: int = PARTITIONS_DEFAULT,
        records_kept_max: int | None = None,
        on_append: Callable[[Record], None] | None = None,
    ) -> None:
        assert partitions >= 1
        self.partitions: Final = partitions
        self._clock = clock
        self._records_kept_max = records_kept_max
        self._on_append = on_append
        self._topics: dict[str, list[_Partition]] = {}
        self._groups: dict[str, dict[str, _Group]] = {}
        self._members = 0
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}

    def append(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*, all or none. Raises LimitExceeded as `check_sizes` does."""
        check_sizes(outputs)
        now_ms = self._clock.now_ms()
        for output in outputs:
            number = self.partition_of(output.key)
            partition = self._topic(output.topic)[number]
            record = Record(
                output.topic, number, partition.end_offset, output.key, output.value, output.headers, now_ms
            )
            partition.records.append(record)
            if self._on_append is not None:
                self._on_append(record)
        for topic in {output.topic: None for output in outputs}:
            self._trim(topic)
            self._wake(topic)

    def partition_of(self, key: bytes) -> int:
        """Return the partition of a key, always the same for the same key."""
        return crc32(key) % self.partitions

    def read(self, topic: str, partition: int, *, offset: int, records_max: int) -> Sequence[Record]:
        """Return records of one partition from *offset* on, or from the earliest that is kept."""
        held = self._topic(topic)[partition]
        start = max(0, offset - held.first_offset)
        return held.records[start : start + records_max]

    def end_offsets(self, topic: str) -> Sequence[int]:
        """Return, per partition, the offset that the next record will get."""
        return [partition.end_offset for partition in self._topic(topic)]

    def tail(self, topic: str, *, limit: int) -> Sequence[Record]:
        """Return the latest records of a topic, newest first, at most *limit*."""
        newest = (record for partition in self._topic(topic) for record in islice(reversed(partition.records), limit))
        return sorted(newest, key=lambda r: (r.timestamp_ms, r.offset, r.partition), reverse=True)[:limit]

    def topics(self) -> Sequence[str]:
        """Return the names of all topics, in the order in which they came up."""
        return list(self._topics)

    def new_member(self) -> str:
        """Return a name that no consumer has."""
        self._members += 1
        return f"member-{self._members}"

    def join(self, group: str, topic: str, member: str) -> None:
        """Make *member* one of the consumers of *topic* in *group*; the partitions are shared out anew."""
        joined = self._group(group, topic)
        if member not in joined.members:
            joined.members[member] = None
            joined.share_out()
            self._wake(topic)

    def leave(self, group: str, topic: str, member: str) -> None:
        """Take *member* out of *group*: it left or is taken for dead. It owns nothing from now on."""
        left = self._group(group, topic)
        if member in left.members:
            del left.members[member]
            left.share_out()
            self._wake(topic)

    def owned(self, group: str, topic: str, member: str) -> Sequence[int]:
        """Return the partitions that *member* owns."""
        return [number for number, owner in enumerate(self._group(group, topic).owners) if owner == member]

    def owners(self, group: str, topic: str) -> Sequence[str | None]:
        """Return, per partition, the consumer that owns it."""
        return list(self._group(group, topic).owners)

    def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """Return partition → the next offset that the group will read."""
        return dict(enumerate(self._group(group, topic).next_offsets))

    def commit(self, group: str, topic: str, member: str, offsets: Offsets) -> None:
        """Move the group on, all partitions or none. Raises FencedOff unless *member* owns all and none goes back."""
        self.check_commit(group, topic, member, offsets)
        held = self._group(group, topic)
        for number, offset in offsets.items():
            held.next_offsets[number] = offset
        self._trim(topic)

    def check_commit(self, group: str, topic: str, member: str, offsets: Offsets) -> None:
        """Raise FencedOff if *member* may not commit *offsets*."""
        held = self._group(group, topic)
        partitions = self._topic(topic)
        for number, offset in offsets.items():
            assert offset <= partitions[number].end_offset, "only what was read can be done"
            if held.owners[number] != member:
                raise FencedOff(f"partition {number} of {topic} was given to another consumer of {group}")
            if offset < held.next_offsets[number]:
                raise FencedOff(f"partition {number} of {topic} was moved on in {group} to {held.next_offsets[number]}")

    def appended(self, topic: str) -> asyncio.Future[None]:
        """Return what is done as soon as a record of *topic* arrives or its partitions are shared out anew."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(topic, [])
        waiters[:] = [waiter for waiter in waiters if not waiter.done()]
        waiters.append(future)
        return future

    def _topic(self, topic: str) -> list[_Partition]:
        found = self._topics.get(topic)
        if found is None:
            found = self._topics[topic] = [_Partition() for _ in range(self.partitions)]
        return found

    def _group(self, group: str, topic: str) -> _Group:
        groups = self._groups.setdefault(topic, {})
        found = groups.get(group)
        if found is None:
            found = groups[group] = _Group([partition.first_offset for partition in self._topic(topic)])
            found.share_out()
        return found

    def _trim(self, topic: str) -> None:
        if self._records_kept_max is None:
            return
        groups = list(self._groups.get(topic, {}).values())
        for number, partition in enumerate(self._topic(topic)):
            read_to = min((group.next_offsets[number] for group in groups), default=partition.end_offset)
            excess = min(len(partition.records) - self._records_kept_max, read_to - partition.first_offset)
            if excess > TRIM_SLACK or (excess > 0 and self._records_kept_max <= TRIM_SLACK):
                del partition.records[:excess]
                partition.first_offset += excess

    def _wake(self, topic: str) -> None:
        for waiter in self._waiters.pop(topic, ()):
            if not waiter.done():
                waiter.set_result(None)
