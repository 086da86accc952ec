"""Leaving a dead host alone, and coming back to it."""

import pytest

from alerting_core import limits
from alerting_core.delivery.breaker import BreakerState
from alerting_core.delivery.hosts import (
    COOL_DOWN_MS_MAX,
    COOL_DOWN_MS_MIN,
    FAILURE_WINDOW_MS,
    FAILURES_TO_OPEN,
    PROBE_WAIT_MS,
    Breakers,
)
from alerting_core.delivery.retry import RetrySchedule, judge
from alerting_core.domain.claim import Claim, HttpReply, Outcome, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import DeliveryEvent, DeliveryStatus, Reason, derive_attempt_id
from alerting_core.domain.endpoint import EndpointType
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery, make_notification

SCHEDULE = RetrySchedule()
HOST = make_delivery().host
DEAD = Unreached(Reason.CONNECTION_FAILED)


def outcome_of(reply: Reply, claim: Claim | None = None, *, now_ms: int = NOW_MS) -> Outcome:
    return judge(claim or make_claim(), reply, schedule=SCHEDULE, started_at_ms=now_ms, now_ms=now_ms)


def learn(breakers: Breakers, reply: Reply, *, now_ms: int = NOW_MS, host: str = HOST) -> None:
    breakers.learn(host, outcome_of(reply, now_ms=now_ms), now_ms=now_ms)


def state_of(breakers: Breakers) -> BreakerState:
    return breakers.troubled().get(HOST, BreakerState.CLOSED)


def opened(*, now_ms: int = NOW_MS) -> Breakers:
    breakers = Breakers(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN):
        learn(breakers, DEAD, now_ms=now_ms)
    assert state_of(breakers) is BreakerState.OPEN
    return breakers


def is_refused(breakers: Breakers, *, now_ms: int) -> bool:
    fresh = make_claim(make_delivery(created_at_ms=now_ms, updated_at_ms=now_ms))
    return breakers.refuse(fresh, now_ms=now_ms) is not None


def test_five_failures_in_a_row_open_a_circuit() -> None:
    breakers = Breakers(SCHEDULE)
    for number in range(FAILURES_TO_OPEN):
        assert not is_refused(breakers, now_ms=NOW_MS + number)
        learn(breakers, DEAD, now_ms=NOW_MS + number)
    assert is_refused(breakers, now_ms=NOW_MS + FAILURES_TO_OPEN)
    assert breakers.troubled() == {HOST: BreakerState.OPEN}


def test_a_success_in_between_starts_the_count_anew() -> None:
    breakers = Breakers(SCHEDULE)
    for _ in range(10):
        for _ in range(FAILURES_TO_OPEN - 1):
            learn(breakers, DEAD)
        learn(breakers, HttpReply(200))
    assert state_of(breakers) is BreakerState.CLOSED


def test_failures_further_apart_than_a_minute_open_nothing() -> None:
    breakers = Breakers(SCHEDULE)
    for number in range(50):
        learn(breakers, DEAD, now_ms=NOW_MS + number * FAILURE_WINDOW_MS // (FAILURES_TO_OPEN - 1))
    assert state_of(breakers) is BreakerState.CLOSED


@pytest.mark.parametrize(
    "reply",
    [
        Unreached(Reason.TIMED_OUT),
        Unreached(Reason.NAME_NOT_RESOLVED),
        Unreached(Reason.TLS_FAILED),
        HttpReply(500),
        HttpReply(503),
        HttpReply(429),
        SmtpReply(421),
    ],
)
def test_no_answer_and_an_answer_of_distress_are_failures_of_the_host(reply: Reply) -> None:
    breakers = Breakers(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN):
        learn(breakers, reply)
    assert state_of(breakers) is BreakerState.OPEN


@pytest.mark.parametrize("reply", [HttpReply(404), HttpReply(410), HttpReply(302), SmtpReply(450), SmtpReply(550)])
def test_an_answer_about_the_message_is_no_failure_of_the_host(reply: Reply) -> None:
    breakers = Breakers(SCHEDULE)
    for _ in range(3 * FAILURES_TO_OPEN):
        learn(breakers, reply)
    for _ in range(FAILURES_TO_OPEN - 1):
        learn(breakers, DEAD)
    learn(breakers, reply)
    learn(breakers, DEAD)
    assert state_of(breakers) is BreakerState.CLOSED


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED, Reason.RATE_LIMITED])
def test_what_was_decided_on_our_side_says_nothing_of_the_host(reason: Reason) -> None:
    breakers = Breakers(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN - 1):
        learn(breakers, DEAD)
    for _ in range(20):
        learn(breakers, Unreached(reason))
    assert state_of(breakers) is BreakerState.CLOSED
    learn(breakers, DEAD)
    assert state_of(breakers) is BreakerState.OPEN


def test_hosts_do_not_hold_up_each_other() -> None:
    breakers = opened()
    other = make_claim(make_delivery("https://other.acme.dev/"))
    assert breakers.refuse(other, now_ms=NOW_MS) is None


def test_a_held_back_delivery_is_postponed_to_the_reopening_without_an_attempt() -> None:
    claim = make_claim()
    refused = opened().refuse(claim, now_ms=NOW_MS + 1)
    assert refused == Outcome(claim, Reason.CIRCUIT_OPEN, None, next_attempt_at_ms=NOW_MS + COOL_DOWN_MS_MIN)


def test_after_the_cool_down_a_few_probes_are_let_through() -> None:
    breakers = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    verdicts = [is_refused(breakers, now_ms=now_ms) for _ in range(10)]
    assert verdicts == [False] * limits.BREAKER_PROBES_MAX + [True] * (10 - limits.BREAKER_PROBES_MAX)
    waiting = breakers.refuse(make_claim(), now_ms=now_ms)
    assert waiting is not None
    assert waiting.next_attempt_at_ms == now_ms + PROBE_WAIT_MS


def test_an_answer_to_a_probe_closes_the_circuit() -> None:
    breakers = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    assert not is_refused(breakers, now_ms=now_ms)
    learn(breakers, HttpReply(200), now_ms=now_ms)
    assert not any(is_refused(breakers, now_ms=now_ms) for _ in range(100))
    assert breakers.troubled() == {}


def test_each_failed_probe_doubles_the_cool_down_up_to_five_minutes() -> None:
    breakers, now_ms = opened(), NOW_MS
    waits_s: list[int] = []
    for _ in range(8):
        refused = breakers.refuse(make_claim(make_delivery(updated_at_ms=now_ms)), now_ms=now_ms)
        assert refused is not None
        assert refused.next_attempt_at_ms is not None
        waits_s.append((refused.next_attempt_at_ms - now_ms) // 1_000)
        now_ms = refused.next_attempt_at_ms
        assert not is_refused(breakers, now_ms=now_ms)
        learn(breakers, DEAD, now_ms=now_ms)
    assert waits_s == [10, 20, 40, 80, 160, 300, 300, 300]
    assert waits_s[-1] * 1_000 == COOL_DOWN_MS_MAX


def test_a_host_that_came_back_starts_with_the_short_cool_down_again() -> None:
    breakers, now_ms = opened(), NOW_MS
    for wait_ms in (COOL_DOWN_MS_MIN, 2 * COOL_DOWN_MS_MIN):
        now_ms += wait_ms
        assert not is_refused(breakers, now_ms=now_ms)
        learn(breakers, DEAD, now_ms=now_ms)
    now_ms += 4 * COOL_DOWN_MS_MIN
    assert not is_refused(breakers, now_ms=now_ms)
    learn(breakers, HttpReply(204), now_ms=now_ms)
    for _ in range(FAILURES_TO_OPEN):
        learn(breakers, DEAD, now_ms=now_ms)
    assert is_refused(breakers, now_ms=now_ms + COOL_DOWN_MS_MIN - 1)
    assert not is_refused(breakers, now_ms=now_ms + COOL_DOWN_MS_MIN)


def test_attempts_that_began_before_the_opening_do_not_lengthen_the_cool_down() -> None:
    breakers = opened()
    for late_ms in range(30):
        learn(breakers, DEAD, now_ms=NOW_MS + late_ms)
    assert not is_refused(breakers, now_ms=NOW_MS + COOL_DOWN_MS_MIN)


def test_a_late_answer_closes_an_open_circuit() -> None:
    breakers = opened()
    learn(breakers, HttpReply(200), now_ms=NOW_MS + 1)
    assert not is_refused(breakers, now_ms=NOW_MS + 2)


def test_probes_that_never_come_back_make_room_for_others() -> None:
    breakers = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    while not is_refused(breakers, now_ms=now_ms):
        pass
    assert is_refused(breakers, now_ms=now_ms + limits.REQUEST_MS_MAX - 1)
    assert not is_refused(breakers, now_ms=now_ms + limits.REQUEST_MS_MAX)


def test_a_probe_that_was_never_sent_makes_room_for_another() -> None:
    breakers = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    while not is_refused(breakers, now_ms=now_ms):
        pass
    learn(breakers, Unreached(Reason.RATE_LIMITED), now_ms=now_ms)
    assert not is_refused(breakers, now_ms=now_ms)
    assert is_refused(breakers, now_ms=now_ms)


def test_a_clock_that_jumps_back_keeps_no_circuit_open_for_longer_than_its_cool_down() -> None:
    breakers = opened(now_ms=NOW_MS + 86_400_000)
    assert is_refused(breakers, now_ms=NOW_MS)
    assert not is_refused(breakers, now_ms=NOW_MS + COOL_DOWN_MS_MIN)
    while not is_refused(breakers, now_ms=NOW_MS + COOL_DOWN_MS_MIN):
        pass
    assert not is_refused(breakers, now_ms=NOW_MS - 86_400_000)


def test_a_delivery_held_back_for_as_long_as_its_whole_schedule_is_dead_with_a_recorded_attempt() -> None:
    patience_ms = sum(SCHEDULE.steps_ms) * 12 // 10
    claim = make_claim()
    last = opened(now_ms=NOW_MS + patience_ms - 1).refuse(claim, now_ms=NOW_MS + patience_ms - 1)
    assert last is not None
    assert last.event is None
    refused = opened(now_ms=NOW_MS + patience_ms).refuse(claim, now_ms=NOW_MS + patience_ms)
    assert refused is not None
    assert (refused.event, refused.reason) == (DeliveryEvent.GIVEN_UP, Reason.CIRCUIT_OPEN)
    assert refused.attempt is not None
    assert refused.attempt.attempt_id == derive_attempt_id(claim.delivery.delivery_id, claim.owner)
    assert (refused.attempt.number, refused.attempt.status_code, refused.attempt.latency_ms) == (1, None, 0)


def test_a_resent_delivery_has_its_whole_schedule_before_it_however_old_it_is() -> None:
    resent = make_delivery(created_at_ms=NOW_MS - 30 * 86_400_000, updated_at_ms=NOW_MS)
    refused = opened().refuse(make_claim(resent), now_ms=NOW_MS + 1)
    assert refused is not None
    assert refused.event is None


def test_the_last_wait_is_over_before_a_held_back_delivery_is_given_up() -> None:
    waited = make_delivery(status=DeliveryStatus.RETRYING, attempts=SCHEDULE.attempts_max - 1)
    longest_wait_ms = 2 * SCHEDULE.steps_ms[-1]
    refused = opened(now_ms=NOW_MS + longest_wait_ms - 1).refuse(
        make_claim(waited), now_ms=NOW_MS + longest_wait_ms - 1
    )
    assert refused is not None
    assert refused.event is None


def test_the_retries_of_one_delivery_are_not_disturbed() -> None:
    breakers, now_ms, delivery = Breakers(SCHEDULE), NOW_MS, make_delivery()
    waits_ms: list[int] = []
    while True:
        claim = make_claim(delivery, owner=f"sender-{delivery.attempts}")
        assert breakers.refuse(claim, now_ms=now_ms) is None
        outcome = outcome_of(HttpReply(500), claim, now_ms=now_ms)
        breakers.learn(HOST, outcome, now_ms=now_ms)
        if outcome.next_attempt_at_ms is None:
            break
        waits_ms.append(outcome.next_attempt_at_ms - now_ms)
        now_ms = outcome.next_attempt_at_ms
        delivery = make_delivery(status=DeliveryStatus.RETRYING, attempts=delivery.attempts + 1, updated_at_ms=now_ms)
    assert len(waits_ms) == len(SCHEDULE.steps_ms)
    assert all(abs(w - step) <= step * 0.2 for w, step in zip(waits_ms, SCHEDULE.steps_ms, strict=True))


def test_a_bounded_number_of_hosts_is_remembered_and_the_longest_untroubled_is_forgotten() -> None:
    breakers = opened()
    for number in range(limits.BREAKER_HOSTS_MAX - 1):
        learn(breakers, DEAD, host=f"host-{number}:443")
    assert state_of(breakers) is BreakerState.OPEN
    assert is_refused(breakers, now_ms=NOW_MS)
    learn(breakers, DEAD, host="one-more:443")
    assert state_of(breakers) is BreakerState.OPEN
    for number in range(limits.BREAKER_HOSTS_MAX):
        learn(breakers, DEAD, host=f"other-{number}:443")
    assert state_of(breakers) is BreakerState.CLOSED


def test_mail_counts_as_one_host() -> None:
    mail = make_claim(make_delivery("ops@acme.dev", type=EndpointType.EMAIL), make_notification())
    breakers = Breakers(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN):
        breakers.learn("smtp", outcome_of(DEAD, mail), now_ms=NOW_MS)
    assert breakers.refuse(mail, now_ms=NOW_MS) is not None
