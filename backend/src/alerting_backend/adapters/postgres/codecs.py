"""How values cross to Postgres: the types of the core on one side, columns on the other.

timestamptz is unix milliseconds as `int`, uuid is `str` in lower case, jsonb is what orjson reads and writes. Arrays of
them too.
"""

from typing import Any, Final

import asyncpg
import orjson

_EPOCH_MS: Final = 946_684_800_000
"""2000-01-01, from which Postgres counts microseconds."""

_JSONB_VERSION: Final = b"\x01"


async def set_codecs(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Teach a new connection the codecs; costs no round trip."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str, format="text")
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_json, decoder=_decode_json, format="binary"
    )
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_encode_time, decoder=_decode_time, format="tuple"
    )


def _encode_json(value: Any) -> bytes:
    return _JSONB_VERSION + orjson.dumps(value)


def _decode_json(raw: bytes) -> Any:
    return orjson.loads(raw[1:])


def _encode_time(unix_ms: int) -> tuple[int]:
    return ((unix_ms - _EPOCH_MS) * 1_000,)


def _decode_time(value: tuple[int]) -> int:
    return value[0] // 1_000 + _EPOCH_MS
