"""The fields of the messages by name: to show a message of which some are wrong, and to give them other values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from alerting_core.codec import message as wire
from alerting_core.codec.message import FieldKind, Message, Undecodable, encode_entry, label_entry
from alerting_core.domain.alert import SEVERITY_NAMES, Severity
from alerting_core.domain.text import check_storable
from alerting_core.errors import Problem, ProblemCode

_SEVERITIES: Final = {int(one): one.name for one in Severity}

_INT64_MAX: Final = (1 << 63) - 1

_PATH_CHARS_MAX: Final = 60
"""Of a name that was asked for, in the problem with it."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A field that is written anew. `label` is None for a whole field."""

    number: int
    label: bytes | None
    encoded: bytes


def read_fields(message: Message, value: bytes) -> Sequence[tuple[str, str]]:
    """Return (name, value as people write it) in the order on the wire; nothing when this is no message.

    Bytes that are no UTF-8 are written as `\\xff`. Fields without a name here are left out.
    """
    names = {field.number: (name, field.kind) for name, field in message.fields.items()}
    found: list[tuple[str, str]] = []
    try:
        for number, wire_type, number_value, payload in wire.read_fields(value):
            if number in names and wire_type in {wire.VARINT, wire.BYTES}:
                name, kind = names[number]
                found.append(_shown(name, kind, number_value, payload))
    except Undecodable:
        return []
    return found


def set_fields(message: Message, value: bytes, wanted: Mapping[str, str]) -> bytes | tuple[Problem, ...]:
    """Return the message with other values of the fields that *wanted* names; all that is wrong with it otherwise.

    Args:
        message: What it is made of.
        value: Its bytes.
        wanted: Name → value as people write it: `name`, `context.LABEL`, `severity` by its word, ids with commas
            between.
    """
    read = [_change(message, path, text) for path, text in wanted.items()]
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
        label, text = label_entry(payload, bytes)
        return f"{name}.{_text(label)}", _text(text)
    if kind is FieldKind.SEVERITY:
        return name, _SEVERITIES.get(number) or str(number)
    return name, str(wire.to_int64(number)) if kind is FieldKind.NUMBER else _text(payload)


def _text(payload: bytes) -> str:
    return payload.decode(errors="backslashreplace")


def _change(message: Message, path: str, text: str) -> _Change | Problem:
    if problem := next(check_storable(path[:_PATH_CHARS_MAX], path + text), None):
        return problem
    name, _, label = path.partition(".")
    field = message.fields.get(name)
    if field is None or (field.kind is FieldKind.LABELS) != bool(label):
        known = ", ".join(f"{n}.LABEL" if f.kind is FieldKind.LABELS else n for n, f in message.fields.items())
        return Problem(path[:_PATH_CHARS_MAX], ProblemCode.UNKNOWN_FIELD, f"no such field; there are {known}")
    if field.kind is FieldKind.LABELS:
        return _Change(field.number, label.encode(), wire.bytes_field(field.number, encode_entry(label, text)))
    encoded = _ENCODERS[field.kind](field.number, text)
    if encoded is None:
        return Problem(path, ProblemCode.WRONG_TYPE, _EXPECTED[field.kind])
    return _Change(field.number, None, encoded)


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
            ((*_, payload),) = wire.read_fields(value[start:end])
            is_replaced = (number, label_entry(payload, bytes)[0]) in replaced
        if not is_replaced:
            yield value[start:end]


@dataclass(frozen=True, slots=True)
class Settable:
    """A field that `set_fields` may name.

    Attributes:
        name: As it is named there; one of the kind LABELS stands for any further `name.LABEL`.
        value: As people write it; empty for what is not there.
    """

    name: str
    kind: FieldKind
    value: str


def settable_fields(message: Message, value: bytes) -> Sequence[Settable]:
    """Return all that can be set, in the order of the message, each once; nothing when this is no message."""
    found = read_fields(message, value)
    if not found and not _is_message(value):
        return ()
    return [one for name, field in message.fields.items() for one in _of_field(name, field.kind, found)]


def _of_field(name: str, kind: FieldKind, found: Sequence[tuple[str, str]]) -> Iterator[Settable]:
    if kind is FieldKind.LABELS:
        # Of a label that is there twice the last one counts, as with any other field. One without a name is not set.
        labels = dict(one for one in found if one[0].startswith(f"{name}.") and one[0] != f"{name}.")
        yield from (Settable(label, FieldKind.TEXT, text) for label, text in labels.items())
        yield Settable(name, kind, "")
        return
    texts = [text for one, text in found if one == name]
    yield Settable(name, kind, ", ".join(texts) if kind is FieldKind.TEXTS else "".join(texts[-1:]))


def _is_message(value: bytes) -> bool:
    try:
        return all(True for _ in wire.spans(value))
    except Undecodable:
        return False
