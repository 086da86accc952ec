"""Partitioned logs as tables, for the platform without a broker.

Theory of operation. A writer locks the rows of the partitions that it writes to, in a fixed order, and holds them until
it commits: offsets are given out without gaps, and become visible in order. A reader asks `stream_partitions` how far
each partition goes, which costs one small read when nothing is new, and reads exactly what is there. Outputs and
offsets are committed in one transaction. A consumer may commit only on top of the offsets that it has read from: if
another consumer of its group moved them, it is fenced off.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from zlib import crc32

from alerting_backend.adapters.postgres.pools import Connection, Pool, connected, fetch_map
from alerting_backend.adapters.postgres.record_headers import encode_headers
from alerting_backend.adapters.postgres.wakeups import Wakeups
from alerting_core.errors import PortContractBroken
from alerting_core.ports.stream import Outgoing

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
