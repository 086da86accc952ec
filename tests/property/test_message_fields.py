"""Messages taken apart and given other values, field by field, agree with their encoders."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from alerting_core.codec.fields import read_fields, set_fields, settable_fields
from alerting_core.codec.message import FieldKind, Message
from alerting_core.codec.records import (
    ALERT_MATCHED,
    ALERT_NEW,
    NOTIFICATION_READY,
    RULE_CHANGED,
    decode_alert,
    decode_match,
    encode_alert,
    encode_match,
)
from alerting_core.domain.alert import SEVERITY_NAMES, Alert, Match, Severity
from tests.property.test_wire_against_protobuf import alerts, ids, matches, some_bytes, texts

tables = st.sampled_from([ALERT_NEW, ALERT_MATCHED, RULE_CHANGED, NOTIFICATION_READY])
assignments = st.dictionaries(
    st.sampled_from(["alert_id", "name", "context.team", "severity", "event_ts", "rule_ids", "nothing"]), texts
)
UNKNOWN = b"\xfa\x07\x03new" + b"\xf5\x07\x01\x02\x03\x04" + b"\xf1\x07\x01\x02\x03\x04\x05\x06\x07\x08"
"""Fields 127 and 126 of a later version: text, and numbers of four and of eight bytes."""


@given(alerts, ids, texts.filter(str.strip), st.sampled_from(SEVERITY_NAMES), st.integers(0, 2**31))
def test_fields_that_are_set_are_those_of_the_decoded_message(
    alert: Alert, alert_id: str, name: str, severity: str, event_ts: int
) -> None:
    wanted = {"alert_id": alert_id, "name": name, "severity": severity, "event_ts": str(event_ts)}
    value = set_fields(ALERT_NEW, encode_alert(alert), wanted)
    assert isinstance(value, bytes)
    expected = replace(alert, alert_id=alert_id, name=name, severity=Severity[severity], event_ts=event_ts)
    assert decode_alert(value) == expected


@given(matches, st.lists(ids, min_size=1, max_size=5))
def test_a_list_that_is_set_takes_the_place_of_the_whole_list(match: Match, rule_ids: list[str]) -> None:
    value = set_fields(ALERT_MATCHED, encode_match(match), {"rule_ids": ", ".join(rule_ids)})
    assert isinstance(value, bytes)
    assert decode_match(value) == replace(match, rule_ids=tuple(rule_ids))


@given(alerts, texts)
def test_a_label_that_is_set_leaves_the_others(alert: Alert, text: str) -> None:
    label = next(iter(alert.context), "team")
    value = set_fields(ALERT_NEW, encode_alert(alert), {f"context.{label}": text})
    assert isinstance(value, bytes)
    assert decode_alert(value) == replace(alert, context={**alert.context, label: text})


@given(matches)
def test_what_is_shown_is_what_was_encoded(match: Match) -> None:
    shown = read_fields(ALERT_MATCHED, encode_match(match))
    single: Mapping[str, str] = dict(shown)
    assert (single["alert_id"], single["client_id"]) == (match.alert.alert_id, match.client_id)
    assert single["name"] == match.alert.name
    assert single.get("severity", "UNSPECIFIED") == match.alert.severity.name
    assert [text for name, text in shown if name == "rule_ids"] == list(match.rule_ids)
    assert {n: t for n, t in shown if n.startswith("context.")} == {
        f"context.{label}": text for label, text in match.alert.context.items()
    }


@given(matches)
def test_every_field_can_be_set_to_what_is_shown_for_it(match: Match) -> None:
    value = encode_match(match)
    shown = {one.name: one.value for one in settable_fields(ALERT_MATCHED, value) if one.value}
    assert shown.keys() >= {"alert_id", "name", "source", "client_id"}
    assert {f"context.{label}" for label, text in match.alert.context.items() if text} <= shown.keys()
    set_anew = set_fields(ALERT_MATCHED, value, shown)
    assert isinstance(set_anew, bytes)
    before, after = decode_match(value), decode_match(set_anew)
    # Ids of rules are told apart by commas there.
    assert after == before or any("," in rule_id for rule_id in match.rule_ids)


@given(tables, st.one_of(st.binary(max_size=60), some_bytes))
def test_whatever_can_be_set_is_taken_and_whatever_the_bytes_is_listed_once(table: Message, value: bytes) -> None:
    settable = settable_fields(table, value)
    names = [one.name for one in settable]
    assert len(set(names)) == len(names)
    for one in settable:
        if one.kind is FieldKind.TEXT:
            assert isinstance(set_fields(table, value, {one.name: "other"}), bytes)
    if settable:
        assert names[0] == next(iter(table.fields))


@given(tables, some_bytes)
def test_a_message_of_which_nothing_is_set_keeps_its_bytes(table: Message, value: bytes) -> None:
    assert set_fields(table, value + UNKNOWN, {}) == value + UNKNOWN


@given(alerts)
def test_fields_of_later_versions_stay(alert: Alert) -> None:
    value = set_fields(ALERT_NEW, encode_alert(alert) + UNKNOWN, {"name": "other"})
    assert isinstance(value, bytes)
    assert UNKNOWN in value


@given(tables, st.one_of(st.binary(max_size=60), some_bytes), assignments)
def test_whatever_the_bytes_the_answer_is_a_message_or_a_reason(
    table: Message, value: bytes, wanted: dict[str, str]
) -> None:
    read_fields(table, value)
    answer = set_fields(table, value, wanted)
    if isinstance(answer, bytes):
        shown = read_fields(table, answer)
        for name in wanted.keys() - {"severity", "event_ts", "rule_ids"}:
            assert (name, wanted[name]) in shown
    else:
        assert answer
