"""Partitioned logs as tables, for the platform without a broker: their rows, publishing to them, and consuming them."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final
from zlib import crc32

from alerting_backend.adapters.group_commit import GroupCommit
from alerting_backend.adapters.postgres.connection import Connection, Pool, connected, fetch_map, transaction
from alerting_core.errors import FencedOff, PortContractBroken
from alerting_core.ports.stream import Headers, Offsets, Outgoing, Record, check_sizes, fair_shares

_LENGTH: Final = Struct(">I")


# Nearly all records of a topic have the same few headers.
@lru_cache(maxsize=256)
def encode_headers(headers: Headers) -> bytes | None:
    """Return the column's value; None without headers."""
    if not headers:
        return None
    parts: list[bytes] = []
    for name, value in headers:
        for raw in (name.encode(), value):
            parts += (_LENGTH.pack(len(raw)), raw)
    return b"".join(parts)


@lru_cache(maxsize=256)
def decode_headers(column: bytes | None) -> Headers:
    """Read what `encode_headers` wrote."""
    if column is None:
        return ()
    raw: list[bytes] = []
    at = 0
    while at < len(column):
        (length,) = _LENGTH.unpack_from(column, at)
        at += _LENGTH.size + length
        raw.append(column[at - length : at])
    return tuple((name.decode(), value) for name, value in zip(raw[::2], raw[1::2], strict=True))


class Wakeups:
    """A bell per topic. A ring is a hint: who misses one finds the records at its next look."""

    def __init__(self) -> None:
        self._rings: dict[str, int] = {}
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def ring(self, topics: Iterable[str]) -> None:
        """Wake all who wait for one of *topics*."""
        for topic in topics:
            self._rings[topic] = self._rings.get(topic, 0) + 1
            for waiter in self._waiters.pop(topic, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def mark(self, topic: str) -> int:
        """Return what to hand to `wait`; taken before a look at the topic, so that no ring after the look is lost."""
        return self._rings.get(topic, 0)

    async def wait(self, topic: str, mark: int, *, seconds_max: float) -> None:
        """Return as soon as *topic* rang after *mark*, or after *seconds_max*."""
        if self._rings.get(topic, 0) != mark or seconds_max <= 0:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiters.setdefault(topic, set())
        waiting.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=seconds_max)
        finally:
            waiting.discard(waiter)


PARTITIONS_DEFAULT: Final = 6
"""Partitions of a topic that is written to for the first time, as in production. A topic keeps what it began with."""

_COUNT_PARTITIONS: Final = "SELECT topic, count(*) FROM stream_partitions WHERE topic = ANY ($1::text[]) GROUP BY topic"

_MAKE_PARTITIONS: Final = """
INSERT INTO stream_partitions (topic, partition)
SELECT t.topic, p.partition FROM unnest($1::text[]) AS t (topic), generate_series(0, $2 - 1) AS p (partition)
ORDER BY t.topic, p.partition
ON CONFLICT DO NOTHING
"""

_APPEND: Final = """
WITH locked AS (
    SELECT p.topic, p.partition, p.next_offset
    FROM stream_partitions AS p JOIN unnest($1::text[], $2::integer[]) AS w (topic, partition) USING (topic, partition)
    ORDER BY p.topic, p.partition
    FOR UPDATE OF p
), given AS (
    UPDATE stream_partitions AS p
    SET next_offset = locked.next_offset + w.records
    FROM locked JOIN unnest($1::text[], $2::integer[], $3::bigint[]) AS w (topic, partition, records)
        USING (topic, partition)
    WHERE p.topic = locked.topic AND p.partition = locked.partition
    RETURNING p.topic, p.partition, locked.next_offset AS first
)
INSERT INTO stream_records (topic, partition, "offset", key, value, headers)
SELECT r.topic, r.partition, given.first + r.place, r.key, r.value, r.headers
FROM unnest($4::text[], $5::integer[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[])
    AS r (topic, partition, place, key, value, headers)
JOIN given USING (topic, partition)
"""


class PgLog:
    """All topics of one database, as one process sees them.

    Args:
        pool: Of the worker's role.
        partitions: Of topics that are new.
    """

    def __init__(self, pool: Pool, *, partitions: int = PARTITIONS_DEFAULT) -> None:
        assert partitions >= 1
        self.pool: Final = pool
        self.wakeups: Final = Wakeups()
        self._partitions = partitions
        self._partitions_of: dict[str, int] = {}

    async def know(self, topics: Collection[str]) -> Mapping[str, int]:
        """Return topic → its number of partitions for all topics known so far, *topics* among them.

        Topics that are not there yet are made. Asks the database once per topic.
        """
        unknown = sorted(set(topics) - self._partitions_of.keys())
        if unknown:
            async with connected(self.pool, "know_topics") as connection:
                found = await fetch_map(connection, _COUNT_PARTITIONS, unknown)
                if missing := [topic for topic in unknown if topic not in found]:
                    await connection.execute(_MAKE_PARTITIONS, missing, self._partitions)
                    found |= await fetch_map(connection, _COUNT_PARTITIONS, missing)
            self._partitions_of |= found
        return self._partitions_of

    async def append(self, connection: Connection, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs* in the transaction that *connection* is in. `know` their topics before."""
        if not outputs:
            return
        written: Counter[tuple[str, int]] = Counter()
        places: list[tuple[str, int, int]] = []
        for output in outputs:
            partition = output.topic, crc32(output.key) % self._partitions_of[output.topic]
            places.append((*partition, written[partition]))
            written[partition] += 1
        topics, partitions, ranks = zip(*places, strict=True)
        status = await connection.execute(
            _APPEND,
            [topic for topic, _ in written],
            [partition for _, partition in written],
            list(written.values()),
            topics,
            partitions,
            ranks,
            [output.key for output in outputs],
            [output.value for output in outputs],
            [encode_headers(output.headers) for output in outputs],
        )
        if status != f"INSERT 0 {len(outputs)}":
            raise PortContractBroken(f"{len(outputs)} records were to be written, and Postgres answered {status}")


RECORDS_PER_COMMIT_MAX: Final = 5_000
"""Of several callers together. Some 50 ms of work, for which its partitions are held."""


class PgSink:
    """Publishes to a log; each batch of a group commit is one transaction."""

    def __init__(self, log: PgLog) -> None:
        self._log = log
        self._commits = GroupCommit(self._append, records_max=RECORDS_PER_COMMIT_MAX, fail_waiting=False)

    async def publish(self, outputs: Sequence[Outgoing]) -> None:
        """Append *outputs*, all or none."""
        await self._commits.publish(outputs)

    async def _append(self, outputs: Sequence[Outgoing]) -> None:
        topics = {output.topic for output in outputs}
        await self._log.know(topics)
        async with transaction(self._log.pool, "publish") as connection:
            await self._log.append(connection, outputs)
        self._log.wakeups.ring(topics)


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
