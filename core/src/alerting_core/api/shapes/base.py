"""What all shapes share."""

from typing import Any, TypeAlias

from alerting_core.domain.timestamp import rfc3339

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object before it is text: text, numbers, booleans, None, and lists and objects of these."""


def time_or_none(at_ms: int | None) -> str | None:
    """Write unix milliseconds, if there are any."""
    return None if at_ms is None else rfc3339(at_ms)
