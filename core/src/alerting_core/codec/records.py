"""The messages of the platform as records, and what is wrong with one that cannot be used."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from operator import attrgetter
from typing import Final, TypeVar

from alerting_core import limits
from alerting_core.codec.message import Message, Undecodable, boolean, enum, int32, int64, labels, severity, text, texts
from alerting_core.domain.alert import EVENT_TS_MAX, SCHEMA_VERSION, Alert, AlertLife, AlertStatus, Match, check_alert
from alerting_core.domain.fitting import fitted
from alerting_core.domain.text import check_id
from alerting_core.errors import Problem, ProblemCode

TRACE_HEADER: Final = "traceparent"

MESSAGE_HEADERS: Final[tuple[tuple[str, bytes], ...]] = (
    ("content-type", b"application/x-protobuf"),
    ("schema_version", str(SCHEMA_VERSION).encode()),
)


def message_headers(traceparent: str | None = None) -> tuple[tuple[str, bytes], ...]:
    """Return the headers of a new record, with the trace that it belongs to when that is known."""
    if traceparent is None:
        return MESSAGE_HEADERS
    return (*MESSAGE_HEADERS, (TRACE_HEADER, traceparent.encode(errors="replace")))


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a record is poison: at least one problem."""

    problems: tuple[Problem, ...]

    @property
    def reason(self) -> str:
        """All problems in one line of bounded length, for a record header and for people."""
        return "; ".join(f"{p.path or 'record'}: {p.code}: {p.detail}" for p in self.problems)[:1_000]


def read_record(
    value: bytes,
    parse: Callable[[bytes], T],
    check: Callable[[T], tuple[Problem, ...]],
    fit: Callable[[T], T] | None = None,
) -> T | Rejected:
    """Parse and check one record; whatever its bytes, the answer is a value.

    Args:
        value: The record.
        parse: Raises Undecodable for what is no message.
        check: Says what is wrong with a message.
        fit: Makes something of a message that is not in order, which is then checked again.
    """
    if not value:
        return Rejected((Problem("", ProblemCode.EMPTY, "the record is empty"),))
    if len(value) > limits.RECORD_VALUE_BYTES_MAX:
        detail = f"has {len(value)} bytes, at most {limits.RECORD_VALUE_BYTES_MAX} are allowed"
        return Rejected((Problem("", ProblemCode.TOO_LARGE, detail),))
    try:
        parsed = parse(value)
    except Undecodable as error:
        return Rejected((Problem("", ProblemCode.UNDECODABLE, f"not a protobuf message: {error}"),))
    problems = check(parsed)
    if problems and fit is not None:
        parsed = fit(parsed)
        problems = check(parsed)
    return Rejected(problems) if problems else parsed


_EVENT: Final = Message(
    {
        "alert_id": text(1),
        "schema_version": int32(2),
        "event_ts": int64(3),
        "severity": severity(4),
        "source": text(5),
        "name": text(6),
        "context": labels(7),
        "client_id": text(8),
    }
)

_ANNOTATIONS: Final = Message({"annotations": labels(10)})

_LIFE: Final = Message(
    {"status": enum(11, AlertStatus.from_number), "ends_at": int64(12), "fingerprint": text(13), "phase": int32(14)}
)

ALERT_NEW: Final = Message(_EVENT.fields | _ANNOTATIONS.fields | _LIFE.fields)

_TAIL: Final = Message({"client_id": text(8), "rule_ids": texts(9)})

# The client of a private alert's match is its owner, who is in the alert's own bytes already.
_PRIVATE_TAIL: Final = Message({"rule_ids": texts(9), "private": boolean(15)})

ALERT_MATCHED: Final = Message(ALERT_NEW.fields | _TAIL.fields | _PRIVATE_TAIL.fields)

PRIVATE_END: Final = _PRIVATE_TAIL.encode_values((), True)
"""What an AlertMatched of a private alert ends with, and no other: no id has a control character."""

_values_of_event: Final = attrgetter(*("owner" if name == "client_id" else name for name in _EVENT.fields))


def encode_alert(alert: Alert) -> bytes:
    """Encode an AlertNew; equal alerts give equal bytes."""
    value = _EVENT.encode_values(*_values_of_event(alert))
    if alert.annotations:
        value += _ANNOTATIONS.encode_values(alert.annotations)
    return value if alert.life is None else value + _LIFE.encode(alert.life)


def encode_match(match: Match) -> bytes:
    """Encode an AlertMatched."""
    if match.alert.owner:
        assert match.client_id == match.alert.owner, "a private alert matches its owner alone"
        return encode_alert(match.alert) + encode_private_tail(match.rule_ids)
    return encode_alert(match.alert) + encode_match_tail(match.client_id, match.rule_ids)


def encode_match_tail(client_id: str, rule_ids: Iterable[str]) -> bytes:
    """Encode what the AlertMatched of a shared alert has beyond its AlertNew."""
    return _TAIL.encode_values(client_id, rule_ids)


def encode_private_tail(rule_ids: Iterable[str]) -> bytes:
    """Encode what the AlertMatched of a private alert has beyond its AlertNew."""
    return _PRIVATE_TAIL.encode_values(rule_ids, True)


def decode_alert(value: bytes) -> Alert | Rejected:
    """Read an AlertNew; what is beyond our bounds, and not beyond those of an existing producer, is made fit."""
    return read_record(value, _parse_alert, check_alert, fitted)


_RESOLVED: Final = _LIFE.encode_values(AlertStatus.RESOLVED, 0, "", 0)


def may_be_resolved(value: bytes) -> bool:
    """Tell, without reading it, whether an AlertNew could be of an alert that is resolved; hardly any other could."""
    return _RESOLVED in value


def decode_match(value: bytes) -> Match | Rejected:
    """Read an AlertMatched; its alert is made fit as an AlertNew is."""
    return read_record(value, _parse_match, _check_match, lambda match: replace(match, alert=fitted(match.alert)))


def _parse_alert(data: bytes) -> Alert:
    # In the order of the table; by position, which takes half as long as by name.
    values = ALERT_NEW.decode(data).values()
    alert_id, version, event_ts, severity_, source, name, context, owner, notes, status, ends_at, *rest = values
    fingerprint, phase = rest
    life = _life(status, ends_at, fingerprint, phase) if fingerprint or phase or status or ends_at else None
    return Alert(alert_id, severity_, source, name, event_ts, context, version, owner, life, notes)


def _parse_match(data: bytes) -> Match:
    values = ALERT_MATCHED.decode(data).values()
    alert_id, schema_version, event_ts, severity_, source, name, context, client_id, *rest = values
    annotations, status, ends_at, fingerprint, phase, rule_ids, is_private = rest
    life = _life(status, ends_at, fingerprint, phase) if fingerprint or phase or status or ends_at else None
    owner = client_id if is_private else ""
    alert = Alert(alert_id, severity_, source, name, event_ts, context, schema_version, owner, life, annotations)
    return Match(alert, client_id, rule_ids)


def _life(status: AlertStatus, ends_at: int, fingerprint: str, phase: int) -> AlertLife:
    return AlertLife(fingerprint, phase, status, ends_at or None)


def _check_match(match: Match) -> tuple[Problem, ...]:
    problems = [*check_alert(match.alert), *check_id("client_id", match.client_id, chars_max=limits.ID_CHARS_MAX)]
    if not match.rule_ids:
        problems.append(Problem("rule_ids", ProblemCode.MISSING, "a match needs at least one rule"))
    # An existing producer may name more; what is stored stays bounded all the same.
    elif len(match.rule_ids) > limits.RULES_PER_CLIENT_MAX:
        problems.append(Problem("rule_ids", ProblemCode.TOO_MANY, f"at most {limits.RULES_PER_CLIENT_MAX} rules"))
    for index, rule_id in enumerate(match.rule_ids):
        problems += check_id(f"rule_ids[{index}]", rule_id, chars_max=limits.ID_CHARS_MAX)
    return tuple(problems)


NOTIFICATION_READY: Final = Message(
    {"notification_id": text(1), "client_id": text(2), "alert_id": text(3), "schema_version": int32(4)}
)

_UUID: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class NotificationReady:
    """A notification is stored and waits for its deliveries."""

    notification_id: str
    client_id: str
    alert_id: str
    schema_version: int = SCHEMA_VERSION


def encode_notification_ready(message: NotificationReady) -> bytes:
    """Encode a NotificationReady."""
    return NOTIFICATION_READY.encode(message)


def decode_notification_ready(value: bytes) -> NotificationReady | Rejected:
    """Read a NotificationReady."""
    return read_record(value, lambda data: NotificationReady(**NOTIFICATION_READY.decode(data)), _check_notification)


def _check_notification(message: NotificationReady) -> tuple[Problem, ...]:
    problems = [
        *check_id("notification_id", message.notification_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("client_id", message.client_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("alert_id", message.alert_id, chars_max=limits.ID_CHARS_MAX),
    ]
    if not problems and not is_uuid(message.notification_id):
        problems.append(Problem("notification_id", ProblemCode.UNKNOWN_VALUE, "must be a UUID"))
    return tuple(problems)


def is_uuid(text: str) -> bool:
    """Say whether *text* is a UUID in its usual form, 8-4-4-4-12 lower-case hexadecimal digits."""
    return _UUID.fullmatch(text) is not None


class RuleAction(IntEnum):
    """What happened to a rule. The numbers are those on the wire and never change."""

    UNSPECIFIED = 0
    CREATED = 1
    UPDATED = 2
    DELETED = 3
    DISABLED = 4

    @classmethod
    def from_number(cls, number: int) -> "RuleAction":
        """Read a number of the wire; one that this version does not know is UNSPECIFIED."""
        return cls(number) if number in cls._value2member_map_ else cls.UNSPECIFIED


RULE_CHANGED: Final = Message(
    {
        "rule_id": text(1),
        "client_id": text(2),
        "action": enum(3, RuleAction.from_number),
        "version": int32(4),
        "updated_at": int64(5),
        "schema_version": int32(6),
    }
)


@dataclass(frozen=True, slots=True)
class RuleChanged:
    """A rule changed. Readers re-read the client's rules, so that order and repetition do not matter.

    Attributes:
        updated_at: Unix seconds.
    """

    rule_id: str
    client_id: str
    action: RuleAction
    version: int
    updated_at: int
    schema_version: int = SCHEMA_VERSION


def encode_rule_changed(message: RuleChanged) -> bytes:
    """Encode a RuleChanged."""
    return RULE_CHANGED.encode(message)


def decode_rule_changed(value: bytes) -> RuleChanged | Rejected:
    """Read a RuleChanged. An action unknown here reads as UNSPECIFIED: the client's rules are re-read all the same."""
    return read_record(value, lambda data: RuleChanged(**RULE_CHANGED.decode(data)), _check_rule)


def _check_rule(message: RuleChanged) -> tuple[Problem, ...]:
    problems = [
        *check_id("rule_id", message.rule_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("client_id", message.client_id, chars_max=limits.ID_CHARS_MAX),
    ]
    if not 0 <= message.updated_at <= EVENT_TS_MAX:
        problems.append(Problem("updated_at", ProblemCode.OUT_OF_RANGE, f"must be 0 to {EVENT_TS_MAX}"))
    return tuple(problems)
