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
        "*Time*\n2026-01-02 03:04:05 UTC",
        "*Client*\nacme",
    ]
    assert blocks[2]["text"]["text"] == "*environment:* prod\n*region:* eu-west-1"
    footer = blocks[3]["elements"][0]["text"]
    assert footer == "Alert alert-1 · Notification 5d0d6a4e-0000-8000-8000-000000000001 · Rules rule-1, rule-2"


@pytest.mark.parametrize(
    ("severity", "colour"),
    [
        (Severity.CRITICAL, "#dc2626"),
        (Severity.HIGH, "#ea580c"),
        (Severity.MEDIUM, "#ca8a04"),
        (Severity.LOW, "#2563eb"),
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
    # In code nothing is bold, as the names of our fields are.
    assert blocks[1]["fields"][1]["text"] == "*Source*\n`api *Severity* LOW`"
    assert blocks[2]["text"]["text"] == "*a:* `1 *b:* 2 *c:* 3`"


def test_long_texts_and_many_labels_are_cut_and_counted() -> None:
    _, blocks = parts(name="x" * 10_000, context={f"k{number:02}": "v" * 10_000 for number in range(64)})
    assert blocks[0]["text"]["text"] == "HIGH – " + "x" * 142 + "…"
    lines = "\n".join(block["text"]["text"] for block in blocks[2:-1]).split("\n")
    assert len(lines) == 14
    assert lines[0] == "*k00:* " + "v" * 299 + "…"
    assert lines[-1] == "_… and 51 more_"
    _, blocks = parts(context={f"k{number:02}": "v" for number in range(64)})
    lines = blocks[2]["text"]["text"].split("\n")
    assert (len(lines), lines[-1]) == (21, "_… and 44 more_")


def test_an_empty_label_is_shown_as_a_dash_and_no_labels_as_nothing() -> None:
    _, blocks = parts(context={"a": "", "b": " \n "})
    assert blocks[2]["text"]["text"] == "*a:* –\n*b:* –"
    assert [block["type"] for block in parts(context={})[1]] == ["header", "section", "context"]


def test_of_many_rules_the_first_are_named_and_the_rest_counted() -> None:
    _, blocks = parts(rule_ids=tuple(f"r{number}" for number in range(100)))
    assert blocks[-1]["elements"][0]["text"].endswith("Rules r0, r1, r2, r3, r4, and 95 more")


def test_a_test_message_that_no_rule_caused_names_none() -> None:
    _, blocks = parts(rule_ids=())
    assert blocks[-1]["elements"][0]["text"] == "Alert alert-1 · Notification 5d0d6a4e-0000-8000-8000-000000000001"


SAID = {
    "summary": "Pod payments/api-7 is crash looping",
    "description": "Waits since 5 minutes.\n\n  panic: no database\nSee <https://wiki.acme.io/pods>.",
    "runbook_url": "https://runbooks.acme.io/crash?a=1&b=2",
    "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    "impact": "orders wait",
}


def test_what_is_wrong_comes_first_with_its_lines_then_links_then_the_rest() -> None:
    _, blocks = parts(annotations=SAID, context={"zone": "a", "team": "payments", "alertname": "x"})
    assert [block["type"] for block in blocks] == ["header", *["section"] * 5, "context"]
    assert blocks[1]["text"] == {"type": "plain_text", "text": SAID["summary"], "emoji": False}
    assert blocks[2]["text"] == {"type": "plain_text", "text": SAID["description"], "emoji": False}
    assert blocks[3]["text"]["text"] == (
        "<https://runbooks.acme.io/crash?a=1&amp;b=2|Runbook> (runbooks.acme.io)\n"
        "<http://prometheus:9090/graph?g0.expr=up|Query> (prometheus:9090)\n"
        "<https://wiki.acme.io/pods|wiki.acme.io/pods>"
    )
    assert blocks[5]["text"]["text"] == "*team:* payments\n*alertname:* x\n*zone:* a\n*impact:* orders wait"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"annotations": SAID}, "HIGH: timeout – Pod payments/api-7 is crash looping"),
        (
            {"annotations": SAID, "context": {"instance": "10.0.0.1:80"}},
            "HIGH: timeout – Pod payments/api-7 is crash looping (10.0.0.1:80)",
        ),
        ({"annotations": {"summary": "db-3 is full"}, "context": {"host": "db-3"}}, "HIGH: timeout – db-3 is full"),
        ({"annotations": {"description": "a\nb"}, "context": {}}, "HIGH: timeout – a"),
        ({"context": {"pod": "api-7", "instance": "10.0.0.1:80"}}, "HIGH: timeout – api-7, 10.0.0.1:80"),
        ({"context": {"summary": "of a label", "namespace": "web"}}, "HIGH: timeout – of a label (web)"),
        ({"context": {}, "annotations": {"summary": " "}}, "HIGH: timeout (api)"),
    ],
)
def test_the_lock_screen_says_what_is_wrong_and_where(said: dict[str, Any], text: str) -> None:
    message, _ = parts(**said)
    assert (message["text"], message["mrkdwn"]) == (text, False)


def test_where_it_is_stays_on_the_lock_screen_beside_a_long_summary() -> None:
    message, _ = parts(name="n" * 255, annotations={"summary": "s" * 900}, context={"instance": "db-3"})
    assert len(message["text"]) == 200
    assert message["text"].startswith(f"HIGH: {'n' * 99}… – sss")
    assert message["text"].endswith("s… (db-3)")


def test_a_description_is_shown_up_to_slacks_bound_and_marked_where_it_is_cut() -> None:
    lines = "\n".join(f"line {number:04}" for number in range(1_000))
    _, blocks = parts(annotations={"description": lines})
    text = blocks[1]["text"]["text"]
    assert len(text) == 3_000
    assert text.startswith("line 0000\nline 0001\n")
    assert text.endswith("…")
    _, blocks = parts(annotations={"description": "🚨" * 3_000})
    assert len(blocks[1]["text"]["text"].encode("utf-16-le")) // 2 <= 3_000


def test_severity_summary_and_team_are_there_however_much_there_is() -> None:
    context = {f"a{number:02}": "v" * 300 for number in range(60)} | {"team": "payments", "severity": "page"}
    _, blocks = parts(context=context, annotations=SAID)
    assert blocks[0]["text"]["text"].startswith("HIGH")
    assert blocks[1]["text"]["text"] == SAID["summary"]
    assert blocks[5]["text"]["text"].startswith("*severity:* page\n*team:* payments\n*a00:*")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold*", "`*bold*`"),
        ("_a_", "`_a_`"),
        ("~gone~", "`~gone~`"),
        ("`code`", "`ˋcodeˋ`"),
        ("```", "`ˋˋˋ`"),
        (":rotating_light:", "`:rotating_light:`"),
        ("> quoted", "`&gt; quoted`"),
        ("a` <!here> `b", "`aˋ &lt;!here&gt; ˋb`"),
        ("node_filesystem_avail_bytes", "node_filesystem_avail_bytes"),
        ("03:04:05", "03:04:05"),
        ("10.0.0.1:9100", "10.0.0.1:9100"),
    ],
)
def test_what_slack_could_read_as_markup_is_shown_as_it_is(text: str, shown: str) -> None:
    _, blocks = parts(source=text, context={"a": text, text: "b"})
    assert blocks[1]["fields"][1]["text"] == f"*Source*\n{shown}"
    lines = blocks[2]["text"]["text"].split("\n")
    assert f"*a:* {shown}" in lines
    assert (f"{shown}: b" if shown.startswith("`") else f"*{shown}:* b") in lines


def test_links_that_do_not_fit_are_counted() -> None:
    many = {f"dashboard_{number}": f"https://grafana.acme.io/{number}/{'x' * 900}" for number in range(5)}
    _, blocks = parts(annotations=many)
    lines = blocks[1]["text"]["text"].split("\n")
    assert (len(lines), lines[-1]) == (4, "_… and 2 more_")
    assert lines[0].endswith("|Dashboard> (dashboard_0, grafana.acme.io)")
