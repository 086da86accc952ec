"""The dead letters of the streams in memory."""

from collections.abc import Mapping, Sequence
from heapq import nlargest

from alerting_core.memory.log import MemoryLog
from alerting_core.ports.cursor import decode_place_cursor
from alerting_core.ports.dead_letters import LISTED, DeadLetter, RecordId, page_of
from alerting_core.ports.paging import Page, PageRequest
from alerting_core.ports.stream import DLQ_SUFFIX, Record


class MemoryDeadLetters:
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
