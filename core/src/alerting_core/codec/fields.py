"""The fields of the messages by name: to show a message of which some are wrong, and to give them other values.

A decoder answers whether a message can be used. Here it is taken apart without asking that, field by field, so that a
person sees what is in a refused one; and what is not named keeps its bytes, those of later versions included.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerting_core.codec import wire
from alerting_core.codec.wire import Undecodable
from alerting_core.domain.severity import SEVERITY_NAMES, Severity
from alerting_core.domain.text import check_storable
from alerting_core.problem import Problem, ProblemCode


class FieldKind(StrEnum):
    """How the value of a field is written by people."""

    TEXT = "text"
    NUMBER = "number"
    SEVERITY = "severity"
    TEXTS = "texts"
    LABELS = "labels"


Fields = Mapping[str, tuple[int, FieldKind]]
"""Name → number on the wire, and kind."""

ALERT_NEW: Final[Fields] = {
    "alert_id": (1, FieldKind.TEXT),
    "schema_version": (2, FieldKind.NUMBER),
    "event_ts": (3, FieldKind.NUMBER),
    "severity": (4, FieldKind.SEVERITY),
    "source": (5, FieldKind.TEXT),
    "name": (6, FieldKind.TEXT),
    "context": (7, FieldKind.LABELS),
}

ALERT_MATCHED: Final[Fields] = {**ALERT_NEW, "client_id": (8, FieldKind.TEXT), "rule_ids": (9, FieldKind.TEXTS)}

RULE_CHANGED: Final[Fields] = {
    "rule_id": (1, FieldKind.TEXT),
    "client_id": (2, FieldKind.TEXT),
    "action": (3, FieldKind.NUMBER),
    "version": (4, FieldKind.NUMBER),
    "updated_at": (5, FieldKind.NUMBER),
    "schema_version": (6, FieldKind.NUMBER),
}

NOTIFICATION_READY: Final[Fields] = {
    "notification_id": (1, FieldKind.TEXT),
    "client_id": (2, FieldKind.TEXT),
    "alert_id": (3, FieldKind.TEXT),
    "schema_version": (4, FieldKind.NUMBER),
}

_INT64_MAX: Final = (1 << 63) - 1

_PATH_CHARS_MAX: Final = 60
"""Of a name that was asked for, in the problem with it."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A field that is written anew. `label` is None for a whole field."""

    number: int
    label: bytes | None
    encoded: bytes


def read_fields(fields: Fields, value: bytes) -> Sequence[tuple[str, str]]:
    """Return (name, value as people write it) in the order on the wire; nothing when this is no message.

    Bytes that are no UTF-8 are written as `\\xff`. Fields without a name here are left out.
    """
    names = {number: (name, kind) for name, (number, kind) in fields.items()}
    found: list[tuple[str, str]] = []
    try:
        for number, wire_type, number_value, payload in wire.fields(value):
            if number in names and wire_type in {wire.VARINT, wire.BYTES}:
                name, kind = names[number]
                found.append(_shown(name, kind, number_value, payload))
    except Undecodable:
        return []
    return found


def set_fields(fields: Fields, value: bytes, wanted: Mapping[str, str]) -> bytes | tuple[Problem, ...]:
    """Return the message with other values of the fields that *wanted* names; all that is wrong with it otherwise.

    Args:
        fields: Of the message.
        value: Its bytes.
        wanted: Name → value as people write it: `name`, `context.LABEL`, `severity` by its word, ids with commas
            between.
    """
    read = [_change(fields, path, text) for path, text in wanted.items()]
    if problems := tuple(one for one in read if isinstance(one, Problem)):
        return problems
    changes = [one for one in read if isinstance(one, _Change)]
    replaced = {(change.number, change.label) for change in changes}
    try:
        kept = b"".join(_without(value, replaced))
    except Undecodable as error:
        detail = f"not a protobuf message ({error}): its fields cannot be set, only the whole value given"
        return (Problem("", ProblemCode.UNDECODABLE, detail),)
    return kept + b"".join(change.encoded for change in changes)


def _shown(name: str, kind: FieldKind, number: int, payload: bytes) -> tuple[str, str]:
    if kind is FieldKind.LABELS:
        label, text = _label(payload)
        return f"{name}.{_text(label)}", _text(text)
    if kind is FieldKind.SEVERITY:
        return name, Severity(number).name if number in Severity._value2member_map_ else str(number)
    return name, str(wire.to_int64(number)) if kind is FieldKind.NUMBER else _text(payload)


def _text(payload: bytes) -> str:
    return payload.decode(errors="backslashreplace")


def _label(payload: bytes) -> tuple[bytes, bytes]:
    pair = {1: b"", 2: b""}
    for number, wire_type, _, content in wire.fields(payload):
        if wire_type == wire.BYTES and number in pair:
            pair[number] = content
    return pair[1], pair[2]


def _change(fields: Fields, path: str, text: str) -> _Change | Problem:
    if problem := next(check_storable(path[:_PATH_CHARS_MAX], path + text), None):
        return problem
    name, _, label = path.partition(".")
    number, kind = fields.get(name, (0, FieldKind.TEXT))
    if number == 0 or (kind is FieldKind.LABELS) != bool(label):
        known = ", ".join(f"{one}.LABEL" if its is FieldKind.LABELS else one for one, (_, its) in fields.items())
        return Problem(path[:_PATH_CHARS_MAX], ProblemCode.UNKNOWN_FIELD, f"no such field; there are {known}")
    if kind is FieldKind.LABELS:
        entry = wire.bytes_field(1, label.encode()) + wire.bytes_field(2, text.encode())
        return _Change(number, label.encode(), wire.bytes_field(number, entry))
    encoded = _ENCODERS[kind](number, text)
    return Problem(path, ProblemCode.WRONG_TYPE, _EXPECTED[kind]) if encoded is None else _Change(number, None, encoded)


def _number_field(number: int, text: str) -> bytes | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return wire.int_field(number, value) if abs(value) <= _INT64_MAX else None


def _severity_field(number: int, text: str) -> bytes | None:
    return wire.int_field(number, Severity[text]) if text in SEVERITY_NAMES else None


def _texts_field(number: int, text: str) -> bytes:
    return b"".join(wire.bytes_field(number, one.strip().encode()) for one in text.split(",") if one.strip())


_ENCODERS: Final[Mapping[FieldKind, Callable[[int, str], bytes | None]]] = {
    FieldKind.TEXT: wire.text_field,
    FieldKind.NUMBER: _number_field,
    FieldKind.SEVERITY: _severity_field,
    FieldKind.TEXTS: _texts_field,
}

_EXPECTED: Final = {
    FieldKind.NUMBER: "must be a whole number",
    FieldKind.SEVERITY: f"must be {', '.join(SEVERITY_NAMES)}",
}


def _without(value: bytes, replaced: set[tuple[int, bytes | None]]) -> Iterator[bytes]:
    """Yield the bytes of all fields but those that are replaced."""
    numbers = {number for number, _ in replaced}
    for number, wire_type, start, end in wire.spans(value):
        is_replaced = (number, None) in replaced
        if not is_replaced and wire_type == wire.BYTES and number in numbers:
            ((*_, payload),) = wire.fields(value[start:end])
            is_replaced = (number, _label(payload)[0]) in replaced
        if not is_replaced:
            yield value[start:end]
