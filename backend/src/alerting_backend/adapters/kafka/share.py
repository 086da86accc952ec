"""What one member of a group holds between two rebalances: its partitions, and the records it has read of them.

A share ends with the rebalance that follows it, and nothing that was polled from it can be committed afterwards: by
then another member may have read on from there.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

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
