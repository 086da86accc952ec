"""What a message is made of, in one table that writes it, reads it and shows it to people.

Each message names its fields once: name, number, kind. From that follow the bytes in the order of the table, the values
by name, and the forms in `codec.fields`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

from alerting_core.codec import wire
from alerting_core.domain.alert import Severity

T = TypeVar("T")


class FieldKind(StrEnum):
    """How the value of a field is written by people."""

    TEXT = "text"
    NUMBER = "number"
    SEVERITY = "severity"
    TEXTS = "texts"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        number: On the wire.
        read: From a varint's value, what stands for it in the core; None for what is no varint.
    """

    number: int
    kind: FieldKind
    read: Callable[[int], Any] | None = None


def text(number: int) -> Field:
    """Return a `string`."""
    return Field(number, FieldKind.TEXT)


def texts(number: int) -> Field:
    """Return a `repeated string`."""
    return Field(number, FieldKind.TEXTS)


def labels(number: int) -> Field:
    """Return a `map<string, string>`."""
    return Field(number, FieldKind.LABELS)


def int32(number: int) -> Field:
    """Return an `int32`."""
    return Field(number, FieldKind.NUMBER, wire.to_int32)


def int64(number: int) -> Field:
    """Return an `int64`."""
    return Field(number, FieldKind.NUMBER, wire.to_int64)


def enum(number: int, read: Callable[[int], Any], kind: FieldKind = FieldKind.NUMBER) -> Field:
    """Return an enum; *read* makes something of numbers that this version does not know, too."""
    return Field(number, kind, lambda value: read(wire.to_int32(value)))


def severity(number: int) -> Field:
    """Return a `Severity`."""
    return enum(number, Severity.from_number, FieldKind.SEVERITY)


class Message:
    """A message of the platform.

    Args:
        fields: Name → field, in the order in which they are written.
    """

    def __init__(self, fields: Mapping[str, Field]) -> None:
        """Prepare what each field is written and read with."""
        self.fields: Final = dict(fields)
        self._values_of: Final = attrgetter(*fields)
        self._writers: Final = tuple(_writer(field) for field in fields.values())
        self._readers: Final = {field.number: (name, *_reader(field)) for name, field in fields.items()}
        self._absent: Final = {name: "" if field.read is None else field.read(0) for name, field in fields.items()}
        self._maps: Final = tuple(name for name, field in fields.items() if field.kind is FieldKind.LABELS)
        self._lists: Final = tuple(name for name, field in fields.items() if field.kind is FieldKind.TEXTS)

    def encode(self, item: object) -> bytes:
        """Return the bytes of *item*, whose attributes have the names of the fields.

        Equal items give equal bytes: labels are sorted. What has proto3's default is left out.
        """
        return self.encode_values(*self._values_of(item))

    def encode_values(self, *values: Any) -> bytes:
        """Return the bytes of these values, one for each field in the order of the table."""
        return b"".join([write(value) for write, value in zip(self._writers, values, strict=True)])

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return name → value of every field: of a repeated single the last, proto3's default for what is absent.

        Raises:
            Undecodable: It is no message.
        """
        readers = self._readers
        values: dict[str, Any] = self._absent.copy()
        for name in self._maps:
            values[name] = {}
        for name in self._lists:
            values[name] = []
        for number, wire_type, value, payload in wire.fields(data):
            name, expected, read, kind = readers.get(number, _UNKNOWN)
            if wire_type != expected:
                continue
            if wire_type == wire.VARINT:
                values[name] = read(value)
            elif kind is FieldKind.TEXT:
                values[name] = read(payload)
            elif kind is FieldKind.TEXTS:
                values[name].append(read(payload))
            else:
                label, content = label_entry(payload, read)
                values[name][label] = content
        for name in self._lists:
            values[name] = tuple(values[name])
        return values


_label_of_entry: Final = wire.bytes_writer(1)
_content_of_entry: Final = wire.bytes_writer(2)


def encode_entry(label: str, content: str) -> bytes:
    """Return one entry of a map, which has both fields even when they are empty, as Google's writers do."""
    return _label_of_entry(label.encode()) + _content_of_entry(content.encode())


def label_entry(payload: bytes, read: Callable[[bytes], T]) -> tuple[T, T]:
    """Return label and content of an entry of a map, each as *read* makes it of its bytes.

    Raises:
        Undecodable: It is no message.
    """
    pair = {1: read(b""), 2: read(b"")}
    for number, wire_type, _, content in wire.fields(payload):
        if wire_type == wire.BYTES and number in pair:
            pair[number] = read(content)
    return pair[1], pair[2]


_Reader: TypeAlias = tuple[int, Callable[[Any], Any], FieldKind]
"""(wire type, what makes a value of a varint's number or of the bytes, kind)."""

_UNKNOWN: Final = ("", -1, wire.to_text, FieldKind.TEXT)


def _reader(field: Field) -> _Reader:
    if field.read is None:
        return wire.BYTES, wire.to_text, field.kind
    return wire.VARINT, field.read, field.kind


def _writer(field: Field) -> Callable[[Any], bytes]:
    match field.kind:
        case FieldKind.TEXT:
            return wire.text_writer(field.number)
        case FieldKind.NUMBER | FieldKind.SEVERITY:
            return wire.int_writer(field.number)
        case FieldKind.TEXTS:
            write = wire.bytes_writer(field.number)
            return lambda values: b"".join([write(one.encode()) for one in values])
        case FieldKind.LABELS:
            write = wire.bytes_writer(field.number)
            return lambda value: b"".join([write(encode_entry(label, value[label])) for label in sorted(value)])
