"""Each promise of `Sink` and `Stream`."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pytest

from alerting_core.errors import FencedOff
from alerting_core.ports.stream import Record, Stream
from tests.contract.fixtures_stream import Log
from tests.support.pipeline import make_output

KEYS = [f"key-{number}".encode() for number in range(48)]  # More than enough to meet every partition.


def by_partition(records: Iterable[Record]) -> Mapping[int, Sequence[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        found[record.partition].append(record)
    return found


def ends(records: Iterable[Record]) -> Mapping[int, int]:
    return {record.partition: record.offset + 1 for record in records}


async def poll(stream: Stream, *, records_max: int = 1_000, wait_ms: int = 0) -> Sequence[Record]:
    return await stream.poll(records_max=records_max, wait_ms=wait_ms)


async def publish(log: Log, *values: bytes, topic: str = "t", keys: Sequence[bytes] = KEYS) -> None:
    await log.sink.publish([make_output(topic, keys[place % len(keys)], value) for place, value in enumerate(values)])


async def publish_one_per_key(log: Log, value: bytes = b"v") -> None:
    await publish(log, *[value] * len(KEYS))


async def test_a_published_record_is_read_as_it_was_written(log: Log) -> None:
    headers = (("content-type", b"application/x-protobuf"), ("größe", b"\x00\xff"), ("empty", b""))
    outputs = [
        make_output(key="alert 東京".encode(), value=b"\x00\xff\xfe", headers=headers),
        make_output(key=b"", value=b""),
    ]
    await log.sink.publish(outputs)
    records = await poll(log.new_stream("t", "g"))
    found = {(record.topic, record.key, record.value, record.headers) for record in records}
    assert found == {(output.topic, output.key, output.value, output.headers) for output in outputs}
    assert all(record.timestamp_ms > 0 for record in records)


async def test_per_key_the_order_is_kept(log: Log) -> None:
    for turn in range(5):
        await log.sink.publish(
            [make_output(key=key, value=b"%d-%d" % (turn, place)) for place in range(3) for key in KEYS]
        )
    of_key: dict[bytes, list[bytes]] = defaultdict(list)
    for record in await poll(log.new_stream("t", "g")):
        of_key[record.key].append(record.value)
    expected = [b"%d-%d" % (turn, place) for turn in range(5) for place in range(3)]
    assert of_key == dict.fromkeys(KEYS, expected)


async def test_an_empty_sequence_does_nothing(log: Log) -> None:
    await log.sink.publish([])
    assert await poll(log.new_stream("t", "g")) == []


async def test_records_of_one_key_go_to_one_partition_whatever_the_topic(log: Log) -> None:
    for topic in ("t", "u"):
        await publish(log, *[b"v"] * 96, topic=topic)
    partitions: dict[bytes, set[int]] = defaultdict(set)
    for topic in ("t", "u"):
        for record in await poll(log.new_stream(topic, "g")):
            partitions[record.key].add(record.partition)
    assert all(len(found) == 1 for found in partitions.values())
    assert set.union(*partitions.values()) == set(range(6))


async def test_many_publishers_at_once_leave_no_gap_and_lose_nothing(log: Log) -> None:
    values = [[b"%d-%d" % (publisher, place) for place in range(20)] for publisher in range(25)]
    await asyncio.gather(*(publish(log, *some) for some in values))
    records = await poll(log.new_stream("t", "g"))
    assert sorted(record.value for record in records) == sorted(value for some in values for value in some)
    for found in by_partition(records).values():
        assert [record.offset for record in found] == list(range(len(found)))


async def test_at_most_records_max_are_returned(log: Log) -> None:
    await publish_one_per_key(log)
    stream = log.new_stream("t", "g")
    for records_max in (1, 5, 47, 48, 1_000):
        assert len(await poll(stream, records_max=records_max)) == min(records_max, 48)


async def test_polling_again_without_a_commit_returns_the_same_records_and_perhaps_more(log: Log) -> None:
    await publish(log, *[b"early"] * 12, keys=KEYS[:1])
    stream = log.new_stream("t", "g")
    first = await poll(stream, records_max=10)
    assert len(first) == 10
    await publish_one_per_key(log, b"late")
    again = await poll(stream, records_max=10)
    more = await poll(stream, records_max=40)
    assert set(first) == set(again) <= set(more)
    assert len(more) == 40


async def test_within_a_partition_records_come_in_offset_order_without_skipping_any(log: Log) -> None:
    stream = log.new_stream("t", "g")
    expected = 0
    read: list[Record] = []
    for turn in range(8):
        await publish(log, *[b"%d" % turn] * 30)
        expected += 30
        records = await poll(stream, records_max=25)
        read += records
        await stream.commit([], ends(records))
    while records := await poll(stream, records_max=25):
        read += records
        await stream.commit([], ends(records))
    assert len(read) == expected
    for found in by_partition(read).values():
        assert [record.offset for record in found] == list(range(len(found)))


async def test_a_group_that_never_committed_starts_at_the_earliest_record(log: Log) -> None:
    await publish_one_per_key(log, b"before")
    stream = log.new_stream("t", "first")
    records = await poll(stream)
    await stream.commit([], ends(records))
    await publish_one_per_key(log, b"after")
    values = [record.value for record in await poll(log.new_stream("t", "second"))]
    assert sorted(values) == [b"after"] * 48 + [b"before"] * 48


async def test_each_poll_takes_from_all_partitions_that_have_records(log: Log) -> None:
    await publish(log, *[b"v"] * 500, keys=KEYS[:1])
    await publish_one_per_key(log)
    stream = log.new_stream("t", "g")
    assert by_partition(await poll(stream, records_max=12)).keys() == set(range(6))


async def test_no_partition_starves_when_fewer_records_are_taken_than_there_are_partitions(log: Log) -> None:
    await publish(log, *[b"v"] * 480)
    stream = log.new_stream("t", "g")
    met: set[int] = set()
    for _ in range(12):
        records = await poll(stream, records_max=2)
        met |= by_partition(records).keys()
        await stream.commit([], ends(records))
    assert met == set(range(6))


async def test_a_poll_is_empty_after_its_wait_without_any_record(log: Log) -> None:
    stream = log.new_stream("t", "g")
    assert await poll(stream, wait_ms=0) == []
    assert await poll(stream, wait_ms=20) == []


async def test_a_poll_that_waits_returns_as_soon_as_a_record_comes(log: Log) -> None:
    stream = log.new_stream("t", "g")
    assert await poll(stream) == []
    async with asyncio.timeout(20):
        waiting = asyncio.create_task(poll(stream, wait_ms=200_000))
        await publish(log, b"v")
        assert [record.value for record in await waiting] == [b"v"]


async def test_a_commit_makes_outputs_and_offsets_durable(log: Log) -> None:
    await publish_one_per_key(log)
    stream = log.new_stream("t", "g")
    records = await poll(stream)
    await stream.commit([make_output("u", record.key, b"out") for record in records], ends(records))
    assert await poll(stream) == []
    assert await poll(log.new_stream("t", "g")) == []
    assert len(await poll(log.new_stream("u", "g"))) == 48


async def test_a_consumer_that_died_before_its_commit_leaves_all_records_to_the_next(log: Log) -> None:
    await publish_one_per_key(log)
    dead = log.new_stream("t", "g")
    records = await poll(dead)
    for_good = {partition: end for partition, end in ends(records).items() if partition < 3}
    await dead.commit([], for_good)
    await poll(dead)
    read = []
    for _ in range(3):  # The dead one may still be counted as a member of the group.
        read += await poll(log.new_stream("t", "g"))
    assert {r for r in read if r.partition >= 3} <= {r for r in records if r.partition >= 3}
    assert not {r for r in read if r.partition < 3}
    assert read


async def test_groups_do_not_move_each_other(log: Log) -> None:
    await publish_one_per_key(log)
    one, other = log.new_stream("t", "one"), log.new_stream("t", "other")
    records = await poll(one)
    await one.commit([], ends(records))
    assert set(await poll(other)) == set(records)


async def test_a_commit_of_a_part_of_the_batch_leaves_the_rest(log: Log) -> None:
    await publish(log, *[b"%d" % number for number in range(10)], keys=KEYS[:1])
    stream = log.new_stream("t", "g")
    records = await poll(stream)
    await stream.commit([], ends(records[:4]))
    assert [record.value for record in await poll(stream)] == [b"%d" % number for number in range(4, 10)]


async def test_a_commit_without_offsets_publishes_its_outputs(log: Log) -> None:
    stream = log.new_stream("t", "g")
    await stream.commit([make_output("u")], {})
    await stream.commit([], {})
    assert len(await poll(log.new_stream("u", "g"))) == 1


async def test_a_consumer_cannot_commit_partitions_that_another_one_moved_on(log: Log) -> None:
    await publish_one_per_key(log)
    late, quick = log.new_stream("t", "g"), log.new_stream("t", "g")
    seen = await poll(late)
    taken = await poll(quick)
    await quick.commit([], ends(taken))
    taken_back = {**ends(seen), **ends(taken)}
    with pytest.raises(FencedOff):
        await late.commit([make_output("u")], taken_back)


async def test_when_a_commit_raises_the_offsets_are_not_committed(log: Log) -> None:
    await publish_one_per_key(log)
    late, quick = log.new_stream("t", "g"), log.new_stream("t", "g")
    before = {record.partition: record for record in await poll(late)}
    taken = await poll(quick)
    await quick.commit([], ends(taken))
    lag = await quick.lag()
    with pytest.raises(FencedOff):
        await late.commit([], {**dict.fromkeys(before, 1), **ends(taken)})
    assert await quick.lag() == lag


async def test_a_fenced_consumer_polls_again_and_goes_on(log: Log) -> None:
    await publish_one_per_key(log)
    late, quick = log.new_stream("t", "g"), log.new_stream("t", "g")
    await poll(late)
    taken = await poll(quick)
    await quick.commit([], ends(taken))
    with pytest.raises(FencedOff):
        await late.commit([], ends(taken))
    rest = await poll(late)
    assert not set(rest) & set(taken)
    await publish_one_per_key(log, b"new")
    more = await poll(late)
    assert {record.value for record in more} >= {b"new"}
    await late.commit([], ends(more))


async def test_offsets_never_go_back(log: Log) -> None:
    await publish(log, *[b"%d" % number for number in range(10)], keys=KEYS[:1])
    stream = log.new_stream("t", "g")
    records = await poll(stream)
    partition = records[0].partition
    await stream.commit([], {partition: 5})
    with pytest.raises(FencedOff):
        await stream.commit([], {partition: 3})
    await stream.commit([], {partition: 5})
    assert [record.offset for record in await poll(stream)] == [5, 6, 7, 8, 9]


async def test_lag_says_how_many_records_wait_after_the_last_commit(log: Log) -> None:
    stream = log.new_stream("t", "g")
    assert await stream.lag() == dict.fromkeys(range(6), 0)
    await publish_one_per_key(log)
    assert sum((await stream.lag()).values()) == 48
    records = await poll(stream, records_max=20)
    assert sum((await stream.lag()).values()) == 48
    await stream.commit([], ends(records))
    lag = await stream.lag()
    assert sum(lag.values()) == 28
    assert {p: len(found) for p, found in by_partition(await poll(stream)).items()} == {
        p: n for p, n in lag.items() if n
    }
