"""The core's own reader and writer of messages agree with Google's on every message and on any bytes."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from alerting_core.codec import wire
from alerting_core.codec.alert import decode_match, encode_alert, encode_match
from alerting_core.codec.rejected import Rejected
from alerting_core.domain.alert import EVENT_TS_MAX, Alert
from alerting_core.domain.match import Match
from alerting_core.domain.severity import Severity

_TYPES = {"string": 9, "int32": 5, "int64": 3, "enum": 14}


def _matched_class() -> type[Any]:
    """Build AlertMatched as design says it, with Google's runtime."""
    file = descriptor_pb2.FileDescriptorProto(name="wire.proto", package="wire", syntax="proto3")
    severity = file.enum_type.add(name="Severity")
    for number, name in enumerate(("UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "CRITICAL")):
        severity.value.add(name=f"SEVERITY_{name}", number=number)
    message = file.message_type.add(name="AlertMatched")
    kinds = (
        "alert_id string",
        "schema_version int32",
        "event_ts int64",
        "severity enum",
        "source string",
        "name string",
    )
    for number, (name, kind) in enumerate((k.split() for k in kinds), start=1):
        field = message.field.add(name=name, number=number, type=_TYPES[kind], label=1)
        if kind == "enum":
            field.type_name = ".wire.Severity"
    entry = message.nested_type.add(name="ContextEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=9, label=1)
    message.field.add(name="context", number=7, type=11, label=3, type_name=".wire.AlertMatched.ContextEntry")
    message.field.add(name="client_id", number=8, type=9, label=1)
    message.field.add(name="rule_ids", number=9, type=9, label=3)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("wire.AlertMatched"))


AlertMatched = _matched_class()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
ids = st.text("abcXYZ019-_é😀", min_size=1, max_size=20)
alerts = st.builds(
    Alert,
    alert_id=ids,
    severity=st.sampled_from(Severity),
    source=texts.filter(str.strip),
    name=texts.filter(str.strip),
    event_ts=st.integers(0, EVENT_TS_MAX),
    context=st.dictionaries(texts.filter(str.strip), st.one_of(st.just(""), texts), max_size=5),
    schema_version=st.integers(-(2**31), 2**31 - 1),
)
matches = st.builds(Match, alerts, ids, st.lists(ids, min_size=1, max_size=4).map(tuple))


@given(matches)
def test_what_the_core_writes_google_reads(match: Match) -> None:
    read = AlertMatched.FromString(encode_match(match))
    assert read.alert_id == match.alert.alert_id
    assert read.schema_version == match.alert.schema_version
    assert read.event_ts == match.alert.event_ts
    assert read.severity == match.alert.severity
    assert (read.source, read.name) == (match.alert.source, match.alert.name)
    assert dict(read.context) == match.alert.context
    assert (read.client_id, tuple(read.rule_ids)) == (match.client_id, match.rule_ids)


@given(matches)
def test_what_google_writes_the_core_reads(match: Match) -> None:
    alert = match.alert
    written = AlertMatched(
        alert_id=alert.alert_id,
        schema_version=alert.schema_version,
        event_ts=alert.event_ts,
        severity=alert.severity,
        source=alert.source,
        name=alert.name,
        context=alert.context,
        client_id=match.client_id,
        rule_ids=match.rule_ids,
    )
    assert decode_match(written.SerializeToString()) == match
    assert decode_match(written.SerializeToString(deterministic=True)) == match
    assert encode_match(match) == written.SerializeToString(deterministic=True)


@given(st.binary(max_size=200))
def test_any_bytes_become_a_value(value: bytes) -> None:
    assert isinstance(decode_match(value), Match | Rejected)


@given(alerts.map(encode_alert), st.data())
def test_broken_bytes_are_refused_by_the_core_when_google_refuses_them(value: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(value) - 1))
    broken = value[:position] + bytes([data.draw(st.integers(0, 255))]) + value[position + 1 :]
    try:
        AlertMatched.FromString(broken)
    except DecodeError:
        assert isinstance(decode_match(broken), Rejected)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_int64_survives_the_wire(number: int) -> None:
    ((_, _, value, _),) = wire.fields(wire.varint(8) + wire.varint(number))
    assert wire.to_int64(value) == number
