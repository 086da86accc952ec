"""Reads request bodies strictly, so that every route refuses the same things in the same way."""

from typing import Any

import orjson

from alerting_core.api.bodies import not_json, not_utf8


def decode_json(body: bytes) -> Any:
    """Decode *body*, or refuse it and say where it goes wrong."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(error.start) from None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise not_json(f"line {error.lineno}, column {error.colno}: {error.msg[:200]}") from None
