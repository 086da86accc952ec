"""Laws of the fair share of a poll, which every stream keeps."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from alerting_core.ports.stream import fair_shares

counts = st.dictionaries(st.integers(0, 11), st.integers(0, 50), max_size=12)
limits = st.integers(1, 100)
turns = st.integers(0, 1_000)


@given(counts, counts, limits, turns)
def test_a_share_is_never_more_than_there_is_and_all_shares_fill_the_limit_if_they_can(
    waiting: Mapping[int, int], before: Mapping[int, int], records_max: int, turn: int
) -> None:
    shares = fair_shares(waiting, taken_before=before, records_max=records_max, turn=turn)
    assert all(0 < count <= waiting[partition] for partition, count in shares.items())
    assert sum(shares.values()) == min(records_max, sum(waiting.values()))


@given(counts, limits, turns)
def test_each_partition_with_records_has_a_share_when_there_is_room_for_all(
    waiting: Mapping[int, int], records_max: int, turn: int
) -> None:
    with_records = {partition for partition, count in waiting.items() if count}
    shares = fair_shares(waiting, taken_before={}, records_max=records_max, turn=turn)
    if len(with_records) <= records_max:
        assert shares.keys() == with_records
    else:
        assert set(shares.values()) == {1}


@given(counts, counts, limits, st.integers(0, 100), turns)
def test_asking_again_gives_at_least_what_was_given_before(
    waiting: Mapping[int, int], arrived: Mapping[int, int], records_max: int, more: int, turn: int
) -> None:
    before = fair_shares(waiting, taken_before={}, records_max=records_max, turn=turn)
    grown = {p: waiting.get(p, 0) + arrived.get(p, 0) for p in {*waiting, *arrived}}
    after = fair_shares(grown, taken_before=before, records_max=records_max + more, turn=turn)
    assert all(after.get(partition, 0) >= count for partition, count in before.items())


@given(counts, st.integers(1, 3))
def test_over_the_turns_no_partition_is_left_out(waiting: Mapping[int, int], records_max: int) -> None:
    with_records = {partition for partition, count in waiting.items() if count}
    met = {
        partition
        for turn in range(12)
        for partition in fair_shares(waiting, taken_before={}, records_max=records_max, turn=turn)
    }
    assert met == with_records
