"""What a consumer holds of its partitions, and what it may commit of them."""

import pytest

from alerting_backend.adapters.kafka.dead_letters import KEPT_BYTES, TRUNCATED_HEADER, shortened
from alerting_backend.adapters.kafka.member import Share
from alerting_backend.adapters.kafka.sink import partition_of
from alerting_core.errors import FencedOff
from alerting_core.ports.stream import Record
from tests.support.pipeline import make_output


def records(partition: int, *offsets: int) -> list[Record]:
    return [Record("t", partition, offset, b"k", b"value") for offset in offsets]


def share(*partitions: int) -> Share:
    return Share(partitions, generation=1, member_id="m")


def places(polled: object) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in polled]  # type: ignore[attr-defined]


def test_each_partition_gives_an_equal_part_before_the_rest_is_taken() -> None:
    held = share(0, 1)
    held.hold(0, records(0, *range(10)))
    held.hold(1, records(1, 0, 1))
    assert places(held.hand_out(6, turn=0)) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)]


def test_what_was_handed_out_comes_again_whatever_has_come_since() -> None:
    held = share(0, 1)
    held.hold(0, records(0, *range(5)))
    first = held.hand_out(4, turn=0)
    held.hold(1, records(1, *range(5)))
    assert held.hand_out(4, turn=0) == first
    assert set(first) < set(held.hand_out(8, turn=0))


def test_partitions_take_turns_when_not_all_get_a_part() -> None:
    held = share(0, 1, 2)
    for partition in held.partitions:
        held.hold(partition, records(partition, 0, 1))
    assert [places(Share.hand_out(held, 1, turn=0))[0][0]] == [0]
    held.committed({0: 1})
    assert places(held.hand_out(1, turn=1))[0][0] == 1


def test_a_commit_drops_what_is_done_and_its_bytes() -> None:
    held = share(0)
    held.hold(0, records(0, 3, 5, 9))  # Compaction and transactions leave gaps.
    held.hand_out(3, turn=0)
    held.check({0: 6})
    held.committed({0: 6})
    assert (held.count, held.size) == (1, 5)
    assert places(held.hand_out(3, turn=1)) == [(0, 9)]


def test_only_what_was_polled_from_this_share_can_be_committed_and_never_back() -> None:
    held = share(0, 1)
    held.hold(0, records(0, 4, 5, 6))
    for offsets in ({0: 5}, {1: 1}, {2: 1}):  # Not polled, nothing there, not ours.
        with pytest.raises(FencedOff):
            held.check(offsets)
    held.hand_out(2, turn=0)
    held.check({0: 6})
    for offset in (7, 3):
        with pytest.raises(FencedOff):
            held.check({0: offset})


def test_a_share_is_idle_until_something_is_handed_out() -> None:
    held = share(0)
    assert held.hand_out(5, turn=0) == []
    assert held.idle.is_set()
    held.hold(0, records(0, 0))
    held.hand_out(5, turn=0)
    assert not held.idle.is_set()


@pytest.mark.parametrize(
    ("key", "expected"),
    # What Kafka's own tests of its murmur2 expect, without the sign.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_has_the_partition_that_java_producers_give_it(key: bytes, expected: int) -> None:
    for partitions in (1, 6, 97, 2**31):
        assert partition_of(key, partitions) == (expected & 0x7FFF_FFFF) % partitions


def test_a_dead_letter_is_cut_to_its_beginning_and_says_how_large_it_was() -> None:
    small = make_output("t.dlq", value=b"x" * KEPT_BYTES)
    assert shortened(small) is small
    cut = shortened(make_output("t.dlq", value=b"x" * (KEPT_BYTES + 1), headers=(("dlq-reason", b"large"),)))
    assert len(cut.value) == KEPT_BYTES
    assert cut.headers == (("dlq-reason", b"large"), (TRUNCATED_HEADER, b"%d" % (KEPT_BYTES + 1)))
