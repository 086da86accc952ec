"""What `Sink` and `Stream` promise of records that are very large."""

import pytest

from alerting_core import limits
from alerting_core.errors import LimitExceeded
from tests.contract.fixtures_stream import Log
from tests.support.pipeline import make_output


async def test_a_record_that_is_too_large_is_refused_and_nothing_of_the_call_is_written(log: Log) -> None:
    too_large = b"x" * (limits.RECORD_VALUE_BYTES_MAX + 1)
    with pytest.raises(LimitExceeded):
        await log.sink.publish([make_output(value=b"small"), make_output(value=too_large)])
    stream = log.new_stream("t", "g")
    with pytest.raises(LimitExceeded):
        await stream.commit([make_output(value=too_large)], {})
    assert await stream.poll(records_max=10, wait_ms=0) == []
    await log.sink.publish([make_output(value=too_large[:-1])])
    (record,) = await stream.poll(records_max=10, wait_ms=0)
    assert len(record.value) == limits.RECORD_VALUE_BYTES_MAX


async def test_a_dead_letter_is_kept_whatever_its_size_so_that_no_record_stops_its_stream(log: Log) -> None:
    large = b"x" * (limits.RECORD_VALUE_BYTES_MAX + 1)
    stream = log.new_stream("t", "g")
    await stream.commit([make_output(topic="t.dlq", value=large)], {})
    (letter,) = await log.new_stream("t.dlq", "g").poll(records_max=10, wait_ms=0)
    assert letter.value == large
