"""Consuming logs in memory, and the dead letters in them."""

import asyncio
from collections.abc import Mapping, Sequence
from heapq import nlargest

from alerting_core.memory.log import MemoryLog
from alerting_core.ports.catalog import Page, PageRequest, decode_place_cursor
from alerting_core.ports.operations import LISTED, DeadLetter, RecordId, page_of
from alerting_core.ports.stream import DLQ_SUFFIX, Offsets, Outgoing, Record, fair_shares


class MemorySink:
    """Publishes to a log."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*, all or none."""
        self._log.append(outputs)


class MemoryStream:
    """One consumer of one topic in one group; it joins the group when it is made, and takes over its share.

    Args:
        member: Its name within the group, unique; made up when None.
    """

    def __init__(self, log: MemoryLog, *, topic: str, group: str, member: str | None = None) -> None:
        self._log = log
        self._topic = topic
        self._group = group
        self._member = member if member is not None else log.new_member()
        # Partition → end offset of what the last poll returned. Not a count: another member may commit in between.
        self._polled_to: dict[int, int] = {}
        self._turn = 0
        log.join(group, topic, self._member)

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit, those of the last poll among them."""
        records = self._read(records_max)
        if records or wait_ms <= 0:
            return records
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                while not records:
                    await self._log.appended(self._topic)
                    records = self._read(records_max)
        except TimeoutError:
            pass
        return records

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Append *outputs* and move the group to *offsets*, both or neither."""
        self._log.check_commit(self._group, self._topic, self._member, offsets)
        self._log.append(outputs)
        self._log.commit(self._group, self._topic, self._member, offsets)
        self._polled_to = {}
        self._turn += 1

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition of the topic, how many records wait after the last commit of the group."""
        ends = self._log.end_offsets(self._topic)
        return {number: ends[number] - offset for number, offset in self._offsets().items()}

    def close(self) -> None:
        """Leave the group, so that others take its partitions at once."""
        self._log.leave(self._group, self._topic, self._member)

    def _offsets(self) -> Mapping[int, int]:
        return self._log.committed(self._group, self._topic)

    def _read(self, records_max: int) -> Sequence[Record]:
        offsets, ends = self._offsets(), self._log.end_offsets(self._topic)
        owned = self._log.owned(self._group, self._topic, self._member)
        counts = fair_shares(
            {number: ends[number] - offsets[number] for number in owned},
            taken_before={number: max(0, end - offsets[number]) for number, end in self._polled_to.items()},
            records_max=records_max,
            turn=self._turn,
        )
        self._polled_to = {number: offsets[number] + count for number, count in counts.items()}
        return [
            record
            for number, count in counts.items()
            for record in self._log.read(self._topic, number, offset=offsets[number], records_max=count)
        ]


class MemoryDeadLetterStore:
    """Dead letters of one log. Make one per log and share it: it alone knows what was replayed."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._replayed: set[tuple[str, RecordId]] = set()

    async def counts(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there, none that is empty."""
        counts = {topic: len(self._records(topic)) for topic in self._topics()}
        return {topic: number for topic, number in sorted(counts.items()) if number}

    async def page(self, topic: str, *, after: RecordId, limit: int) -> Sequence[DeadLetter]:
        """Return up to *limit* letters of *topic* after a place, in order."""
        records = [record for record in self._records(topic) if (record.partition, record.offset) > after]
        return [DeadLetter.of(record) for record in records[:limit]]

    async def list(self, page: PageRequest, *, topic: str | None = None) -> Page[DeadLetter]:
        """Return a page of letters, newest first."""
        before = None if page.cursor is None else decode_place_cursor(LISTED, page.cursor)
        topics = self._topics() if topic is None else [topic]
        letters = (DeadLetter.of(record) for name in topics for record in self._records(name))
        rest = (letter for letter in letters if before is None or letter.key_of_order < before)
        return page_of(nlargest(page.limit + 1, rest, key=lambda letter: letter.key_of_order), page)

    async def get(self, topic: str, place: RecordId) -> DeadLetter | None:
        """Return one letter; None when it is not there (any more)."""
        found = await self.page(topic, after=RecordId(place.partition, place.offset - 1), limit=1)
        return found[0] if found and found[0].place == place else None

    async def replay(self, letters: Sequence[DeadLetter]) -> int:
        """Publish letters of one topic to where they came from, and take them out."""
        there = [letter for letter in letters if letter.is_whole and await self.get(letter.topic, letter.place)]
        self._log.append([letter.again() for letter in there])
        self._replayed.update((one.topic, one.place) for one in there)
        return len(there)

    def _topics(self) -> Sequence[str]:
        return [topic for topic in self._log.topics() if topic.endswith(DLQ_SUFFIX)]

    def _records(self, topic: str) -> Sequence[Record]:
        """Return what is there of *topic*, in the order of places. Asking for a topic does not make it one."""
        if topic not in self._topics():
            return ()
        ends = self._log.end_offsets(topic)
        return [
            record
            for partition, end in enumerate(ends)
            for record in self._log.read(topic, partition, offset=0, records_max=end)
            if (topic, RecordId(record.partition, record.offset)) not in self._replayed
        ]
