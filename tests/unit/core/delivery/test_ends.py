"""Where the end of an alert is told, when, and in which words."""

import json
from dataclasses import replace
from typing import Any

import pytest

from alerting_core.delivery.email import email_subject, render_email
from alerting_core.delivery.ends import FIRING_LOOK_MS_MIN, hold_for_firing, plan_end
from alerting_core.delivery.retry import skip_reason
from alerting_core.delivery.slack import slack_message
from alerting_core.delivery.text import RESOLVED_COLOUR, duration_shown
from alerting_core.delivery.webhook import webhook_body
from alerting_core.domain.claim import Claim
from alerting_core.domain.delivery import DeliveryEvent, DeliveryStatus, FollowedDelivery, Reason, derive_delivery_id
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.notification import (
    Notification,
    NotificationKind,
    NotificationStatus,
    derive_notification_id,
    resolved_notification,
)
from tests.unit.core.delivery.make import NOW_MS, make_claim, make_delivery, make_notification, make_state

ENDS_AT = 1_767_323_045 + 3_720
LATER_MS = NOW_MS + 60_000

FIRING = make_notification(
    notification_id=derive_notification_id("acme", "alert-1"), fingerprint="f1", status=NotificationStatus.SENT
)
RESOLVED = resolved_notification(FIRING, ends_at=ENDS_AT, now_ms=LATER_MS)
BOTH = replace(FIRING, ends_at=ENDS_AT)


def firing_delivery(target: str = "https://hooks.acme.dev/alerts", **changes: Any) -> Any:
    return make_delivery(target, notification_id=FIRING.notification_id, **changes)


def following(followed: FollowedDelivery | None) -> Claim:
    (delivery,) = plan_end(RESOLVED, [firing_delivery()], now_ms=NOW_MS).deliveries
    return replace(make_claim(delivery, RESOLVED), followed=followed)


def test_the_end_is_a_notification_of_its_own_that_says_what_the_firing_said() -> None:
    assert RESOLVED.notification_id == derive_notification_id("acme", "alert-1", "", NotificationKind.RESOLVED)
    assert (
        replace(
            FIRING,
            notification_id=RESOLVED.notification_id,
            kind=NotificationKind.RESOLVED,
            ends_at=ENDS_AT,
            firing_notification_id=FIRING.notification_id,
            status=NotificationStatus.RECEIVED,
            created_at_ms=LATER_MS,
            updated_at_ms=LATER_MS,
        )
        == RESOLVED
    )
    assert RESOLVED.firing_ref == FIRING.ref
    assert FIRING.firing_ref is None


def test_no_alert_is_over_before_it_began() -> None:
    assert resolved_notification(FIRING, ends_at=1, now_ms=LATER_MS).ends_at == FIRING.event_ts


def test_ids_of_ends_and_of_private_alerts_never_meet() -> None:
    kinds, owners = list(NotificationKind), ["", "acme", "RESOLVED"]
    ids = {
        derive_notification_id("acme", alert_id, o, k) for alert_id in ("a", "acme", "") for o in owners for k in kinds
    }
    assert len(ids) == 3 * len(owners) * len(kinds)


def test_an_end_is_planned_for_each_target_of_the_firing_whatever_became_of_it() -> None:
    mail = firing_delivery("ann@acme.dev", type=EndpointType.EMAIL, endpoint_id="endpoint-2")
    delivered = replace(firing_delivery(), status=DeliveryStatus.DELIVERED, attempts=3, next_attempt_at_ms=None)
    dead = replace(mail, status=DeliveryStatus.DEAD, reason=Reason.SMTP_PERMANENT, next_attempt_at_ms=None)
    plan = plan_end(RESOLVED, [delivered, dead], now_ms=LATER_MS)
    assert plan.ref == RESOLVED.ref
    assert plan.deliveries == tuple(
        replace(
            one,
            delivery_id=derive_delivery_id(RESOLVED.notification_id, one.type, one.target),
            notification_id=RESOLVED.notification_id,
            status=DeliveryStatus.PENDING,
            attempts=0,
            reason=None,
            created_at_ms=LATER_MS,
            updated_at_ms=LATER_MS,
            next_attempt_at_ms=LATER_MS,
            follows=one.delivery_id,
        )
        for one in (delivered, dead)
    )


def test_what_follows_a_delivery_that_has_not_ended_looks_at_it_soon_whenever_that_is_due() -> None:
    for due_at_ms in (NOW_MS, LATER_MS + 60_000):
        waiting = replace(firing_delivery(), status=DeliveryStatus.RETRYING, next_attempt_at_ms=due_at_ms)
        (planned,) = plan_end(RESOLVED, [waiting], now_ms=LATER_MS).deliveries
        assert planned.next_attempt_at_ms == LATER_MS + FIRING_LOOK_MS_MIN


def test_what_follows_an_attempt_under_way_looks_again_soon_since_its_end_may_be_recorded_in_the_same_moment() -> None:
    outcome = hold_for_firing(
        following(FollowedDelivery(DeliveryStatus.PENDING, None, has_arrived=False)), now_ms=LATER_MS
    )
    assert outcome is not None
    assert outcome.next_attempt_at_ms == LATER_MS + FIRING_LOOK_MS_MIN


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.DEAD, DeliveryStatus.SKIPPED])
def test_where_the_firing_arrived_the_end_is_told(status: DeliveryStatus) -> None:
    # DEAD and SKIPPED: it had arrived before somebody had it resent.
    assert hold_for_firing(following(FollowedDelivery(status, None, has_arrived=True)), now_ms=LATER_MS) is None


@pytest.mark.parametrize(
    "followed",
    [
        FollowedDelivery(DeliveryStatus.DEAD, None, has_arrived=False),
        FollowedDelivery(DeliveryStatus.SKIPPED, None, has_arrived=False),
        None,
    ],
)
def test_where_the_firing_did_not_arrive_the_end_is_skipped(followed: FollowedDelivery | None) -> None:
    outcome = hold_for_firing(following(followed), now_ms=LATER_MS)
    assert outcome is not None
    assert (outcome.event, outcome.reason) == (DeliveryEvent.NOT_WANTED, Reason.FIRING_NOT_TOLD)
    assert outcome.attempt is None


@pytest.mark.parametrize("has_arrived", [False, True])
@pytest.mark.parametrize("due_in_ms", [-5, 0, FIRING_LOOK_MS_MIN + 1, 36_000_000])
def test_while_the_firing_is_under_way_the_end_waits_without_an_attempt(due_in_ms: int, has_arrived: bool) -> None:
    firing = FollowedDelivery(DeliveryStatus.RETRYING, LATER_MS + due_in_ms, has_arrived)
    outcome = hold_for_firing(following(firing), now_ms=LATER_MS)
    assert outcome is not None
    assert (outcome.event, outcome.reason, outcome.attempt) == (None, Reason.WAITS_FOR_FIRING, None)
    assert outcome.next_attempt_at_ms == LATER_MS + max(due_in_ms, FIRING_LOOK_MS_MIN)


def test_a_delivery_that_follows_none_waits_for_none() -> None:
    assert hold_for_firing(make_claim(), now_ms=NOW_MS) is None


def test_an_endpoint_that_does_not_want_ends_gets_firings_alone() -> None:
    state = make_state(send_resolved=False)
    assert skip_reason(make_claim(notification=FIRING, endpoint=state)) is None
    assert skip_reason(make_claim(notification=BOTH, endpoint=state)) is None
    assert skip_reason(make_claim(notification=RESOLVED, endpoint=state)) is Reason.RESOLVED_NOT_WANTED
    assert skip_reason(make_claim(notification=RESOLVED, endpoint=make_state())) is None


def body(notification: Notification) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(webhook_body(notification))
    return read


def test_a_webhook_says_how_the_alert_stands_and_since_when() -> None:
    event = body(make_notification())
    assert {key: value for key, value in body(FIRING).items() if key not in event} == {
        "status": "firing",
        "starts_at": "2026-01-02T03:04:05.000Z",
        "ends_at": None,
    }


def test_the_webhook_of_an_end_names_that_of_the_firing() -> None:
    event = body(make_notification())
    assert {key: value for key, value in body(RESOLVED).items() if key not in event} == {
        "status": "resolved",
        "starts_at": "2026-01-02T03:04:05.000Z",
        "ends_at": "2026-01-02T04:06:05.000Z",
        "firing_notification_id": FIRING.notification_id,
    }


def test_one_webhook_that_says_both_is_resolved_and_names_no_other() -> None:
    said = body(BOTH)
    assert (said["status"], said["ends_at"]) == ("resolved", "2026-01-02T04:06:05.000Z")
    assert "firing_notification_id" not in said


@pytest.mark.parametrize("notification", [RESOLVED, BOTH])
def test_slack_shows_an_end_in_its_own_colour_with_how_long_it_fired(notification: Notification) -> None:
    message = json.dumps(slack_message(notification))
    assert slack_message(notification)["text"] == "Resolved: HIGH: timeout (api)"
    assert RESOLVED_COLOUR in message
    for expected in ("*Ended*\\n2026-01-02 04:06:05 UTC", "*Duration*\\n1 h 2 min", '"Resolved: HIGH'):
        assert expected in message
    assert "Resolved" not in json.dumps(slack_message(FIRING))


@pytest.mark.parametrize("notification", [RESOLVED, BOTH])
def test_a_mail_shows_an_end_in_its_own_colour_with_how_long_it_fired(notification: Notification) -> None:
    mail = render_email(make_claim(notification=notification))
    assert mail.subject == email_subject(notification) == "Resolved: HIGH - timeout"
    assert mail.text.startswith("Resolved HIGH alert: timeout\n")
    for expected in ("Ended:        2026-01-02 04:06:05 UTC", "Duration:     1 h 2 min"):
        assert expected in mail.text
    assert RESOLVED_COLOUR in mail.html
    assert "Resolved" in mail.html
    assert "Resolved" not in render_email(make_claim(notification=FIRING)).html


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (3_601, "1 h"),
        (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (86_460, "1 d"),
        (31 * 86_400, "31 d"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(seconds: int, shown: str) -> None:
    assert duration_shown(seconds) == shown
