"""Points in time as people and JSON readers see them."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at_ms: int) -> str:
    """Return unix milliseconds as RFC 3339 in UTC, always with milliseconds: `2026-01-02T03:04:05.678Z`."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def for_people(at_s: int) -> str:
    """Return unix seconds as people read them: `2026-01-02 03:04:05 UTC`."""
    return f"{_EPOCH + timedelta(seconds=at_s):%Y-%m-%d %H:%M:%S} UTC"
