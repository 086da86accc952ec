"""A notification as the JSON that webhooks receive."""

import json

from alerting_core.delivery.plan import render
from alerting_core.delivery.webhook import SignatureVerdict, verify, webhook_body
from alerting_core.domain.alert import Severity
from alerting_core.domain.claim import HttpMessage
from alerting_core.domain.endpoint import SigningSecret
from tests.unit.core.delivery.make import (
    NEXT_SECRET,
    NOW_MS,
    SECRET,
    URL,
    make_claim,
    make_delivery,
    make_notification,
    make_state,
)


def rendered(*, now_ms: int = NOW_MS, **state: object) -> HttpMessage:
    message = render(make_claim(endpoint=make_state(**state)), now_ms=now_ms)
    assert isinstance(message, HttpMessage)
    return message


def test_the_body_has_the_promised_fields_in_the_promised_form() -> None:
    assert json.loads(rendered().body) == {
        "notification_id": "5d0d6a4e-0000-8000-8000-000000000001",
        "client_id": "acme",
        "alert_id": "alert-1",
        "severity": "HIGH",
        "source": "api",
        "name": "timeout",
        "context": {"environment": "prod", "region": "eu-west-1"},
        "annotations": {},
        "rule_ids": ["rule-1", "rule-2"],
        "event_ts": 1_767_323_045,
        "timestamp": "2026-01-02T03:04:05.678Z",
    }
    assert rendered().url == URL


GOLDEN = (
    b'{"notification_id":"5d0d6a4e-0000-8000-8000-000000000001","client_id":"acme","alert_id":"alert-1",'
    b'"severity":"HIGH","source":"api","name":"timeout","context":{"environment":"prod","region":"eu-west-1"},'
    b'"annotations":{"description":"Two\\nlines <b>","runbook_url":"https://wiki.acme.io/a?b=c&d","summary":"It is'
    b' slow \xe2\x98\x83"},"rule_ids":["rule-1","rule-2"],"event_ts":1767323045,"timestamp":"2026-01-02T03:04:05.678Z",'
    b'"status":"firing","starts_at":"2026-01-02T03:04:05.000Z","ends_at":null}'
)
"""The body to the byte: receivers check a signature of it."""


def test_annotations_stand_beside_the_labels_as_the_source_sent_them() -> None:
    annotations = {
        "summary": "It is slow ☃",
        "runbook_url": "https://wiki.acme.io/a?b=c&d",
        "description": "Two\nlines <b>",
    }
    assert webhook_body(make_notification(annotations=annotations, fingerprint="f")) == GOLDEN


def test_the_body_is_the_same_bytes_on_every_attempt_and_in_any_order_of_labels() -> None:
    context = {"b": "1", "a": "2", "ü": "3"}
    body = webhook_body(make_notification(context=context))
    assert body == webhook_body(make_notification(context=dict(reversed(context.items()))))
    body = webhook_body(make_notification(annotations=context))
    assert body == webhook_body(make_notification(annotations=dict(reversed(context.items()))))
    assert rendered(now_ms=NOW_MS).body == rendered(now_ms=NOW_MS + 36_000_000).body


def test_an_unknown_severity_has_a_name() -> None:
    assert json.loads(webhook_body(make_notification(severity=Severity.UNSPECIFIED)))["severity"] == "UNSPECIFIED"


def test_every_attempt_has_the_same_webhook_id_and_a_signature_of_its_own_time() -> None:
    first, second = rendered(now_ms=NOW_MS), rendered(now_ms=NOW_MS + 36_000_000)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == make_notification().notification_id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert verify(second.headers, second.body, [SECRET], now_ms=NOW_MS + 36_000_000) is SignatureVerdict.VALID


def test_after_a_rotation_both_secrets_sign_until_the_old_one_runs_out() -> None:
    secret = SigningSecret(NEXT_SECRET, previous=SECRET, previous_until_ms=NOW_MS + 1)
    during = rendered(secret=secret)
    assert verify(during.headers, during.body, [SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID
    assert verify(during.headers, during.body, [NEXT_SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID
    after = rendered(secret=secret, now_ms=NOW_MS + 1)
    assert verify(after.headers, after.body, [SECRET], now_ms=NOW_MS) is SignatureVerdict.NO_MATCH
    assert verify(after.headers, after.body, [NEXT_SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID


def test_the_endpoints_own_headers_are_sent_and_ours_win() -> None:
    message = rendered(headers={"X-Team": "blue", "Content-Type": "text/plain", "WEBHOOK-ID": "forged"})
    assert message.headers["X-Team"] == "blue"
    assert message.headers["content-type"] == "application/json"
    assert [value for name, value in message.headers.items() if name.lower() == "webhook-id"] == [
        make_notification().notification_id
    ]
    assert len(message.headers) == 5


def test_an_endpoint_without_a_secret_still_says_which_message_it_is() -> None:
    message = rendered(secret=None)
    assert message.headers == {"content-type": "application/json", "webhook-id": make_notification().notification_id}


def test_texts_are_data_and_come_through_unchanged() -> None:
    context = {"html": "<b>&</b>", "rtl": "\u202eמזל", "emoji": "👩‍👩‍👧", "lines": "a\r\nb\t\x07", "empty": ""}
    assert json.loads(webhook_body(make_notification(context=context)))["context"] == context


def test_a_message_does_not_show_its_secrets_when_printed() -> None:
    shown = repr(render(make_claim(make_delivery()), now_ms=NOW_MS))
    assert URL not in shown
    assert "webhook-signature" not in shown
