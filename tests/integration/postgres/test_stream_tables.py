"""What streams in Postgres do beyond their port: group commits, wake-ups, bounds, cheap idling, clearing away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alerting_backend.adapters.postgres.connection import Pools, connected, transaction
from alerting_backend.adapters.postgres.stream import stream as stream_module
from alerting_backend.adapters.postgres.stream.stream import RECORDS_PER_COMMIT_MAX, PgLog, PgSink, PgStream
from alerting_core.errors import PortUnavailable
from tests.support.pipeline import make_output


class Statements:
    """Counts the statements of a pool's connections."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _: object) -> None:
        self.count += 1


@asynccontextmanager
async def counted(pools: Pools) -> AsyncIterator[Statements]:
    """Count what the one connection of a pool is asked. Needs a pool with a single connection in use."""
    statements = Statements()
    async with connected(pools.worker, "count") as connection:
        connection.add_query_logger(statements)
    yield statements
    async with connected(pools.worker, "count") as connection:
        connection.remove_query_logger(statements)


async def commits(pools: Pools) -> int:
    """Return how many transactions wrote records: each gives its records one creation time."""
    async with connected(pools.worker, "commits") as connection:
        return int(await connection.fetchval("SELECT count(DISTINCT created_at) FROM stream_records"))


async def test_publishers_that_come_at_once_share_a_few_transactions(pools: Pools) -> None:
    sink = PgSink(PgLog(pools.worker))
    await asyncio.gather(*(sink.publish([make_output(key=b"%d" % number)]) for number in range(200)))
    assert await commits(pools) <= 3


async def test_a_shared_transaction_is_bounded_and_one_call_is_never_split(pools: Pools) -> None:
    sink = PgSink(PgLog(pools.worker))
    large = [make_output(value=b"%d" % number) for number in range(RECORDS_PER_COMMIT_MAX + 1)]
    await asyncio.gather(sink.publish([make_output()]), sink.publish(large), sink.publish([make_output()]))
    assert await commits(pools) == 3


async def test_a_publisher_whose_caller_gave_up_does_not_disturb_the_others(pools: Pools) -> None:
    sink = PgSink(PgLog(pools.worker))
    calls = [asyncio.create_task(sink.publish([make_output(value=b"%d" % number)])) for number in range(10)]
    await asyncio.sleep(0)
    calls[0].cancel()
    calls[5].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(result is None for result in results) == 8
    await sink.publish([make_output(value=b"last")])
    records = await PgStream(PgLog(pools.worker), topic="t", group="g").poll(records_max=99, wait_ms=0)
    assert records[-1].value == b"last"


async def test_when_the_database_is_away_every_publisher_is_told(pools: Pools) -> None:
    sink = PgSink(PgLog(pools.worker))
    await pools.worker.close()
    calls = [sink.publish([make_output()]) for _ in range(5)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, PortUnavailable) for result in results)


async def test_a_reader_is_woken_by_a_commit_of_a_consumer_of_the_same_process(pools: Pools) -> None:
    log = PgLog(pools.worker)
    one, other = PgStream(log, topic="t", group="g"), PgStream(log, topic="u", group="g")
    assert await other.poll(records_max=9, wait_ms=0) == []
    async with asyncio.timeout(20):
        waiting = asyncio.create_task(other.poll(records_max=9, wait_ms=500_000))
        await one.commit([make_output("u")], {})
        assert len(await waiting) == 1


async def test_a_reader_that_found_nothing_asks_again_only_when_it_is_woken_or_after_a_while(pools: Pools) -> None:
    log = PgLog(pools.worker)
    stream, sink = PgStream(log, topic="t", group="g"), PgSink(log)
    assert await stream.poll(records_max=9, wait_ms=1) == []
    async with counted(pools) as statements:
        for _ in range(20):
            assert await stream.poll(records_max=9, wait_ms=1) == []
        assert statements.count == 0
    await sink.publish([make_output()])
    assert len(await stream.poll(records_max=9, wait_ms=1)) == 1


async def test_a_poll_is_bounded_in_bytes_too_and_goes_on_where_it_was(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "POLL_BYTES_MAX", 6 * 2_000)
    log = PgLog(pools.worker)
    stream = PgStream(log, topic="t", group="g")
    await PgSink(log).publish([make_output(value=bytes([number]) * 1_500) for number in range(5)])
    read: list[int] = []
    while records := await stream.poll(records_max=9, wait_ms=0):
        assert len(records) <= 2
        read += [record.value[0] for record in records]
        await stream.commit([], {records[-1].partition: records[-1].offset + 1})
    assert read == [0, 1, 2, 3, 4]


async def test_a_topic_keeps_the_number_of_partitions_that_it_began_with(pools: Pools) -> None:
    await PgSink(PgLog(pools.worker, partitions=3)).publish([make_output(key=b"%d" % n) for n in range(50)])
    later = PgLog(pools.worker, partitions=12)
    await PgSink(later).publish([make_output(key=b"%d" % n) for n in range(50)])
    records = await PgStream(later, topic="t", group="g").poll(records_max=200, wait_ms=0)
    of_key: dict[bytes, set[int]] = {}
    for record in records:
        of_key.setdefault(record.key, set()).add(record.partition)
    assert {partition for found in of_key.values() for partition in found} == {0, 1, 2}
    assert all(len(found) == 1 for found in of_key.values())


async def test_a_commit_whose_answer_was_lost_is_found_out_at_the_next_poll(pools: Pools) -> None:
    log = PgLog(pools.worker)
    await PgSink(log).publish([make_output(value=b"%d" % number) for number in range(4)])
    stream = PgStream(log, topic="t", group="g")
    records = await stream.poll(records_max=2, wait_ms=0)
    async with transaction(pools.worker, "as if by itself") as connection:
        await connection.execute("UPDATE stream_offsets SET next_offset = 2 WHERE partition = $1", records[0].partition)
    with pytest.raises(Exception, match="moved on"):
        await stream.commit([make_output("u")], {records[0].partition: 2})
    assert [record.value for record in await stream.poll(records_max=9, wait_ms=0)] == [b"2", b"3"]
    assert await PgStream(log, topic="u", group="g").poll(records_max=9, wait_ms=0) == []
