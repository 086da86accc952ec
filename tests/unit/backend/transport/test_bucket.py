"""The token bucket that spaces out mails."""

from hypothesis import given
from hypothesis import strategies as st

from alerting_backend.adapters.transport.mail import TokenBucket

FOREVER = float("inf")


def test_a_full_bucket_lets_a_burst_pass_and_then_spaces_out() -> None:
    bucket = TokenBucket(2, burst=3)
    waits = [bucket.take(now_ms=0, wait_ms_max=FOREVER) for _ in range(6)]
    assert waits == [0, 0, 0, 500, 1_000, 1_500]


def test_tokens_come_back_with_time_and_never_beyond_the_burst() -> None:
    bucket = TokenBucket(2, burst=2)
    assert [bucket.take(now_ms=0, wait_ms_max=0) for _ in range(3)] == [0, 0, None]
    assert bucket.take(now_ms=500, wait_ms_max=0) == 0
    assert [bucket.take(now_ms=1_000_000, wait_ms_max=0) for _ in range(3)] == [0, 0, None]


def test_who_will_not_wait_that_long_takes_nothing() -> None:
    bucket = TokenBucket(1)
    assert bucket.take(now_ms=0, wait_ms_max=0) == 0
    assert bucket.take(now_ms=0, wait_ms_max=999) is None
    assert bucket.take(now_ms=0, wait_ms_max=1_000) == 1_000


def test_no_rate_means_no_limit() -> None:
    bucket = TokenBucket(0)
    assert [bucket.take(now_ms=0, wait_ms_max=0) for _ in range(1_000)] == [0] * 1_000


@given(
    per_second=st.floats(0.1, 100),
    burst=st.integers(1, 10),
    gaps_ms=st.lists(st.integers(0, 3_000), min_size=1, max_size=60),
    wait_ms_max=st.integers(0, 10_000),
)
def test_in_no_span_of_time_do_more_pass_than_the_burst_and_the_rate_allow(
    per_second: float, burst: int, gaps_ms: list[int], wait_ms_max: int
) -> None:
    bucket, now_ms, passed = TokenBucket(per_second, burst=burst), 0, []
    for gap in gaps_ms:
        now_ms += gap
        if (wait := bucket.take(now_ms=now_ms, wait_ms_max=wait_ms_max)) is not None:
            assert 0 <= wait <= wait_ms_max
            passed.append(now_ms + wait)
    assert passed == sorted(passed)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - passed[first]) * per_second / 1_000
            assert last - first + 1 <= allowed + 1e-6
