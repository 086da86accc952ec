"""What the log in memory does beyond its port: sharing partitions out, fencing, and keeping itself small."""

import pytest

from alerting_core import limits
from alerting_core.errors import FencedOff, LimitExceeded
from alerting_core.memory.database import MemoryClock
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemoryStream
from alerting_core.ports.stream import Outgoing, Record


def _records(count: int, topic: str = "t") -> list[Outgoing]:
    return [Outgoing(topic, str(number).encode(), b"v") for number in range(count)]


async def _read_all(stream: MemoryStream) -> list[Record]:
    records = list(await stream.poll(records_max=10_000, wait_ms=0))
    await stream.commit((), {record.partition: record.offset + 1 for record in records})
    return records


async def test_consumers_of_a_group_share_the_partitions() -> None:
    log = MemoryLog(clock=MemoryClock())
    log.append(_records(60))
    first, second = (MemoryStream(log, topic="t", group="g", member=name) for name in ("a", "b"))
    read = [{record.partition for record in await _read_all(stream)} for stream in (first, second)]
    assert read[0] | read[1] == set(range(6))
    assert not read[0] & read[1]


async def test_who_left_is_fenced_off_and_the_others_take_over() -> None:
    log = MemoryLog(clock=MemoryClock())
    log.append(_records(60))
    first, second = (MemoryStream(log, topic="t", group="g", member=name) for name in ("a", "b"))
    records = await first.poll(records_max=100, wait_ms=0)
    log.leave("g", "t", "a")
    with pytest.raises(FencedOff):
        await first.commit((), {records[0].partition: 1})
    assert len(await _read_all(second)) == 60


async def test_a_refused_commit_writes_no_outputs() -> None:
    log = MemoryLog(clock=MemoryClock())
    log.append(_records(10))
    stream = MemoryStream(log, topic="t", group="g", member="a")
    log.leave("g", "t", "a")
    with pytest.raises(FencedOff):
        await stream.commit(_records(3, topic="out"), {0: 0})
    assert sum(log.end_offsets("out")) == 0


async def test_what_every_group_has_read_is_dropped_beyond_the_bound() -> None:
    log = MemoryLog(clock=MemoryClock(), partitions=1, records_kept_max=10)
    quick, slow = (MemoryStream(log, topic="t", group=group) for group in ("quick", "slow"))
    log.append(_records(100))
    await _read_all(quick)
    assert len(log.read("t", 0, offset=0, records_max=1_000)) == 100
    assert [record.offset for record in await _read_all(slow)] == list(range(100))
    assert [record.offset for record in log.read("t", 0, offset=0, records_max=1_000)] == list(range(90, 100))
    assert log.end_offsets("t") == [100]


async def test_a_topic_that_nobody_reads_is_bounded_too() -> None:
    log = MemoryLog(clock=MemoryClock(), partitions=1, records_kept_max=10)
    for _ in range(20):
        log.append(_records(10, topic="t.dlq"))
    assert [record.offset for record in log.read("t.dlq", 0, offset=0, records_max=1_000)] == list(range(190, 200))


async def test_a_group_that_comes_late_begins_at_the_earliest_record_kept() -> None:
    log = MemoryLog(clock=MemoryClock(), partitions=1, records_kept_max=10)
    early = MemoryStream(log, topic="t", group="early")
    log.append(_records(50))
    await _read_all(early)
    late = MemoryStream(log, topic="t", group="late")
    assert [record.offset for record in await _read_all(late)] == list(range(40, 50))


def test_a_record_beyond_the_bound_is_refused_and_nothing_with_it_is_written() -> None:
    log = MemoryLog(clock=MemoryClock())
    large = Outgoing("t", b"k", bytes(limits.RECORD_VALUE_BYTES_MAX + 1))
    with pytest.raises(LimitExceeded):
        log.append([*_records(2), large])
    assert sum(log.end_offsets("t")) == 0


def test_the_tail_of_a_topic_comes_newest_first() -> None:
    clock = MemoryClock()
    log = MemoryLog(clock=clock)
    for output in _records(20):
        clock.advance(1)
        log.append([output])
    assert [record.key for record in log.tail("t", limit=3)] == [b"19", b"18", b"17"]
