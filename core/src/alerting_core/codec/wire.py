"""The proto3 wire format: tags, varints and length-delimited fields. Enough for the messages of this platform.

A reader of this format must take fields in any order, keep the last of a repeated scalar, and pass over fields and wire
types it does not know; so does this one. It is checked against Google's own implementation by property tests.

Source: "Protocol Buffers: Encoding", protobuf.dev.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

Field: TypeAlias = tuple[int, int, int, bytes]
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


def fields(data: bytes) -> Iterator[Field]:
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
        Undecodable: As `fields`.
    """
    start, end = 0, len(data)
    while start < end:
        tag, position = _read_varint(data, start, end)
        length, after = _read_varint(data, position, end) if tag & 7 in {VARINT, BYTES} else (0, position)
        position = after + _LENGTHS.get(tag & 7, length)
        ((number, wire_type, *_),) = fields(data[start:position])
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
