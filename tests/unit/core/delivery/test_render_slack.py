"""A notification as a Slack message."""

import json
from typing import Any

import pytest

from alerting_core.delivery.plan import render
from alerting_core.delivery.slack import slack_message
from alerting_core.domain.alert import Severity
from alerting_core.domain.claim import HttpMessage
from alerting_core.domain.endpoint import EndpointType
from tests.unit.core.delivery.make import NOW_MS, URL, make_claim, make_delivery, make_notification


def parts(**changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    message = json.loads(json.dumps(slack_message(make_notification(**changes))))
    (attachment,) = message["attachments"]
    return message, attachment["blocks"]


def all_text(**changes: Any) -> str:
    return json.dumps(slack_message(make_notification(**changes)), ensure_ascii=False)


def test_the_message_is_posted_to_the_incoming_webhook() -> None:
    message = render(make_claim(make_delivery(type=EndpointType.SLACK)), now_ms=NOW_MS)
    assert isinstance(message, HttpMessage)
    assert (message.url, message.headers) == (URL, {"content-type": "application/json"})
    assert json.loads(message.body)["text"] == "HIGH: timeout (api)"


def test_the_message_says_what_happened_where_and_to_whom() -> None:
    _, blocks = parts()
    assert [block["type"] for block in blocks] == ["header", "section", "section", "context"]
    assert blocks[0]["text"]["text"] == "HIGH – timeout"
    assert [field["text"] for field in blocks[1]["fields"]] == [
        "*Severity*\nHIGH",
        "*Source*\napi",
        "*Name*\ntimeout",
        "*Client*\nacme",
        "*Alert*\nalert-1",
        "*Time*\n2026-01-02 03:04:05 UTC",
    ]
    assert blocks[2]["text"]["text"] == "*environment:* prod\n*region:* eu-west-1"
    footer = blocks[3]["elements"][0]["text"]
    assert footer == "Notification 5d0d6a4e-0000-8000-8000-000000000001 · Rules rule-1, rule-2"


@pytest.mark.parametrize(
    ("severity", "colour"),
    [
        (Severity.CRITICAL, "#dc2626"),
        (Severity.HIGH, "#ea580c"),
        (Severity.MEDIUM, "#ca8a04"),
        (Severity.LOW, "#16a34a"),
        (Severity.UNSPECIFIED, "#6b7280"),
    ],
)
def test_the_colour_says_the_severity(severity: Severity, colour: str) -> None:
    message, _ = parts(severity=severity)
    assert message["attachments"][0]["color"] == colour


def test_nobody_is_called_and_nothing_linked_by_an_alerts_text() -> None:
    text = all_text(name="<!channel> <@U123> <https://evil.dev|bank>", context={"<!here>": "a & b"})
    assert "&lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.dev|bank&gt;" in text
    assert "*&lt;!here&gt;:* a &amp; b" in text
    _, blocks = parts()
    texts = [*blocks[1]["fields"], blocks[2]["text"], blocks[3]["elements"][0]]
    assert all(text["verbatim"] for text in texts)


def test_no_value_can_pass_itself_off_as_another_field() -> None:
    _, blocks = parts(source="api\n*Severity*\nLOW", context={"a": "1\n*b:* 2\u2028*c:* 3"})
    assert blocks[1]["fields"][1]["text"] == "*Source*\napi *Severity* LOW"
    assert blocks[2]["text"]["text"] == "*a:* 1 *b:* 2 *c:* 3"


def test_long_texts_and_many_labels_are_cut_and_counted() -> None:
    _, blocks = parts(name="x" * 10_000, context={f"k{number:02}": "v" * 10_000 for number in range(64)})
    assert blocks[0]["text"]["text"] == "HIGH – " + "x" * 142 + "…"
    lines = "\n".join(block["text"]["text"] for block in blocks[2:-1]).split("\n")
    assert len(lines) == 21
    assert lines[0] == "*k00:* " + "v" * 299 + "…"
    assert lines[-1] == "_… and 44 more_"


def test_an_empty_label_is_shown_as_a_dash_and_no_labels_as_nothing() -> None:
    _, blocks = parts(context={"a": "", "b": " \n "})
    assert blocks[2]["text"]["text"] == "*a:* –\n*b:* –"
    assert [block["type"] for block in parts(context={})[1]] == ["header", "section", "context"]


def test_of_many_rules_the_first_are_named_and_the_rest_counted() -> None:
    _, blocks = parts(rule_ids=tuple(f"r{number}" for number in range(100)))
    assert blocks[-1]["elements"][0]["text"].endswith("Rules r0, r1, r2, r3, r4, and 95 more")


def test_a_test_message_that_no_rule_caused_names_none() -> None:
    _, blocks = parts(rule_ids=())
    assert blocks[-1]["elements"][0]["text"] == "Notification 5d0d6a4e-0000-8000-8000-000000000001"
