"""What the answer to an attempt makes of its delivery."""

import pytest

from alerting_core import limits
from alerting_core.delivery.retry import UNREACHED_REASONS, RetrySchedule, judge, skip, skip_reason
from alerting_core.domain.claim import Claim, HttpReply, Outcome, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import DeliveryEvent, DeliveryStatus, Reason, derive_attempt_id
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery, make_state

SCHEDULE = RetrySchedule(steps_ms=(10_000, 20_000), jitter_percent=0)


def judged(reply: Reply, *, attempts: int = 0) -> Outcome:
    status = DeliveryStatus.RETRYING if attempts else DeliveryStatus.PENDING
    claim = make_claim(make_delivery(attempts=attempts, status=status))
    return judge(claim, reply, schedule=SCHEDULE, started_at_ms=NOW_MS - 250, now_ms=NOW_MS)


@pytest.mark.parametrize("reply", [HttpReply(200), HttpReply(204), HttpReply(299), SmtpReply(250, "queued")])
def test_only_success_is_success(reply: Reply) -> None:
    outcome = judged(reply)
    assert (outcome.event, outcome.reason) == (DeliveryEvent.ACCEPTED, Reason.DELIVERED)
    assert outcome.next_attempt_at_ms is None
    assert not outcome.disable_endpoint


RETRIED: list[tuple[Reply, Reason]] = [
    (HttpReply(100), Reason.PROTOCOL_ERROR),
    (HttpReply(301), Reason.HTTP_REDIRECT),
    (HttpReply(304), Reason.HTTP_REDIRECT),
    (HttpReply(400), Reason.HTTP_CLIENT_ERROR),
    (HttpReply(401), Reason.HTTP_CLIENT_ERROR),
    (HttpReply(404), Reason.HTTP_CLIENT_ERROR),
    (HttpReply(422), Reason.HTTP_CLIENT_ERROR),
    (HttpReply(429), Reason.RATE_LIMITED),
    (HttpReply(500), Reason.HTTP_SERVER_ERROR),
    (HttpReply(503), Reason.HTTP_SERVER_ERROR),
    (HttpReply(999), Reason.PROTOCOL_ERROR),
    (SmtpReply(421), Reason.SMTP_TEMPORARY),
    (SmtpReply(354), Reason.PROTOCOL_ERROR),
    *((Unreached(reason), reason) for reason in sorted(UNREACHED_REASONS - {Reason.RATE_LIMITED})),
]
FINAL: list[tuple[Reply, Reason]] = [
    (HttpReply(410), Reason.GONE),
    (SmtpReply(550), Reason.SMTP_PERMANENT),
    (Unreached(Reason.FORBIDDEN_ADDRESS), Reason.FORBIDDEN_ADDRESS),
    (Unreached(Reason.NOT_CONFIGURED), Reason.NOT_CONFIGURED),
]
RETRIED = [each for each in RETRIED if each not in FINAL and each[1] is not Reason.RATE_LIMITED]


@pytest.mark.parametrize(("reply", "reason"), RETRIED)
def test_a_failure_is_tried_again_over_the_whole_schedule(reply: Reply, reason: Reason) -> None:
    outcomes = [judged(reply, attempts=attempts) for attempts in range(3)]
    assert [(each.event, each.next_attempt_at_ms) for each in outcomes] == [
        (DeliveryEvent.RETRY_LATER, NOW_MS + 10_000),
        (DeliveryEvent.RETRY_LATER, NOW_MS + 20_000),
        (DeliveryEvent.GIVEN_UP, None),
    ]
    assert {each.reason for each in outcomes} == {reason}
    assert not any(each.disable_endpoint for each in outcomes)


@pytest.mark.parametrize(("reply", "reason"), FINAL)
def test_a_last_word_is_not_asked_again(reply: Reply, reason: Reason) -> None:
    outcome = judged(reply)
    assert (outcome.event, outcome.reason) == (DeliveryEvent.GIVEN_UP, reason)
    assert outcome.attempt is not None


def test_only_gone_disables_the_endpoint() -> None:
    assert judged(HttpReply(410)).disable_endpoint
    assert not any(judged(reply).disable_endpoint for reply, reason in FINAL if reason is not Reason.GONE)


def test_retry_after_is_honoured_the_longer_of_it_and_the_step() -> None:
    assert judged(HttpReply(503, retry_after="60")).next_attempt_at_ms == NOW_MS + 60_000
    assert judged(HttpReply(503, retry_after="1")).next_attempt_at_ms == NOW_MS + 10_000
    longest_ms = 10_000 + limits.RETRY_AFTER_MS_MAX
    assert judged(HttpReply(503, retry_after="86400")).next_attempt_at_ms == NOW_MS + longest_ms


@pytest.mark.parametrize("attempts", [0, 1, 2])
@pytest.mark.parametrize(
    ("asked", "wait_ms"), [("1", 1_000), ("60", 60_000), (None, 0), ("86400", limits.RETRY_AFTER_MS_MAX)]
)
def test_a_busy_target_is_an_attempt_on_record_and_no_step_of_the_schedule(
    attempts: int, asked: str | None, wait_ms: int
) -> None:
    outcome = judged(HttpReply(429, retry_after=asked), attempts=attempts)
    assert (outcome.event, outcome.reason) == (None, Reason.RATE_LIMITED)
    assert outcome.next_attempt_at_ms == NOW_MS + wait_ms
    assert outcome.attempt is not None
    assert (outcome.attempt.number, outcome.attempt.status_code) == (attempts + 1, 429)


@pytest.mark.parametrize("attempts", [0, 1, 2])
def test_what_our_own_rate_limit_holds_back_costs_no_attempt(attempts: int) -> None:
    outcome = judged(Unreached(Reason.RATE_LIMITED), attempts=attempts)
    assert (outcome.event, outcome.attempt, outcome.reason) == (None, None, Reason.RATE_LIMITED)
    assert outcome.next_attempt_at_ms is not None
    assert NOW_MS < outcome.next_attempt_at_ms <= NOW_MS + limits.REQUEST_MS_MAX


def test_retry_after_means_nothing_on_other_answers() -> None:
    assert judged(HttpReply(500, retry_after="15")).next_attempt_at_ms == NOW_MS + 10_000
    assert judged(HttpReply(410, retry_after="15")).next_attempt_at_ms is None


def test_an_attempt_records_what_happened() -> None:
    attempt = judged(HttpReply(500, b"out of disk"), attempts=1).attempt
    assert attempt is not None
    assert attempt.attempt_id == derive_attempt_id(make_delivery().delivery_id, "sender-1")
    assert (attempt.number, attempt.status_code, attempt.response) == (2, 500, "out of disk")
    assert (attempt.started_at_ms, attempt.latency_ms) == (NOW_MS - 250, 250)
    unreached = judged(Unreached(Reason.TIMED_OUT, "no answer within 15 s")).attempt
    assert unreached is not None
    assert (unreached.status_code, unreached.detail) == (None, "no answer within 15 s")


def test_a_clock_that_jumps_back_makes_no_negative_latency() -> None:
    outcome = judge(make_claim(), HttpReply(200), schedule=SCHEDULE, started_at_ms=NOW_MS, now_ms=NOW_MS - 5_000)
    assert outcome.attempt is not None
    assert outcome.attempt.latency_ms == 0


@pytest.mark.parametrize(
    ("body", "response"),
    [
        (b"a\0b", "a\ufffdb"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("größer 🚨".encode(), "größer 🚨"),
        (b"x" * 50_000, "x" * limits.RESPONSE_BYTES_MAX),
    ],
)
def test_any_answer_can_be_stored(body: bytes, response: str) -> None:
    attempt = judged(HttpReply(500, body)).attempt
    assert attempt is not None
    assert attempt.response == response


def test_who_carried_or_refused_a_mail_is_kept_with_its_attempt() -> None:
    for code in (250, 450, 550):
        attempt = judged(SmtpReply(code, "said", "carried by ses\0" + "x" * 5_000)).attempt
        assert attempt is not None
        assert (attempt.response, attempt.detail[:14], len(attempt.detail)) == ("said", "carried by ses", 1_000)


@pytest.mark.parametrize("reply", [HttpReply(500, b"\xff" * 50_000), SmtpReply(550, "\ud800\0é" * 50_000)])
def test_a_stored_answer_is_bounded_in_bytes(reply: Reply) -> None:
    attempt = judged(reply).attempt
    assert attempt is not None
    assert limits.RESPONSE_BYTES_MAX - 4 < len(attempt.response.encode()) <= limits.RESPONSE_BYTES_MAX
    assert "\0" not in attempt.response


def test_a_transport_that_calls_a_success_unreached_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="delivered"):
        judged(Unreached(Reason.DELIVERED))


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Claim("s", make_delivery(), make_claim().notification, None), Reason.ENDPOINT_DELETED),
        (make_claim(endpoint=make_state(enabled=False)), Reason.ENDPOINT_DISABLED),
        (make_claim(endpoint=make_state("https://new.acme.dev/")), Reason.ENDPOINT_CHANGED),
        (make_claim(endpoint=make_state(enabled=False, targets=())), Reason.ENDPOINT_DISABLED),
    ],
)
def test_what_is_not_wanted_any_more_is_skipped_without_an_attempt(claim: Claim, reason: Reason) -> None:
    assert skip_reason(claim) is reason
    assert skip(claim) == Outcome(claim, reason, DeliveryEvent.NOT_WANTED)


def test_what_is_still_wanted_is_not_skipped() -> None:
    assert skip_reason(make_claim()) is None
    assert skip(make_claim()) is None
