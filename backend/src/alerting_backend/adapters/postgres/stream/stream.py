"""Consuming logs in Postgres."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from alerting_backend.adapters.postgres.pools import Connection, connected, fetch_map, transaction
from alerting_backend.adapters.postgres.stream.log import PgLog, decode_headers
from alerting_core.errors import FencedOff
from alerting_core.ports.stream import Offsets, Outgoing, Record, check_sizes, fair_shares

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
