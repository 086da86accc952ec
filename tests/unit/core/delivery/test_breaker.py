"""When what fails is left alone, and how it is tried again: a circuit that opens at once, with one probe at a time."""

import itertools

import pytest

from alerting_core.delivery.breaker import BREAKER_MOVES, Breaker, BreakerEvent, BreakerPolicy, BreakerState

COOL_DOWN_MS_MIN, COOL_DOWN_MS_MAX, PROBE_MS_MAX = 10_000, 300_000, 15_000
POLICY = BreakerPolicy(
    failures_to_open=1,
    failure_window_ms=60_000,
    cool_down_ms_min=COOL_DOWN_MS_MIN,
    cool_down_ms_max=COOL_DOWN_MS_MAX,
    probes_max=1,
    probe_ms_max=PROBE_MS_MAX,
)
CLOSED = Breaker(POLICY)
OPEN = CLOSED.ended(BreakerEvent.FAILED, now_ms=0)
REPORTED = {BreakerEvent.ATTEMPTED, BreakerEvent.ANSWERED, BreakerEvent.FAILED, BreakerEvent.INCONCLUSIVE}


def test_what_callers_report_moves_every_state() -> None:
    assert set(itertools.product(BreakerState, REPORTED)) <= set(BREAKER_MOVES)


def test_every_state_can_be_left_and_every_move_leads_to_a_state() -> None:
    assert {state for state, _ in BREAKER_MOVES} == set(BreakerState)
    assert {event for _, event in BREAKER_MOVES} == set(BreakerEvent)
    for state in BreakerState:
        assert any(target is not state for (start, _), target in BREAKER_MOVES.items() if start is state)


def test_a_circuit_that_opened_lets_nothing_through_until_its_cool_down_is_over() -> None:
    assert CLOSED.allows(now_ms=0)
    assert (OPEN.state, OPEN.until_ms) == (BreakerState.OPEN, COOL_DOWN_MS_MIN)
    assert not OPEN.allows(now_ms=COOL_DOWN_MS_MIN - 1)
    assert OPEN.allows(now_ms=COOL_DOWN_MS_MIN)


def test_while_one_attempt_probes_no_other_is_let_through() -> None:
    probed = OPEN.begun(now_ms=COOL_DOWN_MS_MIN)
    assert probed.state is BreakerState.HALF_OPEN
    assert not probed.allows(now_ms=COOL_DOWN_MS_MIN)
    assert not probed.allows(now_ms=COOL_DOWN_MS_MIN + PROBE_MS_MAX - 1)
    assert probed.allows(now_ms=COOL_DOWN_MS_MIN + PROBE_MS_MAX), "a probe that is lost makes room for another"


def test_an_attempt_in_spite_of_an_open_circuit_is_a_probe() -> None:
    assert OPEN.begun(now_ms=5).state is BreakerState.HALF_OPEN
    assert OPEN.begun(now_ms=5).ended(BreakerEvent.ANSWERED, now_ms=6) == CLOSED
    again = OPEN.begun(now_ms=5).ended(BreakerEvent.FAILED, now_ms=6)
    assert (again.state, again.until_ms) == (BreakerState.OPEN, 6 + 2 * COOL_DOWN_MS_MIN)


def test_a_probe_that_fails_doubles_the_cool_down_up_to_its_bound() -> None:
    breaker, lengths = OPEN, list[int]()
    for _ in range(8):
        breaker = breaker.begun(now_ms=breaker.until_ms)
        breaker = breaker.ended(BreakerEvent.FAILED, now_ms=breaker.until_ms)
        lengths.append(breaker.cool_down_ms)
    assert lengths[:4] == [20_000, 40_000, 80_000, 160_000]
    assert lengths[4:] == [COOL_DOWN_MS_MAX] * 4


def test_attempts_that_were_under_way_do_not_lengthen_the_cool_down() -> None:
    assert OPEN.ended(BreakerEvent.FAILED, now_ms=5_000) == OPEN
    assert OPEN.ended(BreakerEvent.INCONCLUSIVE, now_ms=5_000) == OPEN


def test_an_answer_closes_any_circuit_and_forgets_its_cool_down() -> None:
    for breaker in (CLOSED, OPEN, OPEN.begun(now_ms=COOL_DOWN_MS_MIN)):
        assert breaker.ended(BreakerEvent.ANSWERED, now_ms=7) == CLOSED


def test_a_probe_that_showed_nothing_lets_the_next_attempt_be_one() -> None:
    untold = OPEN.begun(now_ms=COOL_DOWN_MS_MIN).ended(BreakerEvent.INCONCLUSIVE, now_ms=COOL_DOWN_MS_MIN + 5)
    assert untold.allows(now_ms=COOL_DOWN_MS_MIN + 5)
    assert (untold.state, untold.cool_down_ms) == (BreakerState.OPEN, COOL_DOWN_MS_MIN)


def test_a_probe_beside_one_that_showed_nothing_is_still_waited_for() -> None:
    two = OPEN.begun(now_ms=COOL_DOWN_MS_MIN).begun(now_ms=COOL_DOWN_MS_MIN)
    one = two.ended(BreakerEvent.INCONCLUSIVE, now_ms=COOL_DOWN_MS_MIN + 5)
    assert (one.state, one.probes) == (BreakerState.HALF_OPEN, 1)
    assert not one.allows(now_ms=COOL_DOWN_MS_MIN + 5)


def test_a_closed_circuit_is_not_changed_by_what_shows_nothing() -> None:
    assert CLOSED.begun(now_ms=7) == CLOSED
    assert CLOSED.ended(BreakerEvent.INCONCLUSIVE, now_ms=7) == CLOSED


def test_a_cool_down_of_nothing_asks_every_time() -> None:
    eager = Breaker(BreakerPolicy(1, 60_000, cool_down_ms_min=250, cool_down_ms_max=0, probes_max=1, probe_ms_max=9))
    assert eager.ended(BreakerEvent.FAILED, now_ms=3).allows(now_ms=3)


@pytest.mark.parametrize("back_ms", [1, 86_400_000])
def test_a_clock_that_jumps_back_moves_no_end_away(back_ms: int) -> None:
    jumped = OPEN.as_of(now_ms=-back_ms)
    assert jumped.until_ms <= -back_ms + COOL_DOWN_MS_MIN
    assert jumped.allows(now_ms=COOL_DOWN_MS_MIN - back_ms)
    probed = OPEN.begun(now_ms=0)
    assert probed.allows(now_ms=-back_ms), "how old its probe is cannot be said any more"
