"""Pages of a list: who is asking, how much, and the opaque cursor where the next page begins."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Generic, TypeAlias, TypeVar

from alerting_core import limits
from alerting_core.codec.records import is_uuid
from alerting_core.domain.text import is_storable
from alerting_core.errors import InvalidInput, Problem, ProblemCode

T = TypeVar("T")

Scope: TypeAlias = str | None
"""The client on whose behalf a call is made; None: an operator, who sees all clients. Another client's objects do not
exist for a scope: they are not listed, and asking for one is `NotFound`."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: at most `limit` items after the opaque `cursor` of the page before."""

    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in a stable order; `next_cursor` is None on the last page.

    Walking the pages visits every item that existed throughout exactly once, whatever is added or removed meanwhile.
    """

    items: Sequence[T]
    next_cursor: str | None = None


_CHECKSUM_BYTES: Final = 6


@dataclass(frozen=True, slots=True, order=True)
class TimeKey:
    """Sort key of the lists that run newest first: creation, then id (a UUID, or the text that a caller chose)."""

    at_ms: int
    id: str


PARTITIONS_END: Final = 1 << 31
OFFSETS_END: Final = 1 << 63
"""What no partition and no offset reaches: the widths that Kafka and Postgres give them."""


@dataclass(frozen=True, slots=True, order=True)
class PlaceKey:
    """Sort key of records of several topics, newest first: time, then place."""

    at_ms: int
    topic: str
    partition: int
    offset: int


def encode_time_cursor(listed: str, key: TimeKey) -> str:
    """Return the cursor that continues the list *listed* (`rules`, `endpoints`, …) after *key*."""
    return _encode([listed, key.at_ms, key.id])


def decode_time_cursor(listed: str, cursor: str) -> TimeKey:
    """Return where *cursor* continues the list *listed*. Raises InvalidInput for anything not made for it."""
    match _decode(cursor):
        case [str(name), int(at_ms), str(item_id)] if (
            name == listed and 0 <= at_ms <= limits.TIME_MS_MAX and is_uuid(item_id)
        ):
            return TimeKey(at_ms, item_id)
        case _:
            raise _invalid()


def decode_time_text_cursor(listed: str, cursor: str) -> TimeKey:
    """Return where *cursor* continues a list whose ids are texts. Raises InvalidInput like `decode_time_cursor`."""
    match _decode(cursor):
        case [str(name), int(at_ms), str(item_id)] if (
            name == listed
            and 0 <= at_ms <= limits.TIME_MS_MAX
            and len(item_id) <= limits.ID_CHARS_MAX
            and is_storable(item_id)
        ):
            return TimeKey(at_ms, item_id)
        case _:
            raise _invalid()


def encode_place_cursor(listed: str, key: PlaceKey) -> str:
    """Return the cursor that continues the list *listed* of records after *key*."""
    return _encode([listed, key.at_ms, key.topic, key.partition, key.offset])


def decode_place_cursor(listed: str, cursor: str) -> PlaceKey:
    """Return after which record *cursor* continues the list. Raises InvalidInput like `decode_time_cursor`."""
    match _decode(cursor):
        case [str(name), int(at_ms), str(topic), int(partition), int(offset)] if (
            name == listed
            and 0 <= at_ms <= limits.TIME_MS_MAX
            and is_storable(topic)
            and 0 <= partition < PARTITIONS_END
            and 0 <= offset < OFFSETS_END
        ):
            return PlaceKey(at_ms, topic, partition, offset)
        case _:
            raise _invalid()


def encode_text_cursor(listed: str, key: str) -> str:
    """Return the cursor that continues a list in text order after *key*."""
    return _encode([listed, key])


def decode_text_cursor(listed: str, cursor: str) -> str:
    """Return after which text *cursor* continues the list *listed*. Raises InvalidInput like `decode_time_cursor`."""
    match _decode(cursor):
        case [str(name), str(key)] if name == listed and len(key) <= limits.ID_CHARS_MAX and is_storable(key):
            return key
        case _:
            raise _invalid()


def _encode(parts: list[str | int]) -> str:
    payload = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(_checksum(payload) + payload).rstrip(b"=").decode()


def _decode(cursor: str) -> object:
    if not cursor.isascii() or len(cursor) > limits.CURSOR_CHARS_MAX:
        raise _invalid()
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError as error:
        raise _invalid() from error
    # Decoding skips foreign characters and loose bits; only what encodes to the same text again was made here.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor or raw[:_CHECKSUM_BYTES] != _checksum(
        raw[_CHECKSUM_BYTES:]
    ):
        raise _invalid()
    try:
        return json.loads(raw[_CHECKSUM_BYTES:])
    except ValueError as error:
        raise _invalid() from error


def _checksum(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=_CHECKSUM_BYTES, person=b"cursor").digest()


def _invalid() -> InvalidInput:
    detail = "is not a cursor of this list: pass next_cursor of the page before as it is, or none for the first page"
    return InvalidInput([Problem("cursor", ProblemCode.UNKNOWN_VALUE, detail)])
