"""A notification as an Alertmanager would send it, version 4, and only to endpoints that want it so."""

import json
from dataclasses import replace
from typing import Any

import pytest

from alerting_core.delivery.alertmanager import labels_of, prometheus_fingerprint
from alerting_core.delivery.plan import render
from alerting_core.delivery.webhook import SignatureVerdict, verify, webhook_body
from alerting_core.domain.alert import Severity
from alerting_core.domain.claim import HttpMessage
from alerting_core.domain.endpoint import EndpointDraft, EndpointFormat, EndpointType
from alerting_core.domain.endpoint_check import check_draft
from alerting_core.domain.notification import Notification, resolved_notification
from tests.unit.core.delivery.make import NOW_MS, SECRET, make_claim, make_notification, make_state

LABELS = {"alertname": "KubePodCrashLooping", "job": "kubelet", "namespace": "shop", "severity": "warning"}
FIRING = make_notification(
    name="KubePodCrashLooping",
    source="kubelet",
    severity=Severity.MEDIUM,
    context=LABELS,
    fingerprint="f" * 32,
    annotations={"summary": "Restarts again and again", "generatorURL": "http://prometheus.example.com/graph"},
)
RESOLVED = resolved_notification(FIRING, ends_at=FIRING.event_ts + 90, now_ms=NOW_MS)


def read(notification: Notification) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(webhook_body(notification, EndpointFormat.ALERTMANAGER))
    return document


def test_a_firing_alert_has_the_fields_of_version_4() -> None:
    labels = dict(sorted(LABELS.items()))
    assert read(FIRING) == {
        "version": "4",
        "groupKey": '{}:{alertname="KubePodCrashLooping", job="kubelet", namespace="shop", severity="warning"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "acme",
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": {"summary": "Restarts again and again"},
        "externalURL": "",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": {"summary": "Restarts again and again"},
                "startsAt": "2026-01-02T03:04:05.000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example.com/graph",
                "fingerprint": prometheus_fingerprint(LABELS),
            }
        ],
    }


def test_the_end_is_about_the_same_group_and_alert_and_says_when_it_was() -> None:
    firing, resolved = read(FIRING), read(RESOLVED)
    assert (resolved["status"], resolved["alerts"][0]["status"]) == ("resolved", "resolved")
    assert resolved["alerts"][0]["endsAt"] == "2026-01-02T03:05:35.000Z"
    for field in ("groupKey", "groupLabels", "receiver"):
        assert resolved[field] == firing[field]
    for field in ("fingerprint", "labels", "startsAt"):
        assert resolved["alerts"][0][field] == firing["alerts"][0][field]


def test_one_message_that_says_both_is_resolved() -> None:
    assert read(replace(FIRING, ends_at=FIRING.event_ts + 5))["alerts"][0]["status"] == "resolved"


def test_the_fingerprint_is_that_of_prometheus() -> None:
    # From the tests of prometheus/common: model/signature_test.go.
    labels = {"name": "garland, briggs", "fear": "love is not enough"}
    assert prometheus_fingerprint(labels) == f"{5799056148416392346:016x}"
    assert prometheus_fingerprint({}) == f"{14695981039346656037:016x}"


@pytest.mark.parametrize(
    ("severity", "context", "expected"),
    [
        (Severity.HIGH, {"zone": "b"}, {"alertname": "timeout", "severity": "high", "source": "api", "zone": "b"}),
        (Severity.UNSPECIFIED, {}, {"alertname": "timeout", "source": "api"}),
        (
            Severity.HIGH,
            {"severity": "P1", "source": "edge"},
            {"alertname": "timeout", "severity": "P1", "source": "edge"},
        ),
        (Severity.HIGH, {"alertname": "Other"}, {"alertname": "Other"}),
    ],
)
def test_labels_that_came_are_kept_and_an_alert_without_them_is_given_the_usual_ones(
    severity: Severity, context: dict[str, str], expected: dict[str, str]
) -> None:
    assert labels_of(make_notification(severity=severity, context=context)) == expected


def test_the_body_is_the_same_bytes_on_every_attempt_and_holds_any_text() -> None:
    context = {"b": 'say "\\"', "a": "\ud83d", "ü": "two\nlines"}
    body = webhook_body(make_notification(context=context), EndpointFormat.ALERTMANAGER)
    backwards = make_notification(context=dict(reversed(context.items())))
    assert body == webhook_body(backwards, EndpointFormat.ALERTMANAGER)
    assert json.loads(body)["alerts"][0]["labels"]["ü"] == "two\nlines"


def test_an_endpoint_is_sent_its_own_format_signed() -> None:
    for form in EndpointFormat:
        message = render(make_claim(endpoint=make_state(format=form)), now_ms=NOW_MS)
        assert isinstance(message, HttpMessage)
        assert ("groupKey" in json.loads(message.body)) is (form is EndpointFormat.ALERTMANAGER)
        assert verify(message.headers, message.body, [SECRET], now_ms=NOW_MS) is SignatureVerdict.VALID


@pytest.mark.parametrize(
    ("kind", "value", "form", "is_refused"),
    [
        (EndpointType.WEBHOOK, "https://a.io/", "alertmanager", False),
        (EndpointType.WEBHOOK, "https://a.io/", "platform", False),
        (EndpointType.SLACK, "https://a.io/", "platform", False),
        (EndpointType.WEBHOOK, "https://a.io/", "opsgenie", True),
        (EndpointType.SLACK, "https://a.io/", "alertmanager", True),
        (EndpointType.EMAIL, "a@b.io", "alertmanager", True),
    ],
)
def test_only_a_webhook_has_another_format(kind: EndpointType, value: str, form: str, is_refused: bool) -> None:
    problems = check_draft(EndpointDraft(type=kind, value=value, format=form))
    assert [problem.path for problem in problems] == (["format"] if is_refused else [])
