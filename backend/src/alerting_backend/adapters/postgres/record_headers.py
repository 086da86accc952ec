"""Headers of a record as one column: for each its name and its value, each with its length before it."""

from functools import lru_cache
from struct import Struct
from typing import Final

from alerting_core.ports.stream import Headers

_LENGTH: Final = Struct(">I")


# Nearly all records of a topic have the same few headers.
@lru_cache(maxsize=256)
def encode_headers(headers: Headers) -> bytes | None:
    """Return the column's value; None without headers."""
    if not headers:
        return None
    parts: list[bytes] = []
    for name, value in headers:
        for raw in (name.encode(), value):
            parts += (_LENGTH.pack(len(raw)), raw)
    return b"".join(parts)


@lru_cache(maxsize=256)
def decode_headers(column: bytes | None) -> Headers:
    """Read what `encode_headers` wrote."""
    if column is None:
        return ()
    raw: list[bytes] = []
    at = 0
    while at < len(column):
        (length,) = _LENGTH.unpack_from(column, at)
        at += _LENGTH.size + length
        raw.append(column[at - length : at])
    return tuple((name.decode(), value) for name, value in zip(raw[::2], raw[1::2], strict=True))
