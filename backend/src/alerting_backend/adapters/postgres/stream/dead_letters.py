"""The dead letters in the logs in Postgres."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from alerting_backend.adapters.postgres.connection import connected, fetch_map, transaction
from alerting_backend.adapters.postgres.stream.stream import PgLog, decode_headers
from alerting_backend.adapters.postgres.tables import all_storable
from alerting_core import limits
from alerting_core.ports import catalog, operations, stream

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
            return await fetch_map(connection, _COUNT, stream.DLQ_SUFFIX)

    async def page(self, topic: str, *, after: operations.RecordId, limit: int) -> Sequence[operations.DeadLetter]:
        """Return up to *limit* letters of *topic* after a place, in order."""
        async with connected(self._log.pool, "list_dead_letters") as connection:
            return [_read(row) for row in await connection.fetch(_PAGE, topic, *after, limit)]

    async def list(self, page: catalog.PageRequest, *, topic: str | None = None) -> catalog.Page[operations.DeadLetter]:
        """Return a page of letters, newest first."""
        before = None if page.cursor is None else catalog.decode_place_cursor(operations.LISTED, page.cursor)
        if not all_storable(topic):
            return catalog.Page([])
        statement = _LIST.format(after="" if before is None else _AFTER)
        key = () if before is None else (before.at_ms, before.topic, before.partition, before.offset)
        async with connected(self._log.pool, "list_dead_letters") as connection:
            rows = await connection.fetch(
                statement, limits.DEAD_LETTERS_LOOKED_AT_MAX, stream.DLQ_SUFFIX, topic, page.limit + 1, *key
            )
        return operations.page_of([_read(row) for row in rows], page)

    async def get(self, topic: str, place: operations.RecordId) -> operations.DeadLetter | None:
        """Return one letter; None when it is not there (any more)."""
        found = await self.page(topic, after=operations.RecordId(place.partition, place.offset - 1), limit=1)
        return found[0] if found and found[0].place == place else None

    async def replay(self, letters: Sequence[operations.DeadLetter]) -> int:
        """Publish letters of one topic to where they came from, and take them out, in one transaction.

        Letters that somebody else has replayed meanwhile are passed over; returns how many were not. What is still
        wrong with a record makes it a dead letter again.
        """
        letters = [letter for letter in letters if letter.is_whole]
        if not letters:
            return 0
        topic = letters[0].topic
        assert all(letter.topic == topic for letter in letters), "one topic at a time"
        await self._log.know({topic.removesuffix(stream.DLQ_SUFFIX)})
        partitions, offsets = zip(*(letter.place for letter in letters), strict=True)
        async with transaction(self._log.pool, "replay_dead_letters") as connection:
            taken = {(row[0], row[1]) for row in await connection.fetch(_TAKE, topic, partitions, offsets)}
            outputs = [letter.again() for letter in sorted(letters, key=_place) if letter.place in taken]
            await self._log.append(connection, outputs)
        return len(outputs)


def _place(letter: operations.DeadLetter) -> operations.RecordId:
    return letter.place


def _read(row: asyncpg.Record) -> operations.DeadLetter:
    topic, partition, offset, key, value, headers, created_at = row
    return operations.DeadLetter.of(
        stream.Record(topic, partition, offset, key, value, decode_headers(headers), created_at)
    )
