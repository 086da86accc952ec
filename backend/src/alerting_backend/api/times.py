"""Times as the API reads and writes them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from alerting_core import limits

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def unix_ms(moment: datetime) -> int:
    """Return an aware *moment* in unix milliseconds, cut off, not rounded."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def unix_us(moment: datetime) -> int:
    """Return an aware *moment* in unix microseconds, which is all that it holds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def clamped_ms(moment: datetime | None) -> int | None:
    """Return *moment* in unix milliseconds for a filter, moved into the range in which anything is ever stored."""
    return None if moment is None else min(max(0, unix_ms(moment)), limits.TIME_MS_MAX)
