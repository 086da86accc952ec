"""Consuming logs in Postgres, and the dead letters in them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.pools import Connection, connected, fetch_map, transaction
from alerting_backend.adapters.postgres.scope import all_storable
from alerting_backend.adapters.postgres.stream.log import PgLog, decode_headers
from alerting_core import limits
from alerting_core.errors import FencedOff
from alerting_core.ports.operations import LISTED, DeadLetter, RecordId, page_of
from alerting_core.ports.paging import Page, PageRequest, decode_place_cursor
from alerting_core.ports.stream import DLQ_SUFFIX, Offsets, Outgoing, Record, check_sizes, fair_shares

FALLBACK_SECONDS: Final = 1.0
"""How often a reader looks for records that another process wrote: nobody rings for those."""

POLL_BYTES_MAX: Final = 24 * 1_048_576
"""Values of one poll, whatever their number, in equal parts for the partitions; one record is always taken."""

# A group is noted at its first look, so that nothing it has not read is trimmed.
_JOIN: Final = """
INSERT INTO stream_offsets (consumer_group, topic, partition, next_offset, updated_at)
SELECT $1, topic, partition, first_offset, now() FROM stream_partitions WHERE topic = $2
ON CONFLICT DO NOTHING
"""

_POSITIONS: Final = "SELECT partition, next_offset FROM stream_offsets WHERE consumer_group = $1 AND topic = $2"

_ENDS: Final = "SELECT partition, next_offset FROM stream_partitions WHERE topic = $1"

_READ: Final = """
SELECT w.partition, r."offset", r.key, r.value, r.headers, r.created_at
FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) AS w (partition, first, records)
CROSS JOIN LATERAL (
    SELECT s.*, sum(octet_length(s.value)) OVER (ORDER BY s."offset") - octet_length(s.value) AS bytes_before
    FROM (
        SELECT "offset", key, value, headers, created_at FROM stream_records
        WHERE topic = $1 AND partition = w.partition AND "offset" >= w.first
        ORDER BY "offset" LIMIT w.records
    ) AS s
) AS r
WHERE r.bytes_before < $5
ORDER BY w.partition, r."offset"
"""

_COMMIT: Final = """
UPDATE stream_offsets AS o SET next_offset = w.next_offset, updated_at = now()
FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) AS w (partition, read_from, next_offset)
WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = w.partition
  AND o.next_offset = w.read_from AND w.next_offset >= w.read_from
"""

_LAG: Final = """
SELECT p.partition, p.next_offset - greatest(p.first_offset, o.next_offset) AS records
FROM stream_partitions AS p
LEFT JOIN stream_offsets AS o ON o.consumer_group = $1 AND o.topic = p.topic AND o.partition = p.partition
WHERE p.topic = $2
"""


class PgStream:
    """One consumer of one topic in one group. Consumers of a group share nothing out: the first to commit wins."""

    def __init__(self, log: PgLog, *, topic: str, group: str) -> None:
        self._log = log
        self._topic = topic
        self._group = group
        # None: to be asked, since they were never known or may have moved.
        self._positions: dict[int, int] | None = None
        # Partition → how many records the last poll returned of it.
        self._polled: dict[int, int] = {}
        self._turn = 0
        self._found_nothing: tuple[int, float] | None = None

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return the records after the last commit, those of the last poll among them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_ms / 1_000
        while True:
            mark = self._log.wakeups.mark(self._topic)
            look_at = self._next_look(mark)
            if wait_ms <= 0 or loop.time() >= look_at:
                records = await self._read(records_max)
                if records:
                    return records
                self._found_nothing = mark, loop.time()
                look_at = loop.time() + FALLBACK_SECONDS
            if loop.time() >= deadline:
                return []
            await self._log.wakeups.wait(self._topic, mark, seconds_max=min(deadline, look_at) - loop.time())

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Append *outputs* and move the group to *offsets* in one transaction."""
        check_sizes(outputs)
        topics = {output.topic for output in outputs}
        await self._log.know(topics)
        try:
            async with transaction(self._log.pool, "commit") as connection:
                positions = await self._positions_of(connection)
                await self._move(connection, positions, offsets)
                await self._log.append(connection, outputs)
        except BaseException:
            # Whether it was committed is not known when the answer is lost: the next poll asks.
            self._positions = None
            self._polled = {}
            raise
        self._positions = {**positions, **offsets}
        self._polled = {}
        self._turn += 1
        self._found_nothing = None
        self._log.wakeups.ring(topics)

    async def lag(self) -> Mapping[int, int]:
        """Return, per partition of the topic, how many records wait after the last commit of the group."""
        await self._log.know([self._topic])
        async with connected(self._log.pool, "lag") as connection:
            return await fetch_map(connection, _LAG, self._group, self._topic)

    def _next_look(self, mark: int) -> float:
        """Say when the database is to be asked, if nothing rings before."""
        if self._found_nothing is None or self._found_nothing[0] != mark:
            return 0.0
        return self._found_nothing[1] + FALLBACK_SECONDS

    async def _read(self, records_max: int) -> Sequence[Record]:
        partitions = (await self._log.know([self._topic]))[self._topic]
        async with connected(self._log.pool, "poll") as connection:
            positions = await self._positions_of(connection)
            ends = await fetch_map(connection, _ENDS, self._topic)
            waiting = {partition: ends[partition] - position for partition, position in positions.items()}
            counts = fair_shares(waiting, taken_before=self._polled, records_max=records_max, turn=self._turn)
            if not counts:
                return []
            rows = await connection.fetch(
                _READ,
                self._topic,
                list(counts),
                [positions[partition] for partition in counts],
                list(counts.values()),
                POLL_BYTES_MAX // partitions,
            )
        self._positions = positions
        records = [
            Record(self._topic, partition, offset, key, value, decode_headers(headers), created_at)
            for partition, offset, key, value, headers, created_at in rows
        ]
        self._polled = {record.partition: record.offset + 1 - positions[record.partition] for record in records}
        return records

    async def _positions_of(self, connection: Connection) -> dict[int, int]:
        if self._positions is not None:
            return self._positions
        found = await fetch_map(connection, _POSITIONS, self._group, self._topic)
        if not found:
            await self._log.know([self._topic])
            await connection.execute(_JOIN, self._group, self._topic)
            found = await fetch_map(connection, _POSITIONS, self._group, self._topic)
        return found

    async def _move(self, connection: Connection, positions: Mapping[int, int], offsets: Offsets) -> None:
        if not offsets:
            return
        status = await connection.execute(
            _COMMIT,
            self._group,
            self._topic,
            list(offsets),
            [positions[partition] for partition in offsets],
            list(offsets.values()),
        )
        if status != f"UPDATE {len(offsets)}":
            raise FencedOff(f"partitions of {self._topic} were moved on in {self._group} by another consumer")


_COLUMNS: Final = 'topic, partition, "offset", key, value, headers, created_at'

# Of each partition by the range of its offsets: no look at the records of other topics, whatever part of all they are.
_COUNT: Final = """
SELECT p.topic, sum(own.letters)::bigint
FROM stream_partitions AS p CROSS JOIN LATERAL (
    SELECT count(*) AS letters FROM stream_records AS s
    WHERE s.topic = p.topic AND s.partition = p.partition
      AND s."offset" >= p.first_offset AND s."offset" < p.next_offset
) AS own
WHERE right(p.topic, 4) = $1 AND own.letters > 0
GROUP BY p.topic ORDER BY p.topic
"""

# Of each partition the latest are looked at. The newest of these are chosen by what orders them alone,
# and only their values are read. Times are those that are shown, to the millisecond.
_LATEST: Final = """
SELECT r.topic, r.partition, r."offset", r.at
FROM stream_partitions AS p CROSS JOIN LATERAL (
    SELECT s.topic, s.partition, s."offset", date_trunc('milliseconds', s.created_at) AS at FROM stream_records AS s
    WHERE s.topic = p.topic AND s.partition = p.partition ORDER BY s."offset" DESC LIMIT $1
) AS r
WHERE right(p.topic, 4) = $2 AND ($3::text IS NULL OR p.topic = $3)
"""

_LIST: Final = f"""
SELECT {", ".join(f"l.{column}" for column in _COLUMNS.split(", "))}
FROM (
    SELECT * FROM ({_LATEST}) AS latest {{after}}
    ORDER BY at DESC, topic COLLATE "C" DESC, partition DESC, "offset" DESC LIMIT $4
) AS chosen JOIN stream_records AS l USING (topic, partition, "offset")
ORDER BY chosen.at DESC, l.topic COLLATE "C" DESC, l.partition DESC, l."offset" DESC
"""

_AFTER: Final = (
    'WHERE (at, topic COLLATE "C", partition, "offset") < ($5::timestamptz, $6::text, $7::integer, $8::bigint)'
)

_PAGE: Final = f"""
SELECT {_COLUMNS} FROM stream_records
WHERE topic = $1 AND (partition, "offset") > ($2, $3) ORDER BY partition, "offset" LIMIT $4
"""

_TAKE: Final = """
DELETE FROM stream_records AS r USING unnest($2::integer[], $3::bigint[]) AS w (partition, "offset")
WHERE r.topic = $1 AND r.partition = w.partition AND r."offset" = w."offset"
RETURNING r.partition, r."offset"
"""


class PgDeadLetterStore:
    """Dead letters of one log."""

    def __init__(self, log: PgLog) -> None:
        self._log = log

    async def counts(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there, none that is empty."""
        async with connected(self._log.pool, "count_dead_letters") as connection:
            return await fetch_map(connection, _COUNT, DLQ_SUFFIX)

    async def page(self, topic: str, *, after: RecordId, limit: int) -> Sequence[DeadLetter]:
        """Return up to *limit* letters of *topic* after a place, in order."""
        async with connected(self._log.pool, "list_dead_letters") as connection:
            return [_read(row) for row in await connection.fetch(_PAGE, topic, *after, limit)]

    async def list(self, page: PageRequest, *, topic: str | None = None) -> Page[DeadLetter]:
        """Return a page of letters, newest first."""
        before = None if page.cursor is None else decode_place_cursor(LISTED, page.cursor)
        if not all_storable(topic):
            return Page([])
        statement = _LIST.format(after="" if before is None else _AFTER)
        key = () if before is None else (before.at_ms, before.topic, before.partition, before.offset)
        async with connected(self._log.pool, "list_dead_letters") as connection:
            rows = await connection.fetch(
                statement, limits.DEAD_LETTERS_LOOKED_AT_MAX, DLQ_SUFFIX, topic, page.limit + 1, *key
            )
        return page_of([_read(row) for row in rows], page)

    async def get(self, topic: str, place: RecordId) -> DeadLetter | None:
        """Return one letter; None when it is not there (any more)."""
        found = await self.page(topic, after=RecordId(place.partition, place.offset - 1), limit=1)
        return found[0] if found and found[0].place == place else None

    async def replay(self, letters: Sequence[DeadLetter]) -> int:
        """Publish letters of one topic to where they came from, and take them out, in one transaction.

        Letters that somebody else has replayed meanwhile are passed over; returns how many were not. What is still
        wrong with a record makes it a dead letter again.
        """
        letters = [letter for letter in letters if letter.is_whole]
        if not letters:
            return 0
        topic = letters[0].topic
        assert all(letter.topic == topic for letter in letters), "one topic at a time"
        await self._log.know({topic.removesuffix(DLQ_SUFFIX)})
        partitions, offsets = zip(*(letter.place for letter in letters), strict=True)
        async with transaction(self._log.pool, "replay_dead_letters") as connection:
            taken = {(row[0], row[1]) for row in await connection.fetch(_TAKE, topic, partitions, offsets)}
            outputs = [letter.again() for letter in sorted(letters, key=_place) if letter.place in taken]
            await self._log.append(connection, outputs)
        return len(outputs)


def _place(letter: DeadLetter) -> RecordId:
    return letter.place


def _read(row: asyncpg.Record) -> DeadLetter:
    topic, partition, offset, key, value, headers, created_at = row
    return DeadLetter.of(Record(topic, partition, offset, key, value, decode_headers(headers), created_at))
