"""The token bucket that spaces out mails."""

from hypothesis import given
from hypothesis import strategies as st

from alerting_backend.adapters.transport.mail_turns import TokenBucket


def test_a_full_bucket_lets_a_burst_pass_and_then_spaces_out() -> None:
    bucket, passed_ms = TokenBucket(2, burst=3), list[int]()
    for now_ms in range(0, 1_501, 100):
        while bucket.take(now_ms=now_ms):
            passed_ms.append(now_ms)
    assert passed_ms == [0, 0, 0, 500, 1_000, 1_500]


def test_tokens_come_back_with_time_and_never_beyond_the_burst() -> None:
    bucket = TokenBucket(2, burst=2)
    assert [bucket.take(now_ms=0) for _ in range(3)] == [True, True, False]
    assert bucket.take(now_ms=500)
    assert [bucket.take(now_ms=1_000_000) for _ in range(3)] == [True, True, False]


def test_it_tells_when_there_is_a_token() -> None:
    bucket = TokenBucket(1)
    assert bucket.wait_ms(now_ms=0) == 0
    assert bucket.take(now_ms=0)
    assert bucket.wait_ms(now_ms=0) == 1_000
    assert bucket.wait_ms(now_ms=999) == 1
    assert not bucket.take(now_ms=999)
    assert bucket.take(now_ms=1_000)


def test_no_rate_means_no_limit() -> None:
    bucket = TokenBucket(0)
    assert all(bucket.take(now_ms=0) for _ in range(1_000))


@given(
    per_second=st.floats(0.1, 100),
    burst=st.integers(1, 10),
    gaps_ms=st.lists(st.integers(0, 3_000), min_size=1, max_size=60),
)
def test_in_no_span_of_time_do_more_pass_than_the_burst_and_the_rate_allow(
    per_second: float, burst: int, gaps_ms: list[int]
) -> None:
    bucket, now_ms, passed = TokenBucket(per_second, burst=burst), 0, list[int]()
    for gap in gaps_ms:
        now_ms += gap
        if bucket.take(now_ms=now_ms):
            passed.append(now_ms)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - passed[first]) * per_second / 1_000
            assert last - first + 1 <= allowed + 1e-6
