"""Times as the API writes them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from alerting_core import limits

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at_ms: int) -> str:
    """Write unix milliseconds as `2026-01-02T03:04:05.678Z`."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(at_ms: int | None) -> str | None:
    """Write unix milliseconds, if there are any."""
    return None if at_ms is None else rfc3339(at_ms)


def unix_ms(moment: datetime) -> int:
    """Return an aware *moment* in unix milliseconds, cut off, not rounded."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def unix_us(moment: datetime) -> int:
    """Return an aware *moment* in unix microseconds, which is all that it holds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def clamped_ms(moment: datetime | None) -> int | None:
    """Return *moment* in unix milliseconds for a filter, moved into the range in which anything is ever stored."""
    return None if moment is None else min(max(0, unix_ms(moment)), limits.TIME_MS_MAX)
