"""When a delivery that failed is tried again."""

import pytest

from alerting_core import limits
from alerting_core.delivery.retry import DEFAULT_STEPS_MS, RetrySchedule, parse_retry_after, retry_delay_ms
from alerting_core.errors import InvalidInput

NOW_MS = 784_111_777_000
"""Sun, 06 Nov 1994 08:49:37 GMT, the date that RFC 9110 writes in three ways."""


def test_the_default_schedule_waits_5s_5m_30m_2h_5h_10h_10h_within_a_fifth() -> None:
    schedule = RetrySchedule()
    expected_s = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
    assert [step // 1_000 for step in DEFAULT_STEPS_MS] == expected_s
    for number, step_s in enumerate(expected_s, 1):
        for delivery in range(200):
            delay_ms = retry_delay_ms(schedule, f"delivery-{delivery}", attempt_number=number)
            assert delay_ms is not None
            assert step_s * 800 <= delay_ms <= step_s * 1_200


def test_the_attempt_after_the_last_step_has_no_successor() -> None:
    schedule = RetrySchedule()
    assert schedule.attempts_max == 8
    assert retry_delay_ms(schedule, "d", attempt_number=7) is not None
    assert retry_delay_ms(schedule, "d", attempt_number=8) is None
    assert retry_delay_ms(schedule, "d", attempt_number=8, retry_after_ms=1_000) is None


def test_a_replay_decides_the_same_and_deliveries_are_spread() -> None:
    schedule = RetrySchedule()
    delays = [retry_delay_ms(schedule, f"delivery-{number}", attempt_number=1) for number in range(300)]
    assert delays == [retry_delay_ms(schedule, f"delivery-{number}", attempt_number=1) for number in range(300)]
    assert len(set(delays)) > 200
    # A replay by another version must decide the same too.
    assert delays[:3] == [4824, 5976, 5211]


def test_each_attempt_of_a_delivery_is_spread_anew() -> None:
    schedule = RetrySchedule(steps_ms=(10_000,) * 20)
    assert len({retry_delay_ms(schedule, "d", attempt_number=number) for number in range(1, 21)}) > 10


def test_without_jitter_the_steps_are_exact() -> None:
    schedule = RetrySchedule(steps_ms=(1_000, 2_000), jitter_percent=0)
    assert [retry_delay_ms(schedule, "d", attempt_number=number) for number in (1, 2, 3)] == [1_000, 2_000, None]


def test_retry_after_lengthens_a_wait_by_two_hours_at_most_and_never_shortens_it() -> None:
    schedule = RetrySchedule(steps_ms=(10_000,), jitter_percent=0)
    waits = {
        asked_ms: retry_delay_ms(schedule, "d", attempt_number=1, retry_after_ms=asked_ms)
        for asked_ms in (0, 1_000, 10_000, 15_000, 60_000, 86_400_000)
    }
    longest_ms = 10_000 + limits.RETRY_AFTER_MS_MAX
    assert waits == {0: 10_000, 1_000: 10_000, 10_000: 10_000, 15_000: 15_000, 60_000: 60_000, 86_400_000: longest_ms}


@pytest.mark.parametrize(
    ("value", "wait_ms"),
    [
        ("0", 0),
        ("120", 120_000),
        (" 7\t", 7_000),
        ("999999999999", 999_999_999_999_000),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60_000),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60_000),
        ("Sun Nov  6 08:50:37 1994", 60_000),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 06 Nov 1984 08:49:37 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, wait_ms: int) -> None:
    assert parse_retry_after(value, now_ms=NOW_MS) == wait_ms


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "-5",
        "+5",
        "1.5",
        "1e3",
        "٣",
        "9999999999999",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "x" * 9_999,
        "Sun, 06 Nov 99999 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +999999999",
        "\0",
        "()",
        "Sun, ",
    ],
)
def test_a_retry_after_that_cannot_be_read_asks_for_nothing(value: str | None) -> None:
    assert parse_retry_after(value, now_ms=NOW_MS) is None


def test_the_rest_of_a_schedule_shrinks_with_the_attempts_made() -> None:
    schedule = RetrySchedule(steps_ms=(1_000, 2_000, 3_000), jitter_percent=20)
    assert schedule.longest_ms() == 1_200 + 2_400 + 3_600
    # The wait that is under way may be longer by Retry-After.
    more_ms = limits.RETRY_AFTER_MS_MAX
    longest_ms = [schedule.longest_ms(after_attempts=number) for number in (1, 2, 3, 4)]
    assert longest_ms == [1_200 + 2_400 + 3_600 + more_ms, 2_400 + 3_600 + more_ms, 3_600 + more_ms, more_ms]


@pytest.mark.parametrize(
    ("steps_ms", "jitter_percent", "paths"),
    [
        ((), 20, ["steps_ms"]),
        ((1_000,) * (limits.RETRIES_MAX + 1), 20, ["steps_ms"]),
        ((0, 1_000, -1), 20, ["steps_ms[0]", "steps_ms[2]"]),
        ((limits.RETRY_STEP_MS_MAX + 1,), 51, ["steps_ms[0]", "jitter_percent"]),
        ((1_000,), -1, ["jitter_percent"]),
    ],
)
def test_a_schedule_that_nobody_can_mean_is_refused(
    steps_ms: tuple[int, ...], jitter_percent: int, paths: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        RetrySchedule(steps_ms, jitter_percent)
    assert [problem.path for problem in refused.value.problems] == paths
