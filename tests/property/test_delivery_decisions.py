"""Laws of retrying, judging and settling, whatever endpoints answer and whenever."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting_core import limits
from alerting_core.delivery.circuits import COOL_DOWN_MS_MAX, Circuits
from alerting_core.delivery.hosts import host_of
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.delivery.retry import (
    UNREACHED_REASONS,
    RetrySchedule,
    judge,
    parse_retry_after,
    retry_delay_ms,
    skip,
)
from alerting_core.domain.claim import HttpReply, Outcome, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import DELIVERY_MOVES, Delivery, DeliveryEvent, DeliveryStatus, Reason
from alerting_core.domain.endpoint import EndpointType, contact_url, read_address, read_url
from alerting_core.domain.endpoint_check import check_endpoint
from alerting_core.domain.notification import NOTIFICATION_MOVES, NotificationEvent, NotificationStatus, settled_by
from tests.property.hostile import hostile_texts
from tests.unit.core.delivery.make import (
    NOW_MS,
    make_claim,
    make_delivery,
    make_endpoint,
    make_notification,
    make_state,
)

schedules = st.builds(
    RetrySchedule,
    st.lists(st.integers(1, limits.RETRY_STEP_MS_MAX), min_size=1, max_size=12).map(tuple),
    st.integers(0, 50),
)
http_replies = st.builds(
    HttpReply,
    st.integers(100, 599) | st.sampled_from([200, 410, 429, 503]),
    st.binary(max_size=64),
    st.none() | st.integers(0, 10**6).map(str) | st.text(max_size=40),
)
smtp_replies = st.builds(SmtpReply, st.integers(200, 599), st.text(max_size=40))
unreached = st.builds(Unreached, st.sampled_from(sorted(UNREACHED_REASONS)), st.text(max_size=40))
replies: st.SearchStrategy[Reply] = http_replies | smtp_replies | unreached
failures: st.SearchStrategy[Reply] = st.sampled_from([HttpReply(500), Unreached(Reason.TIMED_OUT), SmtpReply(421)])


@given(schedules, st.text(max_size=40), st.integers(1, 14), st.none() | st.integers(0, 10**12))
def test_a_wait_is_within_its_bounds(
    schedule: RetrySchedule, delivery_id: str, number: int, retry_after_ms: int | None
) -> None:
    delay_ms = retry_delay_ms(schedule, delivery_id, attempt_number=number, retry_after_ms=retry_after_ms)
    if number >= schedule.attempts_max:
        assert delay_ms is None
        return
    assert delay_ms is not None
    step_ms, percent = schedule.steps_ms[number - 1], schedule.jitter_percent
    assert delay_ms * 100 >= step_ms * (100 - percent)
    if retry_after_ms is None:
        assert delay_ms * 100 <= step_ms * (100 + percent)
    else:
        longest_ms = step_ms + limits.RETRY_AFTER_MS_MAX
        assert min(retry_after_ms, longest_ms) <= delay_ms
        assert delay_ms <= longest_ms or delay_ms * 100 <= step_ms * (100 + percent)


@given(st.none() | st.text(max_size=80) | hostile_texts, st.integers(0, limits.TIME_MS_MAX))
def test_any_retry_after_is_read_or_passed_over(value: str | None, now_ms: int) -> None:
    wait_ms = parse_retry_after(value, now_ms=now_ms)
    assert wait_ms is None or wait_ms >= 0


def moved(delivery: Delivery, outcome: Outcome, *, now_ms: int) -> Delivery:
    """Store *outcome* as every store does."""
    if outcome.event is None:
        return replace(delivery, next_attempt_at_ms=outcome.next_attempt_at_ms)
    return replace(
        delivery,
        status=DELIVERY_MOVES[delivery.status, outcome.event],
        attempts=outcome.attempt.number if outcome.attempt else delivery.attempts,
        reason=outcome.reason,
        next_attempt_at_ms=outcome.next_attempt_at_ms,
        updated_at_ms=now_ms,
    )


@given(st.data(), schedules)
def test_every_sequence_of_answers_ends_in_a_final_state(data: st.DataObject, schedule: RetrySchedule) -> None:
    delivery, now_ms = make_delivery(), NOW_MS
    postponed = 0
    while True:
        reply = data.draw(replies) if postponed < 5 else HttpReply(500)
        claim = make_claim(delivery, owner=f"sender-{delivery.attempts}")
        outcome = judge(claim, reply, schedule=schedule, started_at_ms=now_ms, now_ms=now_ms)
        before, delivery = delivery, moved(delivery, outcome, now_ms=now_ms)
        if outcome.event is None:
            postponed += 1
            assert before.attempts == delivery.attempts
        else:
            assert delivery.attempts == before.attempts + 1
        assert delivery.status.is_final == (delivery.next_attempt_at_ms is None)
        if delivery.next_attempt_at_ms is None:
            break
        assert delivery.next_attempt_at_ms > now_ms or outcome.reason is Reason.RATE_LIMITED
        now_ms = delivery.next_attempt_at_ms
    assert delivery.attempts <= schedule.attempts_max
    delivered = outcome.event is DeliveryEvent.ACCEPTED
    assert (delivery.status is DeliveryStatus.DELIVERED) == delivered == (delivery.reason is Reason.DELIVERED)
    assert outcome.disable_endpoint == (delivery.reason is Reason.GONE)


@given(st.data(), st.integers(1, 30), st.sampled_from([(2_000,), (5_000, 60_000), RetrySchedule().steps_ms]))
def test_a_host_that_stays_dead_ends_every_delivery_in_time(
    data: st.DataObject, count: int, steps_ms: tuple[int, ...]
) -> None:
    schedule = RetrySchedule(steps_ms)
    circuits = Circuits(schedule)
    deliveries = {
        number: make_delivery(notification_id=make_notification(notification_id=f"n{number}").notification_id)
        for number in range(count)
    }
    last_ms = NOW_MS
    while waiting := {n: d for n, d in deliveries.items() if not d.status.is_final}:
        number, delivery = min(waiting.items(), key=lambda item: (item[1].next_attempt_at_ms or 0, item[0]))
        assert delivery.next_attempt_at_ms is not None
        now_ms = max(last_ms, delivery.next_attempt_at_ms)
        claim = make_claim(delivery, owner=f"s{now_ms}")
        outcome = circuits.refuse(claim, now_ms=now_ms)
        if outcome is None:
            reply: Reply = data.draw(failures)
            outcome = judge(claim, reply, schedule=schedule, started_at_ms=now_ms, now_ms=now_ms)
            outcome = circuits.learn(claim, outcome, now_ms=now_ms)
        deliveries[number] = moved(delivery, outcome, now_ms=now_ms)
        last_ms = now_ms
    assert {delivery.status for delivery in deliveries.values()} == {DeliveryStatus.DEAD}
    # What the schedule may take, the wait under way at its longest, and the last postponement.
    in_time_ms = schedule.longest_ms() + schedule.longest_ms(after_attempts=1) + 2 * COOL_DOWN_MS_MAX
    assert last_ms - NOW_MS <= in_time_ms


@given(st.lists(st.sampled_from(DeliveryStatus), max_size=8))
def test_a_notification_is_settled_exactly_when_all_its_deliveries_have_ended(statuses: list[DeliveryStatus]) -> None:
    event = settled_by(statuses)
    assert (event is None) == any(not status.is_final for status in statuses)
    if event is None:
        return
    status = NOTIFICATION_MOVES[NotificationStatus.RECEIVED, event]
    assert status is not NotificationStatus.RECEIVED
    delivered, dead = DeliveryStatus.DELIVERED in statuses, DeliveryStatus.DEAD in statuses
    expected = {
        (False, False): NotificationStatus.SKIPPED,
        (True, False): NotificationStatus.SENT,
        (False, True): NotificationStatus.FAILED,
        (True, True): NotificationStatus.PARTIAL,
    }
    assert status is expected[delivered, dead]
    assert NOTIFICATION_MOVES[status, NotificationEvent.RESENT] is NotificationStatus.RECEIVED


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "d"]),
            st.sampled_from(EndpointType),
            st.sampled_from(["https://acme.dev/1", "https://acme.dev/2", "https://example.com/"]),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_a_plan_tells_each_target_once_in_an_order_of_its_own(
    drawn: list[tuple[str, EndpointType, str, bool]], random: Random
) -> None:
    as_mail = {"https://acme.dev/1": "one@acme.dev", "https://acme.dev/2": "two@acme.dev"}
    endpoints = [
        make_endpoint(
            f"{each_id}{number}",
            as_mail.get(url, "x@example.com,one@acme.dev") if kind is EndpointType.EMAIL else url,
            type=kind,
            enabled=enabled,
        )
        for number, (each_id, kind, url, enabled) in enumerate(drawn)
    ]
    plan = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS)
    assert {(d.type, d.target) for d in plan.deliveries} == {
        (e.type, target) for e in endpoints for target in e.targets
    }
    assert len({d.delivery_id for d in plan.deliveries}) == len(plan.deliveries)
    for delivery in plan.deliveries:
        holders = [e for e in endpoints if e.type is delivery.type and delivery.target in e.targets]
        wanted = any(e.enabled for e in holders) and "example.com" not in delivery.target
        assert (delivery.status is DeliveryStatus.PENDING) == wanted
        assert (delivery.reason is None) == wanted == (delivery.next_attempt_at_ms is not None)
    shuffled = endpoints[:]
    random.shuffle(shuffled)
    assert plan_deliveries(make_notification(), shuffled, now_ms=NOW_MS) == plan


@given(st.booleans(), st.lists(st.sampled_from(["https://acme.dev/1", "https://acme.dev/2"])), st.booleans())
def test_a_claim_is_skipped_exactly_when_its_endpoint_no_longer_wants_it(
    enabled: bool, targets: list[str], deleted: bool
) -> None:
    claim = make_claim(make_delivery("https://acme.dev/1"), endpoint=make_state(enabled=enabled))
    state = None if deleted else replace(make_state(enabled=enabled), targets=tuple(targets))
    outcome = skip(replace(claim, endpoint=state))
    assert (outcome is None) == (not deleted and enabled and "https://acme.dev/1" in targets)
    if outcome is not None:
        assert DELIVERY_MOVES[DeliveryStatus.PENDING, DeliveryEvent.NOT_WANTED] is DeliveryStatus.SKIPPED
        assert outcome.attempt is None


junk = st.none() | st.integers() | st.binary() | hostile_texts | st.lists(st.integers())
header_sets = st.dictionaries(st.none() | st.integers() | hostile_texts, junk, max_size=3)
urls = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp"]),
    st.text("abc.-:@[]%0123456789xéß_\\", max_size=20) | hostile_texts,
    st.sampled_from(["", "/", "/a?b=c", "#x"]),
    hostile_texts | st.just(""),
)


@given(junk | st.sampled_from(EndpointType), junk | urls, junk | header_sets, junk)
def test_any_endpoint_is_checked_without_an_error_and_what_passes_can_be_delivered_to(
    kind: object, value: object, headers: object, secret: object
) -> None:
    problems = check_endpoint(kind, value, headers, secret)
    for problem in problems:
        assert len(problem.detail) < 500
    if not problems:
        assert isinstance(kind, str) and isinstance(value, str)
        for target in make_endpoint(value=value, type=EndpointType(kind)).targets:
            assert host_of(EndpointType(kind), target) != "unreadable"
            assert kind != EndpointType.EMAIL or read_address(target) is not None


@given(st.sampled_from(["slack", "webhook"]), urls)
def test_a_url_that_passes_is_one_line_of_visible_characters(kind: str, url: str) -> None:
    if not check_endpoint(kind, url, None, None):
        assert url.isprintable()
        assert not set(' @#\\<>"') & set(url.split("/", 3)[2])
        assert host_of(EndpointType(kind), url).isascii()


@given(urls)
def test_what_is_contacted_is_the_host_that_was_checked(url: str) -> None:
    if not check_endpoint("webhook", url, None, None):
        contacted = contact_url(url)
        assert contacted.isascii()
        assert read_url(contacted) == read_url(url)


@pytest.mark.parametrize(
    ("url", "contacted"),
    [
        ("https://Bücher.example:8443/a?b", "https://xn--bcher-kva.example:8443/a?b"),
        # A letter that the newer standard of international names takes for another one.
        ("https://\u13a0.example/", "https://xn--kz9a.example/"),
        ("https://EXAMPLE.com/A", "https://EXAMPLE.com/A"),
    ],
)
def test_only_a_host_beyond_ascii_is_spelled_anew(url: str, contacted: str) -> None:
    assert contact_url(url) == contacted
