"""The dead letters in Kafka: looked at, shortened where too large, and replayed."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from heapq import nlargest
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from alerting_backend.adapters.kafka import connection, topics
from alerting_backend.adapters.kafka.stream import to_record
from alerting_core import errors, limits, topology
from alerting_core.ports import catalog, operations, stream

TRUNCATED_HEADER: Final = "dlq-truncated"
"""On a dead letter of which only the beginning was kept: its size in bytes, in decimal."""

KEPT_BYTES: Final = 65_536
"""Kept of the value of such a record: enough to see what it was meant to be, and taken by any broker."""


def shortened(letter: stream.Outgoing) -> stream.Outgoing:
    """Return *letter* with no more than the beginning of its value, and with its size when that was cut."""
    if len(letter.value) <= KEPT_BYTES:
        return letter
    size = (TRUNCATED_HEADER, str(len(letter.value)).encode())
    return replace(letter, value=letter.value[:KEPT_BYTES], headers=(*letter.headers, size))


REPLAYED_HEADER: Final = "dlq-replayed"
"""On a mark: partition/offset of the letter that was replayed."""

DEAD_LETTER_TOPICS: Final = tuple(source + stream.DLQ_SUFFIX for source in topology.SOURCES)

CONNECT_SECONDS_MAX: Final = 10.0
CLOSE_SECONDS_MAX: Final = 5.0
FETCH_WAIT_MS: Final = 20
"""How long the broker holds a fetch at the end of a partition, of which nothing more is wanted."""

FETCH_MS_MAX: Final = 1_000
SILENCE_MAX: Final = 10
"""Fetches in a row without any record, where there must be some, after which Kafka is taken for away."""

FETCH_RECORDS_MAX: Final = 500


class KafkaDeadLetterStore:
    """Dead letters of one cluster.

    What others replay meanwhile is not noticed: use a new one for each look.

    Args:
        sink: Where they are replayed to.
    """

    def __init__(self, address: connection.KafkaAddress, sink: stream.Sink) -> None:
        self._address = address
        self._sink = sink
        self._replayed: dict[str, set[operations.RecordId]] = {}

    async def counts(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there that were not replayed."""
        counts: dict[str, int] = {}
        for topic in DEAD_LETTER_TOPICS:
            async with self._reader(topic) as reader:
                replayed = await self._replayed_of(reader)
                letters = [place async for place in reader.letter_places()]
            counts[topic] = len(set(letters) - replayed)
        return {topic: number for topic, number in counts.items() if number}

    async def page(self, topic: str, *, after: operations.RecordId, limit: int) -> Sequence[operations.DeadLetter]:
        """Return up to *limit* letters of *topic* after a place, in order."""
        found: list[operations.DeadLetter] = []
        if topic not in DEAD_LETTER_TOPICS:
            return found
        async with self._reader(topic) as reader:
            replayed = await self._replayed_of(reader)
            async for record in reader.records(after=after):
                if _is_mark(record) or (record.partition, record.offset) in replayed:
                    continue
                found.append(_letter(record))
                if len(found) >= limit:
                    break
        return found

    async def list(self, page: catalog.PageRequest, *, topic: str | None = None) -> catalog.Page[operations.DeadLetter]:
        """Return a page of letters, newest first."""
        before = None if page.cursor is None else catalog.decode_place_cursor(operations.LISTED, page.cursor)
        newest: list[operations.DeadLetter] = []
        for name in DEAD_LETTER_TOPICS if topic is None else [topic]:
            if name in DEAD_LETTER_TOPICS:
                async with self._reader(name) as reader:
                    found = await self._newest(reader, before, limit=page.limit + 1)
                newest = nlargest(page.limit + 1, [*newest, *found], key=_order)
        return operations.page_of(newest, page)

    async def _newest(
        self, reader: "_Reader", before: catalog.PlaceKey | None, *, limit: int
    ) -> Sequence[operations.DeadLetter]:
        """Return the newest letters of one topic. A mark comes later than its letter: all marks are read first."""
        replayed = await reader.replayed(last=limits.DEAD_LETTERS_LOOKED_AT_MAX)
        newest: list[operations.DeadLetter] = []
        async for record in reader.records(last=limits.DEAD_LETTERS_LOOKED_AT_MAX):
            if _is_mark(record) or (record.partition, record.offset) in replayed:
                continue
            letter = _letter(record)
            if before is None or letter.key_of_order < before:
                newest.append(letter)
            if len(newest) >= 2 * limit:
                newest = nlargest(limit, newest, key=_order)
        return nlargest(limit, newest, key=_order)

    async def get(self, topic: str, place: operations.RecordId) -> operations.DeadLetter | None:
        """Return one letter; None when it is not there, or was replayed."""
        found = await self.page(topic, after=operations.RecordId(place.partition, place.offset - 1), limit=1)
        return found[0] if found and found[0].place == place else None

    async def replay(self, letters: Sequence[operations.DeadLetter]) -> int:
        """Publish letters of one topic to where they came from, then mark them."""
        if not letters:
            return 0
        topic = letters[0].topic
        assert all(letter.topic == topic for letter in letters), "one topic at a time"
        async with self._reader(topic) as reader:
            replayed = await self._replayed_of(reader)
        taken = [letter for letter in letters if letter.is_whole and letter.place not in replayed]
        await self._sink.publish([one.again() for one in taken])
        await self._sink.publish([_mark(one) for one in taken])
        replayed.update(one.place for one in taken)
        return len(taken)

    async def _replayed_of(self, reader: "_Reader") -> set[operations.RecordId]:
        """Return what was replayed, read once: a topic may be long, and a list of it has many pages."""
        if reader.topic not in self._replayed:
            self._replayed[reader.topic] = await reader.replayed()
        return self._replayed[reader.topic]

    @asynccontextmanager
    async def _reader(self, topic: str) -> AsyncIterator["_Reader"]:
        states = await topics.describe_topics(self._address, [topic])
        consumer = AIOKafkaConsumer(
            **self._address.log_in(),
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        try:
            async with connection.translate_errors_in_time("dead_letters", CONNECT_SECONDS_MAX):
                await consumer.start()
            yield _Reader(consumer, self._address, topic, range(states[0].partitions if states else 0))
        finally:
            await connection.finish(consumer.stop(), seconds_max=CLOSE_SECONDS_MAX)


class FreshDeadLetters:
    """Dead letters as they are now: looks with a new `KafkaDeadLetterStore` each time, for processes that stay."""

    def __init__(self, look: Callable[[], KafkaDeadLetterStore]) -> None:
        self._look = look

    async def counts(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there that were not replayed."""
        return await self._look().counts()

    async def page(self, topic: str, *, after: operations.RecordId, limit: int) -> Sequence[operations.DeadLetter]:
        """Return up to *limit* letters of *topic* after a place, in order."""
        return await self._look().page(topic, after=after, limit=limit)

    async def list(self, page: catalog.PageRequest, *, topic: str | None = None) -> catalog.Page[operations.DeadLetter]:
        """Return a page of letters, newest first."""
        return await self._look().list(page, topic=topic)

    async def get(self, topic: str, place: operations.RecordId) -> operations.DeadLetter | None:
        """Return one letter; None when it is not there, or was replayed."""
        return await self._look().get(topic, place)

    async def replay(self, letters: Sequence[operations.DeadLetter]) -> int:
        """Publish letters of one topic to where they came from, then mark them."""
        return await self._look().replay(letters)


class _Reader:
    """Reads one topic up to its present end, without a group."""

    def __init__(
        self, consumer: Any, address: connection.KafkaAddress, topic: str, partitions: Collection[int]
    ) -> None:
        self._consumer = consumer
        self.topic = topic
        self._places = [TopicPartition(address.name(topic), partition) for partition in partitions]

    async def replayed(self, *, last: int | None = None) -> set[operations.RecordId]:
        """Return the places of the letters that were replayed."""
        records = self.records(last=last)
        marks = [dict(record.headers)[REPLAYED_HEADER] async for record in records if _is_mark(record)]
        return {_place_in(mark) for mark in marks}

    async def letter_places(self) -> AsyncIterator[operations.RecordId]:
        """Yield the places of all letters, replayed or not."""
        async for record in self.records():
            if not _is_mark(record):
                yield operations.RecordId(record.partition, record.offset)

    async def records(
        self, *, after: operations.RecordId = operations.BEFORE_ALL, last: int | None = None
    ) -> AsyncIterator[stream.Record]:
        """Yield letters and marks after a place, partition by partition; of each partition the *last* ones alone."""
        for place in self._places:
            if place.partition >= after.partition:
                first = after.offset + 1 if place.partition == after.partition else 0
                async for record in self._of_partition(place, first, last):
                    yield record

    async def _of_partition(self, place: TopicPartition, first: int, last: int | None) -> AsyncIterator[stream.Record]:
        self._consumer.assign([place])
        async with connection.translate_errors_in_time("dead_letters", CONNECT_SECONDS_MAX):
            begin = (await self._consumer.beginning_offsets([place]))[place]
            end = (await self._consumer.end_offsets([place]))[place]
        at, silence = max(first, begin, 0 if last is None else end - last), 0
        self._consumer.seek(place, at)
        while at < end:
            async with connection.translate_errors_in_time("dead_letters", CONNECT_SECONDS_MAX):
                found = await self._consumer.getmany(place, timeout_ms=FETCH_MS_MAX, max_records=FETCH_RECORDS_MAX)
                at = await self._consumer.position(place)
            silence = 0 if found else silence + 1
            if silence > SILENCE_MAX:
                raise errors.PortUnavailable(connection.RESOURCE, operation="dead_letters", detail="no broker answers")
            for one in found.get(place, ()):
                if one.offset < end:
                    yield to_record(self.topic, one)


def _letter(record: stream.Record) -> operations.DeadLetter:
    return operations.DeadLetter.of(record, is_whole=TRUNCATED_HEADER not in dict(record.headers))


def _order(letter: operations.DeadLetter) -> catalog.PlaceKey:
    return letter.key_of_order


def _is_mark(record: stream.Record) -> bool:
    return any(name == REPLAYED_HEADER for name, _ in record.headers)


def _mark(letter: operations.DeadLetter) -> stream.Outgoing:
    partition, offset = letter.place
    return stream.Outgoing(letter.topic, letter.key, b"", ((REPLAYED_HEADER, f"{partition}/{offset}".encode()),))


def _place_in(mark: bytes) -> operations.RecordId:
    partition, _, offset = mark.decode(errors="replace").partition("/")
    if not (partition.isdecimal() and offset.isdecimal()):
        return operations.BEFORE_ALL
    return operations.RecordId(int(partition), int(offset))
