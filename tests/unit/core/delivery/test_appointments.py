"""When deliveries come again that a target is too busy for."""

from itertools import pairwise

import pytest

from alerting_core.delivery.appointments import AHEAD_MS, AWAY_MS_MIN, AWAY_SHARE, CLOSER, Appointments, again_at_ms
from alerting_core.delivery.pace import Pace
from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import Reason
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery

BUSY = Pace(is_held=True, spacing_ms=1_000.0, released_at_ms=0.0)


def fresh() -> Claim:
    return make_claim(make_delivery(updated_at_ms=NOW_MS, next_attempt_at_ms=NOW_MS))


def come_again(*, waited_ms: int = 5_000) -> Claim:
    return make_claim(make_delivery(updated_at_ms=NOW_MS - waited_ms, next_attempt_at_ms=NOW_MS))


def due_in_ms(book: Appointments, claim: Claim, pace: Pace = BUSY, *, now_ms: float = 0.0) -> int:
    outcome = book.give(claim, pace, now_ms=now_ms, wall_ms=NOW_MS)
    assert (outcome.event, outcome.attempt, outcome.reason) == (None, None, Reason.RATE_LIMITED)
    assert outcome.next_attempt_at_ms is not None
    return outcome.next_attempt_at_ms - NOW_MS


def test_what_a_target_takes_within_ten_seconds_waits_in_the_sender() -> None:
    book = Appointments()
    assert book.fit(BUSY, now_ms=0.0) == 10
    assert book.fit(BUSY._replace(released_at_ms=5_000.0), now_ms=0.0) == 6
    assert book.fit(BUSY._replace(released_at_ms=60_000.0), now_ms=0.0) == 0
    assert book.admits(fresh(), BUSY, waiting=9, now_ms=0.0)
    assert not book.admits(fresh(), BUSY, waiting=10, now_ms=0.0)


def test_each_of_the_rest_has_a_time_of_its_own() -> None:
    book = Appointments()
    times = [due_in_ms(book, fresh()) for _ in range(20)]
    assert times[0] == AHEAD_MS
    assert {later - earlier for earlier, later in pairwise(times)} == {round(CLOSER * 1_000)}


def test_nothing_is_put_off_for_longer_than_a_minute_or_a_quarter_of_what_it_has_waited() -> None:
    book = Appointments()
    assert max(due_in_ms(book, fresh()) for _ in range(1_000)) == AHEAD_MS + AWAY_MS_MIN
    waited_ms = 10 * AWAY_SHARE * AWAY_MS_MIN
    assert due_in_ms(book, come_again(waited_ms=waited_ms)) > AHEAD_MS + AWAY_MS_MIN
    assert max(due_in_ms(book, come_again(waited_ms=waited_ms)) for _ in range(2_000)) == AHEAD_MS + 10 * AWAY_MS_MIN


def test_a_long_hold_is_waited_for_and_not_looked_at_in_between() -> None:
    asked = BUSY._replace(released_at_ms=3_600_000.0, asked_until_ms=3_600_000.0)
    assert due_in_ms(Appointments(), fresh(), asked) == 3_600_000


@pytest.mark.parametrize(("waited_ms", "due_ms"), [(0, AHEAD_MS), (320_000, 20_000), (7_200_000, 300_000)])
def test_a_pause_of_this_sender_alone_does_not_keep_what_another_could_send(waited_ms: int, due_ms: int) -> None:
    paused = BUSY._replace(released_at_ms=300_000.0, asked_until_ms=1_000.0)
    assert due_in_ms(Appointments(), come_again(waited_ms=waited_ms), paused) == due_ms
    assert again_at_ms(come_again(waited_ms=waited_ms), paused, now_ms=0.0, wall_ms=NOW_MS) == due_ms


def test_what_was_refused_is_not_due_before_its_target_asked_for_it() -> None:
    paused = BUSY._replace(released_at_ms=2_000.0, asked_until_ms=1_000.0)
    assert again_at_ms(fresh(), paused, now_ms=0.0, wall_ms=NOW_MS) == 2_000


def test_who_comes_for_the_first_time_does_not_go_before_those_that_were_given_a_time() -> None:
    book = Appointments()
    for _ in range(30):
        due_in_ms(book, fresh())
    assert not book.admits(fresh(), BUSY, waiting=0, now_ms=0.0)
    assert book.admits(come_again(), BUSY, waiting=0, now_ms=0.0)
