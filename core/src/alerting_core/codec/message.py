"""The proto3 wire format, enough of it for the messages of this platform, and what each message is made of.

A reader of this format must take fields in any order, keep the last of a repeated scalar, and pass over fields and wire
types it does not know; so does this one. It is checked against Google's own implementation by property tests.

A `Message` is one table that writes it, reads it and shows it to people: each field's name, number and kind, once. From
that follow the bytes in the order of the table, the values by name, and the forms in `codec.fields`.

Source: "Protocol Buffers: Encoding", protobuf.dev.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from alerting_core.domain.alert import Severity

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

WireField: TypeAlias = tuple[int, int, int, bytes]
"""(field number, wire type, value of a varint or else 0, payload of a length-delimited field or else empty)."""

_VARINT_BYTES_MAX: Final = 10
_U64: Final = (1 << 64) - 1
_FIELD_NUMBER_MAX: Final = (1 << 29) - 1

_ONE_BYTE: Final = tuple(bytes([number]) for number in range(0x80))
"""Nearly all tags and lengths."""

_LENGTHS: Final = {VARINT: 0, FIXED64: 8, FIXED32: 4}
"""Of what comes after the tag, or after the value of a varint."""


class Undecodable(ValueError):
    """The bytes are no proto3 message. Stays inside the codec: its callers see a `Rejected`."""


def varint(number: int) -> bytes:
    """Encode an integer as proto3 does for int32, int64 and enums: negative numbers take ten bytes."""
    if 0 <= number < 0x80:
        return _ONE_BYTE[number]
    number &= _U64
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def text_writer(number: int) -> Callable[[str], bytes]:
    """Return what `text_field` does for one field; its tag is encoded once."""
    write = bytes_writer(number)
    return lambda value: write(value.encode()) if value else b""


def bytes_writer(number: int) -> Callable[[bytes], bytes]:
    """Return what `bytes_field` does for one field; its tag is encoded once."""
    tag = varint(number << 3 | BYTES)
    return lambda payload: tag + varint(len(payload)) + payload


def int_writer(number: int) -> Callable[[int], bytes]:
    """Return what `int_field` does for one field; its tag is encoded once."""
    tag = varint(number << 3 | VARINT)
    return lambda value: tag + varint(value) if value else b""


def text_field(number: int, value: str) -> bytes:
    """Encode a string field; nothing for the empty string, proto3's default."""
    return bytes_field(number, value.encode()) if value else b""


def bytes_field(number: int, payload: bytes) -> bytes:
    """Encode a length-delimited field, present even when empty."""
    return varint(number << 3 | BYTES) + varint(len(payload)) + payload


def int_field(number: int, value: int) -> bytes:
    """Encode an int32, int64 or enum field; nothing for 0, proto3's default."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def read_fields(data: bytes) -> Iterator[WireField]:
    """Yield the fields of a message in the order they stand.

    Raises:
        Undecodable: Truncated, a field number of 0, a group, or a varint of more than ten bytes.
    """
    position, end = 0, len(data)
    while position < end:
        tag = data[position]
        position += 1
        if tag >= 0x80:
            tag, position = _read_varint(data, position - 1, end)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number <= _FIELD_NUMBER_MAX:
            raise Undecodable(f"field number {number}")
        if wire_type == VARINT:
            value = data[position] if position < end else 0x80
            if value < 0x80:
                position += 1
            else:
                value, position = _read_varint(data, position, end)
            yield number, VARINT, value, b""
            continue
        if wire_type == BYTES:
            # Nearly all are short; the reader of varints sees to those that are not, and to the end of the data.
            length = data[position] if position < end else 0x80
            if length < 0x80:
                position += 1
            else:
                length, position = _read_varint(data, position, end)
        elif wire_type == FIXED64:
            length = 8
        elif wire_type == FIXED32:
            length = 4
        else:
            raise Undecodable(f"wire type {wire_type}")
        start, position = position, position + length
        if position > end:
            raise Undecodable("truncated")
        yield number, wire_type, 0, data[start:position] if wire_type == BYTES else b""


def spans(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, wire type, start, end) of the fields of a message, tag and all.

    Raises:
        Undecodable: As `read_fields`.
    """
    start, end = 0, len(data)
    while start < end:
        tag, position = _read_varint(data, start, end)
        length, after = _read_varint(data, position, end) if tag & 7 in {VARINT, BYTES} else (0, position)
        position = after + _LENGTHS.get(tag & 7, length)
        ((number, wire_type, *_),) = read_fields(data[start:position])
        yield number, wire_type, start, position
        start = position


def _read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    stop = min(end, position + _VARINT_BYTES_MAX)
    while position < stop:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _U64, position
        shift += 7
    raise Undecodable("truncated" if position == end else "varint of more than ten bytes")


def to_int32(value: int) -> int:
    """Read a varint's value as int32: the low 32 bits, signed."""
    value &= 0xFFFF_FFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def to_int64(value: int) -> int:
    """Read a varint's value as int64: signed."""
    return value - (1 << 64) if value >= 1 << 63 else value


def to_text(payload: bytes) -> str:
    """Read a string field; proto3 strings are UTF-8.

    Raises:
        Undecodable: It is not UTF-8.
    """
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Undecodable("a string is not UTF-8") from error


class FieldKind(StrEnum):
    """How the value of a field is written by people."""

    TEXT = "text"
    NUMBER = "number"
    SEVERITY = "severity"
    TEXTS = "texts"
    LABELS = "labels"


# Looking up a member of an enum takes as long as reading a short field.
_TEXT, _TEXTS = FieldKind.TEXT, FieldKind.TEXTS


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
    return Field(number, FieldKind.NUMBER, to_int32)


def int64(number: int) -> Field:
    """Return an `int64`."""
    return Field(number, FieldKind.NUMBER, to_int64)


def boolean(number: int) -> Field:
    """Return a `bool`."""
    return Field(number, FieldKind.NUMBER, bool)


def enum(number: int, read: Callable[[int], Any], kind: FieldKind = FieldKind.NUMBER) -> Field:
    """Return an enum; *read* makes something of numbers that this version does not know, too."""
    return Field(number, kind, lambda value: read(to_int32(value)))


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
        self._absent: Final = {name: _absent(field) for name, field in fields.items()}
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
        for name in self._lists:
            values[name] = []
        for number, wire_type, value, payload in read_fields(data):
            name, expected, read, kind = readers.get(number, _UNKNOWN)
            if wire_type != expected:
                continue
            if wire_type == VARINT:
                values[name] = read(value)
            elif kind is _TEXT:
                values[name] = read(payload)
            elif kind is _TEXTS:
                values[name].append(read(payload))
            else:
                label, content = label_entry(payload, read)
                entries = values[name]
                if entries is _NO_LABELS:
                    entries = values[name] = {}
                entries[label] = content
        for name in self._lists:
            values[name] = tuple(values[name])
        return values


T = TypeVar("T")

_LABEL_TAG, _CONTENT_TAG = 1 << 3 | BYTES, 2 << 3 | BYTES
_label_of_entry: Final = bytes_writer(1)
_content_of_entry: Final = bytes_writer(2)


def encode_entry(label: str, content: str) -> bytes:
    """Return one entry of a map, which has both fields even when they are empty, as Google's writers do."""
    return _label_of_entry(label.encode()) + _content_of_entry(content.encode())


def label_entry(payload: bytes, read: Callable[[bytes], T]) -> tuple[T, T]:
    """Return label and content of an entry of a map, each as *read* makes it of its bytes.

    Raises:
        Undecodable: It is no message.
    """
    # As writers write it: the label, then the content, both short; anything else is read like any message.
    size = len(payload)
    if size > 3 and payload[0] == _LABEL_TAG and (content_at := payload[1] + 4) <= size and payload[1] < 0x80:
        length = payload[content_at - 1]
        if payload[content_at - 2] == _CONTENT_TAG and length < 0x80 and content_at + length == size:
            return read(payload[2 : content_at - 2]), read(payload[content_at:])
    pair = {1: read(b""), 2: read(b"")}
    for number, wire_type, _, content in read_fields(payload):
        if wire_type == BYTES and number in pair:
            pair[number] = read(content)
    return pair[1], pair[2]


_Reader: TypeAlias = tuple[int, Callable[[Any], Any], FieldKind]
"""(wire type, what makes a value of a varint's number or of the bytes, kind)."""

_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})
"""Of all messages in which a map has no entry: most have one that does, and one that does not."""

_UNKNOWN: Final = ("", -1, to_text, FieldKind.TEXT)


def _absent(field: Field) -> Any:
    if field.kind is FieldKind.LABELS:
        return _NO_LABELS
    return "" if field.read is None else field.read(0)


def _reader(field: Field) -> _Reader:
    if field.read is None:
        return BYTES, to_text, field.kind
    return VARINT, field.read, field.kind


def _writer(field: Field) -> Callable[[Any], bytes]:
    match field.kind:
        case FieldKind.TEXT:
            return text_writer(field.number)
        case FieldKind.NUMBER | FieldKind.SEVERITY:
            return int_writer(field.number)
        case FieldKind.TEXTS:
            write = bytes_writer(field.number)
            return lambda values: b"".join([write(one.encode()) for one in values])
        case FieldKind.LABELS:
            write = bytes_writer(field.number)
            return lambda value: b"".join([write(encode_entry(label, value[label])) for label in sorted(value)])
