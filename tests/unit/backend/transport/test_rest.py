"""How long a mail provider that fails is left alone."""

import itertools

from alerting_backend.adapters.transport.rest import (
    REST_MOVES,
    REST_MS_MAX,
    REST_MS_MIN,
    TRIAL_MS_MAX,
    Rest,
    RestEvent,
    RestState,
    move_rest,
)

RESTING = move_rest(Rest(), RestEvent.FAILED, now_ms=0, said="it was away")


def test_every_move_is_in_the_table() -> None:
    assert set(REST_MOVES) == set(itertools.product(RestState, RestEvent))


def test_a_provider_that_failed_is_passed_by_until_its_rest_is_over() -> None:
    assert not Rest().passes_by(now_ms=0)
    assert (RESTING.state, RESTING.until_ms, RESTING.said) == (RestState.RESTING, REST_MS_MIN, "it was away")
    assert RESTING.passes_by(now_ms=REST_MS_MIN - 1)
    assert not RESTING.passes_by(now_ms=REST_MS_MIN)


def test_while_one_mail_is_its_trial_others_pass_it_by() -> None:
    trial = move_rest(RESTING, RestEvent.ASKED, now_ms=REST_MS_MIN)
    assert trial.state is RestState.ON_TRIAL
    assert trial.passes_by(now_ms=REST_MS_MIN)
    assert not trial.passes_by(now_ms=REST_MS_MIN + TRIAL_MS_MAX), "a trial that is lost makes room for another"


def test_a_trial_that_fails_doubles_the_rest_up_to_its_bound() -> None:
    rest, lengths = RESTING, list[int]()
    for _ in range(8):
        rest = move_rest(rest, RestEvent.ASKED, now_ms=rest.until_ms)
        rest = move_rest(rest, RestEvent.FAILED, now_ms=rest.until_ms, said="still away")
        lengths.append(rest.length_ms)
    assert lengths[:4] == [20_000, 40_000, 80_000, 160_000]
    assert lengths[4:] == [REST_MS_MAX] * 4
    assert rest.said == "still away"


def test_mails_that_were_under_way_do_not_lengthen_the_rest() -> None:
    assert move_rest(RESTING, RestEvent.FAILED, now_ms=5_000, said="again") == RESTING
    assert move_rest(RESTING, RestEvent.UNTOLD, now_ms=5_000) == RESTING


def test_a_mail_that_is_served_ends_all_rest() -> None:
    trial = move_rest(RESTING, RestEvent.ASKED, now_ms=REST_MS_MIN)
    for rest in (Rest(), RESTING, trial):
        assert move_rest(rest, RestEvent.SERVED, now_ms=7) == Rest()


def test_a_trial_that_showed_nothing_lets_the_next_mail_be_one() -> None:
    trial = move_rest(RESTING, RestEvent.ASKED, now_ms=REST_MS_MIN)
    untold = move_rest(trial, RestEvent.UNTOLD, now_ms=REST_MS_MIN + 5)
    assert not untold.passes_by(now_ms=REST_MS_MIN + 5)
    assert (untold.state, untold.length_ms) == (RestState.RESTING, REST_MS_MIN)


def test_a_provider_that_is_well_is_not_changed_by_being_asked() -> None:
    for event in (RestEvent.ASKED, RestEvent.UNTOLD):
        assert move_rest(Rest(), event, now_ms=7) == Rest()
