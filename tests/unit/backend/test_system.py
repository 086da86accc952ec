"""Time and identity from the operating system."""

import time

from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_core.codec.records import is_uuid


def test_the_clock_tells_unix_milliseconds() -> None:
    before_ms = time.time() * 1_000 - 1
    assert before_ms <= SystemClock().now_ms() <= time.time() * 1_000 + 1


def test_ids_and_bytes_are_fresh_each_time() -> None:
    ids = SystemIds()
    made = {ids.new_uuid() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(is_uuid(each) for each in made)
    assert len({ids.new_bytes(32) for _ in range(1_000)}) == 1_000
    assert len(ids.new_bytes(7)) == 7
