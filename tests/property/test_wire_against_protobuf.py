"""The core's own reader and writer of messages agree with Google's on every message and on any bytes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import given
from hypothesis import strategies as st

from alerting_core.codec import message
from alerting_core.codec.records import (
    NotificationReady,
    Rejected,
    RuleAction,
    RuleChanged,
    decode_alert,
    decode_match,
    decode_notification_ready,
    decode_rule_changed,
    encode_alert,
    encode_match,
    encode_notification_ready,
    encode_rule_changed,
)
from alerting_core.domain.alert import EVENT_TS_MAX, Alert, AlertLife, AlertStatus, Match, Severity
from tests.golden.cases import GOLDEN, Golden
from tests.support.protobuf.alert_pb2 import AlertMatched, AlertNew
from tests.support.protobuf.notification_pb2 import NotificationReady as NotificationReadyMessage
from tests.support.protobuf.rule_pb2 import RuleChanged as RuleChangedMessage

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
ids = st.text("abcXYZ019-_é😀", min_size=1, max_size=20)
int32s = st.integers(-(2**31), 2**31 - 1)
lives = st.one_of(
    st.none(),
    st.builds(AlertLife, ids, st.integers(1, 2**31 - 1)),
    st.builds(AlertLife, ids, st.integers(1, 2**31 - 1), st.just(AlertStatus.RESOLVED), st.just(EVENT_TS_MAX)),
)
alerts = st.builds(
    Alert,
    alert_id=ids,
    severity=st.sampled_from(Severity),
    source=texts.filter(str.strip),
    name=texts.filter(str.strip),
    event_ts=st.integers(0, EVENT_TS_MAX),
    context=st.dictionaries(texts.filter(str.strip), st.one_of(st.just(""), texts), max_size=5),
    schema_version=int32s,
    owner=st.one_of(st.just(""), ids),
    life=lives,
    annotations=st.dictionaries(texts.filter(str.strip), st.one_of(st.just(""), texts), max_size=3),
)
matches = st.builds(
    lambda alert, client_id, rule_ids: Match(alert, alert.owner or client_id, rule_ids),
    alerts,
    ids,
    st.lists(ids, min_size=1, max_size=4).map(tuple),
)
changes = st.builds(RuleChanged, ids, ids, st.sampled_from(RuleAction), int32s, st.integers(0, EVENT_TS_MAX), int32s)
ready = st.builds(NotificationReady, st.uuids().map(str), ids, ids, int32s)

CLASSES: dict[str, type[Message]] = {
    "AlertNew": AlertNew,
    "AlertMatched": AlertMatched,
    "RuleChanged": RuleChangedMessage,
    "NotificationReady": NotificationReadyMessage,
}
DECODERS: dict[type[Message], Callable[[bytes], object]] = {
    AlertNew: decode_alert,
    AlertMatched: decode_match,
    RuleChangedMessage: decode_rule_changed,
    NotificationReadyMessage: decode_notification_ready,
}
some_bytes = st.one_of(
    alerts.map(encode_alert),
    matches.map(encode_match),
    changes.map(encode_rule_changed),
    ready.map(encode_notification_ready),
)


def _fields_of_alert(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "schema_version": alert.schema_version,
        "event_ts": alert.event_ts,
        "severity": alert.severity,
        "source": alert.source,
        "name": alert.name,
        "context": alert.context,
        "annotations": alert.annotations,
        "client_id": alert.owner,
        "status": int(alert.status),
        "ends_at": alert.ends_at or 0,
        "fingerprint": alert.fingerprint,
        "phase": alert.phase,
    }


def _as_message(value: object) -> Message:
    """Return the same as an object of a generated class."""
    match value:
        case Alert():
            return AlertNew(**_fields_of_alert(value))
        case Match():
            rest: dict[str, Any] = {"client_id": value.client_id, "rule_ids": value.rule_ids}
            return AlertMatched(**_fields_of_alert(value.alert) | rest, private=bool(value.alert.owner))
        case RuleChanged():
            return RuleChangedMessage(
                rule_id=value.rule_id,
                client_id=value.client_id,
                action=int(value.action),  # type: ignore[arg-type]
                version=value.version,
                updated_at=value.updated_at,
                schema_version=value.schema_version,
            )
        case NotificationReady():
            return NotificationReadyMessage(
                notification_id=value.notification_id,
                client_id=value.client_id,
                alert_id=value.alert_id,
                schema_version=value.schema_version,
            )
        case _:
            raise AssertionError(value)


def _are_in_one_order(value: object) -> bool:
    """Whether both write the same fields in the same order.

    No label begins with the whole of another, so that all ways to sort them are the same. Annotations and the life of
    an alert, whose numbers are higher than those of client and rules, do not stand before these.
    """
    if isinstance(value, Match) and (value.alert.has_life or value.alert.annotations):
        return False
    alert = value.alert if isinstance(value, Match) else value
    maps = (alert.context, alert.annotations) if isinstance(alert, Alert) else ()
    pairs = (pair for each in maps for pair in pairwise(sorted(each)))
    return not any(after.encode().startswith(before.encode()) for before, after in pairs)


def _agree(value: object, written: bytes) -> None:
    """Check that both write the same, and that each reads what the other writes."""
    message = _as_message(value)
    decode = DECODERS[type(message)]
    assert type(message).FromString(written) == message
    theirs = message.SerializeToString(deterministic=True)
    # Entries of a map have no order on the message, and Google's puts a label before one that it begins with.
    assert theirs == written if _are_in_one_order(value) else len(theirs) == len(written)
    assert decode(message.SerializeToString()) == value
    assert decode(written) == value


@given(alerts)
def test_the_core_and_google_write_and_read_the_same_alerts(alert: Alert) -> None:
    _agree(alert, encode_alert(alert))


@given(matches)
def test_the_core_and_google_write_and_read_the_same_matches(match: Match) -> None:
    _agree(match, encode_match(match))


@given(changes)
def test_the_core_and_google_write_and_read_the_same_rule_changes(change: RuleChanged) -> None:
    _agree(change, encode_rule_changed(change))


@given(ready)
def test_the_core_and_google_write_and_read_the_same_notification_notices(message: NotificationReady) -> None:
    _agree(message, encode_notification_ready(message))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_what_go_has_written_google_reads_as_the_core_does(golden: Golden) -> None:
    value = golden.decode(golden.written_by_go.read_bytes())
    read = CLASSES[golden.message].FromString(golden.written_by_go.read_bytes())
    assert type(_as_message(value)) is type(read)
    assert golden.decode(read.SerializeToString()) == value


@pytest.mark.parametrize("decode", DECODERS.values())
@given(value=st.binary(max_size=200))
def test_any_bytes_become_a_value(decode: Callable[[bytes], object], value: bytes) -> None:
    assert isinstance(decode(value), Alert | Match | RuleChanged | NotificationReady | Rejected)


@pytest.mark.parametrize("message_class", DECODERS)
@given(value=some_bytes, data=st.data())
def test_broken_bytes_are_refused_by_the_core_when_google_refuses_them(
    message_class: type[Message], value: bytes, data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(value) - 1))
    broken = value[:position] + bytes([data.draw(st.integers(0, 255))]) + value[position + 1 :]
    try:
        message_class.FromString(broken)
    except DecodeError:
        assert isinstance(DECODERS[message_class](broken), Rejected)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_int64_survives_the_wire(number: int) -> None:
    ((_, _, value, _),) = message.read_fields(message.varint(8) + message.varint(number))
    assert message.to_int64(value) == number
