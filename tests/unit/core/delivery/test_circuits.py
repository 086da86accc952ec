"""Leaving a target, or a dead host, alone, and coming back to it."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.delivery.breaker import BreakerState
from alerting_core.delivery.circuits import (
    COOL_DOWN_MS_MAX,
    COOL_DOWN_MS_MIN,
    FAILURE_WINDOW_MS,
    FAILURES_TO_OPEN,
    PROBE_WAIT_MS,
    Circuits,
)
from alerting_core.delivery.retry import RetrySchedule, judge
from alerting_core.domain.claim import Claim, HttpReply, Outcome, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import DeliveryEvent, DeliveryStatus, Reason, derive_attempt_id
from alerting_core.domain.endpoint import EndpointType
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery, make_notification

SCHEDULE = RetrySchedule()
DELIVERY = make_delivery()
HOST = DELIVERY.host
DEAD = Unreached(Reason.CONNECTION_FAILED)


def outcome_of(reply: Reply, claim: Claim | None = None, *, now_ms: int = NOW_MS) -> Outcome:
    return judge(claim or make_claim(), reply, schedule=SCHEDULE, started_at_ms=now_ms, now_ms=now_ms)


def learn(circuits: Circuits, reply: Reply, claim: Claim | None = None, *, now_ms: int = NOW_MS) -> None:
    claim = claim or make_claim()
    circuits.learn(claim, outcome_of(reply, claim, now_ms=now_ms), now_ms=now_ms)


def claim_of(client_id: str, path: str = "hook", *, host: str = HOST, now_ms: int = NOW_MS) -> Claim:
    url = f"https://{host.removesuffix(':443')}/{client_id}/{path}"
    delivery = make_delivery(url, created_at_ms=now_ms, updated_at_ms=now_ms)
    return make_claim(replace(delivery, client_id=client_id), make_notification())


def state_of(circuits: Circuits, claim: Claim | None = None) -> BreakerState:
    return circuits.targets().get((claim or make_claim()).delivery.target_key, BreakerState.CLOSED)


def opened(*, now_ms: int = NOW_MS) -> Circuits:
    circuits = Circuits(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN):
        learn(circuits, DEAD, now_ms=now_ms)
    assert state_of(circuits) is BreakerState.OPEN
    return circuits


def is_refused(circuits: Circuits, *, now_ms: int) -> bool:
    fresh = make_claim(make_delivery(created_at_ms=now_ms, updated_at_ms=now_ms))
    return circuits.refuse(fresh, now_ms=now_ms) is not None


def test_five_failures_in_a_row_open_a_circuit() -> None:
    circuits = Circuits(SCHEDULE)
    for number in range(FAILURES_TO_OPEN):
        assert not is_refused(circuits, now_ms=NOW_MS + number)
        learn(circuits, DEAD, now_ms=NOW_MS + number)
    assert is_refused(circuits, now_ms=NOW_MS + FAILURES_TO_OPEN)
    assert circuits.targets() == {DELIVERY.target_key: BreakerState.OPEN}
    assert circuits.hosts() == {}


def test_a_success_in_between_starts_the_count_anew() -> None:
    circuits = Circuits(SCHEDULE)
    for _ in range(10):
        for _ in range(FAILURES_TO_OPEN - 1):
            learn(circuits, DEAD)
        learn(circuits, HttpReply(200))
    assert state_of(circuits) is BreakerState.CLOSED


def test_failures_further_apart_than_a_minute_open_nothing() -> None:
    circuits = Circuits(SCHEDULE)
    for number in range(50):
        learn(circuits, DEAD, now_ms=NOW_MS + number * FAILURE_WINDOW_MS // (FAILURES_TO_OPEN - 1))
    assert state_of(circuits) is BreakerState.CLOSED


@pytest.mark.parametrize(
    "reply",
    [
        Unreached(Reason.TIMED_OUT),
        Unreached(Reason.NAME_NOT_RESOLVED),
        Unreached(Reason.TLS_FAILED),
        HttpReply(500),
        HttpReply(503),
        SmtpReply(421),
    ],
)
def test_no_answer_and_an_answer_of_distress_are_failures_of_the_target(reply: Reply) -> None:
    circuits = Circuits(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN):
        learn(circuits, reply)
    assert state_of(circuits) is BreakerState.OPEN


@pytest.mark.parametrize(
    "reply", [HttpReply(404), HttpReply(410), HttpReply(429), HttpReply(302), SmtpReply(450), SmtpReply(550)]
)
def test_an_answer_about_the_message_is_no_failure_of_the_target(reply: Reply) -> None:
    circuits = Circuits(SCHEDULE)
    for _ in range(3 * FAILURES_TO_OPEN):
        learn(circuits, reply)
    for _ in range(FAILURES_TO_OPEN - 1):
        learn(circuits, DEAD)
    learn(circuits, reply)
    learn(circuits, DEAD)
    assert state_of(circuits) is BreakerState.CLOSED


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED, Reason.RATE_LIMITED])
def test_what_was_decided_on_our_side_says_nothing_of_the_target(reason: Reason) -> None:
    circuits = Circuits(SCHEDULE)
    for _ in range(FAILURES_TO_OPEN - 1):
        learn(circuits, DEAD)
    for _ in range(20):
        learn(circuits, Unreached(reason))
    assert state_of(circuits) is BreakerState.CLOSED
    learn(circuits, DEAD)
    assert state_of(circuits) is BreakerState.OPEN


def test_targets_do_not_hold_up_each_other() -> None:
    circuits = opened()
    other = make_claim(make_delivery("https://other.acme.dev/"))
    assert circuits.refuse(other, now_ms=NOW_MS) is None


def test_a_held_back_delivery_is_postponed_to_the_reopening_without_an_attempt() -> None:
    claim = make_claim()
    refused = opened().refuse(claim, now_ms=NOW_MS + 1)
    assert refused == Outcome(claim, Reason.CIRCUIT_OPEN, None, next_attempt_at_ms=NOW_MS + COOL_DOWN_MS_MIN)


def test_after_the_cool_down_a_few_probes_are_let_through() -> None:
    circuits = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    verdicts = [is_refused(circuits, now_ms=now_ms) for _ in range(10)]
    assert verdicts == [False] * limits.BREAKER_PROBES_MAX + [True] * (10 - limits.BREAKER_PROBES_MAX)
    waiting = circuits.refuse(make_claim(), now_ms=now_ms)
    assert waiting is not None
    assert waiting.next_attempt_at_ms == now_ms + PROBE_WAIT_MS


def test_an_answer_to_a_probe_closes_the_circuit() -> None:
    circuits = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    assert not is_refused(circuits, now_ms=now_ms)
    learn(circuits, HttpReply(200), now_ms=now_ms)
    assert not any(is_refused(circuits, now_ms=now_ms) for _ in range(100))
    assert circuits.targets() == {}


def test_each_failed_probe_doubles_the_cool_down_up_to_five_minutes() -> None:
    circuits, now_ms = opened(), NOW_MS
    waits_s: list[int] = []
    for _ in range(8):
        refused = circuits.refuse(make_claim(make_delivery(updated_at_ms=now_ms)), now_ms=now_ms)
        assert refused is not None
        assert refused.next_attempt_at_ms is not None
        waits_s.append((refused.next_attempt_at_ms - now_ms) // 1_000)
        now_ms = refused.next_attempt_at_ms
        assert not is_refused(circuits, now_ms=now_ms)
        learn(circuits, DEAD, now_ms=now_ms)
    assert waits_s == [10, 20, 40, 80, 160, 300, 300, 300]
    assert waits_s[-1] * 1_000 == COOL_DOWN_MS_MAX


def test_a_host_that_came_back_starts_with_the_short_cool_down_again() -> None:
    circuits, now_ms = opened(), NOW_MS
    for wait_ms in (COOL_DOWN_MS_MIN, 2 * COOL_DOWN_MS_MIN):
        now_ms += wait_ms
        assert not is_refused(circuits, now_ms=now_ms)
        learn(circuits, DEAD, now_ms=now_ms)
    now_ms += 4 * COOL_DOWN_MS_MIN
    assert not is_refused(circuits, now_ms=now_ms)
    learn(circuits, HttpReply(204), now_ms=now_ms)
    for _ in range(FAILURES_TO_OPEN):
        learn(circuits, DEAD, now_ms=now_ms)
    assert is_refused(circuits, now_ms=now_ms + COOL_DOWN_MS_MIN - 1)
    assert not is_refused(circuits, now_ms=now_ms + COOL_DOWN_MS_MIN)


def test_attempts_that_began_before_the_opening_do_not_lengthen_the_cool_down() -> None:
    circuits = opened()
    for late_ms in range(30):
        learn(circuits, DEAD, now_ms=NOW_MS + late_ms)
    assert not is_refused(circuits, now_ms=NOW_MS + COOL_DOWN_MS_MIN)


def test_a_late_answer_closes_an_open_circuit() -> None:
    circuits = opened()
    learn(circuits, HttpReply(200), now_ms=NOW_MS + 1)
    assert not is_refused(circuits, now_ms=NOW_MS + 2)


def test_probes_that_never_come_back_make_room_for_others() -> None:
    circuits = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    while not is_refused(circuits, now_ms=now_ms):
        pass
    assert is_refused(circuits, now_ms=now_ms + limits.REQUEST_MS_MAX - 1)
    assert not is_refused(circuits, now_ms=now_ms + limits.REQUEST_MS_MAX)


def test_a_probe_that_was_never_sent_makes_room_for_another() -> None:
    circuits = opened()
    now_ms = NOW_MS + COOL_DOWN_MS_MIN
    while not is_refused(circuits, now_ms=now_ms):
        pass
    learn(circuits, Unreached(Reason.RATE_LIMITED), now_ms=now_ms)
    assert not is_refused(circuits, now_ms=now_ms)
    assert is_refused(circuits, now_ms=now_ms)


def test_a_clock_that_jumps_back_keeps_no_circuit_open_for_longer_than_its_cool_down() -> None:
    circuits = opened(now_ms=NOW_MS + 86_400_000)
    assert is_refused(circuits, now_ms=NOW_MS)
    assert not is_refused(circuits, now_ms=NOW_MS + COOL_DOWN_MS_MIN)
    while not is_refused(circuits, now_ms=NOW_MS + COOL_DOWN_MS_MIN):
        pass
    assert not is_refused(circuits, now_ms=NOW_MS - 86_400_000)


def test_what_was_held_back_for_as_long_as_its_schedule_is_sent_once_before_it_is_dead() -> None:
    patience_ms = SCHEDULE.longest_ms()
    claim = make_claim()
    last = opened(now_ms=NOW_MS + patience_ms - 1).refuse(claim, now_ms=NOW_MS + patience_ms - 1)
    assert last is not None
    assert last.event is None
    circuits = opened(now_ms=NOW_MS + patience_ms)
    assert circuits.refuse(claim, now_ms=NOW_MS + patience_ms) is None
    failed = outcome_of(HttpReply(500), claim, now_ms=NOW_MS + patience_ms)
    dead = circuits.learn(claim, failed, now_ms=NOW_MS + patience_ms)
    assert (dead.event, dead.reason, dead.next_attempt_at_ms) == (
        DeliveryEvent.GIVEN_UP,
        Reason.HTTP_SERVER_ERROR,
        None,
    )


def test_a_target_that_is_too_busy_on_the_last_chance_is_there_and_is_waited_for() -> None:
    late_ms = NOW_MS + SCHEDULE.longest_ms()
    circuits, claim = opened(now_ms=late_ms), make_claim()
    assert circuits.refuse(claim, now_ms=late_ms) is None
    busy = outcome_of(HttpReply(429, retry_after="1"), claim, now_ms=late_ms)
    assert circuits.learn(claim, busy, now_ms=late_ms) == busy
    assert state_of(circuits, claim) is BreakerState.CLOSED


def test_what_was_sent_before_is_dead_with_a_recorded_attempt_when_its_schedule_is_over() -> None:
    waited_ms = SCHEDULE.longest_ms(after_attempts=1)
    claim = make_claim(make_delivery(status=DeliveryStatus.RETRYING, attempts=1))
    refused = opened(now_ms=NOW_MS + waited_ms).refuse(claim, now_ms=NOW_MS + waited_ms)
    assert refused is not None
    assert (refused.event, refused.reason) == (DeliveryEvent.GIVEN_UP, Reason.CIRCUIT_OPEN)
    assert refused.attempt is not None
    assert refused.attempt.attempt_id == derive_attempt_id(claim.delivery.delivery_id, claim.owner)
    assert (refused.attempt.number, refused.attempt.status_code, refused.attempt.latency_ms) == (2, None, 0)


def test_a_resent_delivery_has_its_whole_schedule_before_it_however_old_it_is() -> None:
    resent = make_delivery(created_at_ms=NOW_MS - 30 * 86_400_000, updated_at_ms=NOW_MS)
    refused = opened().refuse(make_claim(resent), now_ms=NOW_MS + 1)
    assert refused is not None
    assert refused.event is None


def test_the_last_wait_is_over_before_a_held_back_delivery_is_given_up() -> None:
    waited = make_delivery(status=DeliveryStatus.RETRYING, attempts=SCHEDULE.attempts_max - 1)
    longest_wait_ms = SCHEDULE.longest_ms(after_attempts=SCHEDULE.attempts_max - 1)
    assert longest_wait_ms >= SCHEDULE.steps_ms[-1] + limits.RETRY_AFTER_MS_MAX
    refused = opened(now_ms=NOW_MS + longest_wait_ms - 1).refuse(
        make_claim(waited), now_ms=NOW_MS + longest_wait_ms - 1
    )
    assert refused is not None
    assert refused.event is None


def test_the_retries_of_one_delivery_are_not_disturbed() -> None:
    circuits, now_ms, delivery = Circuits(SCHEDULE), NOW_MS, make_delivery()
    waits_ms: list[int] = []
    while True:
        claim = make_claim(delivery, owner=f"sender-{delivery.attempts}")
        assert circuits.refuse(claim, now_ms=now_ms) is None
        outcome = outcome_of(HttpReply(500), claim, now_ms=now_ms)
        circuits.learn(claim, outcome, now_ms=now_ms)
        if outcome.next_attempt_at_ms is None:
            break
        waits_ms.append(outcome.next_attempt_at_ms - now_ms)
        now_ms = outcome.next_attempt_at_ms
        delivery = make_delivery(status=DeliveryStatus.RETRYING, attempts=delivery.attempts + 1, updated_at_ms=now_ms)
    assert len(waits_ms) == len(SCHEDULE.steps_ms)
    assert all(abs(w - step) <= step * 0.2 for w, step in zip(waits_ms, SCHEDULE.steps_ms, strict=True))


def test_a_bounded_number_of_targets_is_remembered_and_those_of_the_oldest_news_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "TARGETS_REMEMBERED_MAX", 100)
    circuits = opened()
    for number in range(99):
        learn(circuits, HttpReply(500), claim_of("acme", f"{number}"))
    assert state_of(circuits) is BreakerState.OPEN
    learn(circuits, HttpReply(500), claim_of("acme", "one-more"))
    assert state_of(circuits) is BreakerState.CLOSED


def test_two_clients_with_the_same_url_learn_nothing_from_each_other() -> None:
    circuits = opened()
    same = replace(make_delivery(), client_id="another")
    assert circuits.refuse(make_claim(same), now_ms=NOW_MS) is None


def dead_host(*claims: Claim, reply: Reply = DEAD) -> Circuits:
    """Return what is known when each of *claims* in turn has failed, twice around."""
    circuits = Circuits(SCHEDULE)
    for claim in claims * 2:
        learn(circuits, reply, claim)
    return circuits


def test_a_host_is_left_alone_when_several_targets_of_two_clients_find_nobody_there() -> None:
    claims = [claim_of("a", "1"), claim_of("a", "2"), claim_of("b", "1")]
    circuits = dead_host(*claims)
    assert circuits.hosts() == {HOST: BreakerState.OPEN}
    assert circuits.targets() == {}
    assert all(circuits.refuse(claim, now_ms=NOW_MS) is not None for claim in claims)


@pytest.mark.parametrize(
    "claims",
    [[claim_of("a", f"{number}") for number in range(20)], [claim_of("a", "1"), claim_of("b", "1")]],
    ids=["one client", "two targets"],
)
def test_what_one_client_or_few_targets_say_is_no_verdict_about_a_host(claims: list[Claim]) -> None:
    circuits = dead_host(*claims, *claims, *claims)
    assert circuits.hosts() == {}


@pytest.mark.parametrize("reply", [HttpReply(500), HttpReply(429), HttpReply(404), Unreached(Reason.PROTOCOL_ERROR)])
def test_whoever_answers_is_there_whatever_the_answer_is(reply: Reply) -> None:
    claims = [claim_of(f"client-{number}") for number in range(10)]
    assert dead_host(*claims, reply=reply).hosts() == {}


def test_a_target_that_has_not_failed_itself_is_sent_to_whatever_others_say_of_the_host() -> None:
    circuits = dead_host(*(claim_of(f"client-{number}") for number in range(10)))
    assert circuits.hosts() == {HOST: BreakerState.OPEN}
    well = claim_of("well")
    assert all(circuits.refuse(well, now_ms=NOW_MS) is None for _ in range(100))
    learn(circuits, HttpReply(200), well)
    assert circuits.hosts() == {}


def test_many_targets_of_one_client_do_not_hide_those_of_another() -> None:
    circuits = Circuits(SCHEDULE)
    learn(circuits, DEAD, claim_of("b"))
    for number in range(20):
        learn(circuits, DEAD, claim_of("a", f"{number}"))
    assert circuits.hosts() == {HOST: BreakerState.OPEN}


def test_all_mail_is_of_one_host() -> None:
    circuits = Circuits(SCHEDULE)
    for number in range(FAILURES_TO_OPEN):
        to = replace(make_delivery(f"ops@acme{number}.dev", type=EndpointType.EMAIL), client_id=f"client-{number}")
        learn(circuits, DEAD, make_claim(to, make_notification()))
    assert circuits.hosts() == {"smtp": BreakerState.OPEN}
