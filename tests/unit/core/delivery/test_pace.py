"""How fast a target is sent to, after what it took and what it refused."""

import pytest

from alerting_core import limits
from alerting_core.delivery.pace import FORGOTTEN_MS, PAUSE_MS_MAX, SPACING_MS_MAX, TRIAL_AFTER, TRIAL_SHARE, Pace


def held(*, asked_ms: int = 1_000, took: int = 1, over_ms: float = 0.0) -> Pace:
    """Return the pace of a target that took so many messages and then refused one."""
    pace = Pace().begun(now_ms=1.0, is_first=True)
    for _ in range(took):
        pace = pace.took(begun_at_ms=1.0)
    return pace.refused(begun_at_ms=1.0 + over_ms, now_ms=1.0 + over_ms, asked_ms=asked_ms)


def took_under_pressure(pace: Pace, *, times: int) -> Pace:
    for _ in range(times):
        at_ms = pace.ready_at_ms
        pace = pace.begun(now_ms=at_ms, is_first=False).took(begun_at_ms=at_ms)
    return pace


def test_a_new_target_is_sent_one_message_and_with_each_that_it_takes_one_more_at_once() -> None:
    pace = Pace()
    assert (pace.width, pace.ready_at_ms) == (1, 0.0)
    for number in range(2, 100):
        pace = pace.took(begun_at_ms=0.0)
        assert pace.width == min(number, limits.TARGET_CONCURRENCY_MAX)


def test_a_failure_that_is_no_refusal_makes_it_one_at_a_time_again() -> None:
    assert Pace(width=20).failed().width == 1


@pytest.mark.parametrize(("asked_ms", "wait_ms"), [(0, 1_000), (1_000, 1_000), (60_000, 60_000)])
def test_a_refusal_is_followed_by_the_pause_that_was_asked_for_and_then_by_one_at_a_time(
    asked_ms: int, wait_ms: int
) -> None:
    pace = held(asked_ms=asked_ms, took=10)
    assert (pace.is_held, pace.width) == (True, 1)
    assert pace.ready_at_ms == 1.0 + wait_ms


def test_the_spacing_is_what_was_taken_in_how_much_time() -> None:
    assert held(took=4, over_ms=3_000.0).spacing_ms == 1_000.0
    assert held(took=1).spacing_ms == 1_000.0
    assert held(took=1, asked_ms=3_600_000).spacing_ms == SPACING_MS_MAX
    assert held(took=0).spacing_ms == 0.0


def test_refusals_in_a_row_double_the_pause_up_to_five_minutes_whatever_is_asked() -> None:
    pace, now_ms, pauses = held(took=0), 1_001.0, list[float]()
    for _ in range(12):
        pace = pace.begun(now_ms=now_ms, is_first=False).refused(begun_at_ms=now_ms, now_ms=now_ms, asked_ms=1_000)
        pauses.append(pace.released_at_ms - now_ms)
        now_ms = pace.released_at_ms
    assert pauses[:4] == [2_000, 4_000, 8_000, 16_000]
    assert pauses[-1] == PAUSE_MS_MAX


def test_what_was_under_way_at_the_refusal_is_no_further_one() -> None:
    pace = held()
    again = pace.refused(begun_at_ms=0.5, now_ms=2.0, asked_ms=5_000)
    assert (again.refusals, again.spacing_ms, again.released_at_ms) == (1, pace.spacing_ms, 5_002.0)
    assert pace.took(begun_at_ms=0.5).taken == 0


def test_after_some_messages_a_shorter_spacing_is_tried_and_a_refusal_undoes_it_and_puts_off_the_next() -> None:
    pace = held()
    trial = took_under_pressure(pace, times=TRIAL_AFTER)
    assert trial.spacing_ms == pace.spacing_ms * TRIAL_SHARE
    at_ms = trial.ready_at_ms
    undone = trial.begun(now_ms=at_ms, is_first=False).refused(begun_at_ms=at_ms, now_ms=at_ms, asked_ms=1_000)
    assert (undone.spacing_ms, undone.trial_after) == (pace.spacing_ms, 2 * TRIAL_AFTER)
    assert took_under_pressure(undone, times=2 * TRIAL_AFTER - 1).spacing_ms == pace.spacing_ms
    # Half of the way to what was refused.
    assert took_under_pressure(undone, times=2 * TRIAL_AFTER).spacing_ms == (pace.spacing_ms + trial.spacing_ms) / 2


def test_messages_that_had_not_to_wait_show_nothing_of_a_shorter_spacing() -> None:
    pace = held()
    for number in range(100):
        at_ms = pace.ready_at_ms + number
        pace = pace.begun(now_ms=at_ms, is_first=True).took(begun_at_ms=at_ms)
    assert pace.spacing_ms == held().spacing_ms


def test_a_target_that_takes_everything_again_is_trusted_again_and_begins_as_a_new_one() -> None:
    pace, taken = held(), 0
    while pace.is_held:
        pace, taken = took_under_pressure(pace, times=1), taken + 1
    assert pace == Pace()
    assert taken < 100


def test_a_hold_is_forgotten_when_nothing_was_refused_for_long() -> None:
    pace = held()
    late_ms = pace.released_at_ms + FORGOTTEN_MS + 1
    assert pace.begun(now_ms=late_ms - 2, is_first=True).is_held
    assert pace.begun(now_ms=late_ms, is_first=False).is_held
    assert not pace.begun(now_ms=late_ms, is_first=True).is_held
