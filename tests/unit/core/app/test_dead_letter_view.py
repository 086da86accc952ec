"""What can be seen of a dead letter."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.app.dead_letters import view_bytes, view_dead_letter
from alerting_core.codec.message import FieldKind
from alerting_core.codec.records import (
    NotificationReady,
    RuleAction,
    RuleChanged,
    encode_match,
    encode_notification_ready,
    encode_rule_changed,
)
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.ports.operations import DeadLetter, RecordId, place_in
from alerting_core.ports.stream import ALERTS_MATCHED, NOTIFICATIONS_READY, RULE_CHANGED

ID = "00000000-0000-4000-8000-000000000000"


def letter(value: bytes, topic: str) -> DeadLetter:
    return DeadLetter(f"{topic}.dlq", RecordId(0, 1), (topic, 0, 2), "why", b"key", value, (), 5)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"plain", "plain"),
        ("größe\n\t☃".encode(), "größe\n\t☃"),
        (b"\xff", None),
        (b"a\x00b", None),
        (b"\x1b[31mred", None),
    ],
)
def test_bytes_are_shown_as_text_if_they_are_some(raw: bytes, text: str | None) -> None:
    assert view_bytes(raw).text == text


def test_a_character_that_a_cut_goes_through_is_left_out() -> None:
    view = view_bytes("ab☃".encode(), shown_max=4)
    assert (view.text, view.size, view.is_cut) == ("ab", 5, True)
    assert view_bytes("ab☃".encode()[:4]).text is None, "what ends so by itself is no text"


def test_each_topics_message_is_read() -> None:
    match = Match(Alert("a-1", Severity.LOW, "api", "timeout", 7), "acme", (ID,))
    ready = NotificationReady(ID, "acme", "a-1")
    changed = RuleChanged(ID, "acme", RuleAction.DELETED, 3, 9)
    for topic, value, expected in (
        (ALERTS_MATCHED, encode_match(match), {"client_id": "acme", "rule_ids": ID, "alert_id": "a-1"}),
        (NOTIFICATIONS_READY, encode_notification_ready(ready), {"notification_id": ID, "client_id": "acme"}),
        (RULE_CHANGED, encode_rule_changed(changed), {"action": "3", "version": "3", "updated_at": "9"}),
    ):
        view = view_dead_letter(letter(value, topic))
        assert view.problem is None
        assert expected.items() <= dict(view.fields).items()


def test_fields_are_bounded_in_number_and_length() -> None:
    context = {f"k{number}": "v" for number in range(500)} | {"long": "x" * 9_999}
    match = Match(Alert("a-1", Severity.LOW, "y" * 9_999, "timeout", 7, context), "acme", (ID,))
    view = view_dead_letter(letter(encode_match(match), ALERTS_MATCHED))
    assert len(view.fields) == limits.DEAD_LETTER_FIELDS_SHOWN_MAX
    assert dict(view.fields)["source"] == "y" * 2_000 + "…"


def test_what_can_be_set_is_listed_with_what_is_there_and_with_what_is_not() -> None:
    match = Match(Alert("a-1", Severity.LOW, "y" * 9_999, "timeout", 0, {"k": "v"}), " acme", (ID, "another"))
    view = view_dead_letter(letter(encode_match(match), ALERTS_MATCHED))
    shown = {one.field.name: one for one in view.settable}
    assert shown["source"].field.value == "y" * 2_000
    assert [name for name, one in shown.items() if one.is_cut] == ["source"]
    assert (shown["event_ts"].field.value, shown["event_ts"].field.kind) == ("", FieldKind.NUMBER)
    assert shown["rule_ids"].field.value == f"{ID}, another"
    assert (shown["context.k"].field.value, shown["context"].field.kind) == ("v", FieldKind.LABELS)
    assert [problem.path for problem in view.problems] == ["client_id"], "a source that is too long is cut"


def test_what_is_no_message_or_not_all_of_one_has_nothing_to_set() -> None:
    for one in (
        letter(b"\xff", ALERTS_MATCHED),
        letter(b"", "somebody.elses"),
        replace(letter(b"", RULE_CHANGED), is_whole=False),
    ):
        view = view_dead_letter(one)
        assert view.settable == ()
        assert view.problem
    nothing = view_dead_letter(letter(b"", RULE_CHANGED))
    assert [one.field.name for one in nothing.settable][:2] == ["rule_id", "client_id"], "all of it can be set"


def test_what_cannot_be_read_says_why() -> None:
    assert "empty" in (view_dead_letter(letter(b"", ALERTS_MATCHED)).problem or "")
    assert view_dead_letter(letter(b"x", "somebody.elses")).problem == "there is no message for its topic"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a",
        "a/1",
        "a/1/",
        "/1/2",
        "a/1/2/3",
        "a/x/1",
        "a/1/-1",
        "a/١/1",
        "a\0/1/2",
        f"a/{2**31}/0",
        f"a/0/{2**63}",
    ],
)
def test_a_text_that_can_name_no_letter_names_none(text: str) -> None:
    assert place_in(text) is None


def test_an_id_names_its_place() -> None:
    assert place_in(letter(b"", "t").id) == ("t.dlq", RecordId(0, 1))
