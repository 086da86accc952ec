"""Points in time as requests name them: RFC 3339 with an offset, and nothing else."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from alerting_core import limits
from alerting_core.problem import Problem, ProblemCode

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_moment(value: object) -> datetime | Problem:
    """Read the text of a time, to the microsecond; what is finer is cut off."""
    found = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        detail = "must be a time by RFC 3339 with an offset, as in 2026-01-02T03:04:05Z"
        return Problem("", ProblemCode.WRONG_TYPE, detail)
    *numbers, fraction, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        zone = _zone(sign, hours, minutes)
        return datetime(year, month, day, hour, minute, second, micros, zone)
    except ValueError:
        return Problem("", ProblemCode.WRONG_TYPE, "is written like a time, and there is no such time")


def unix_ms(moment: datetime) -> int:
    """Return an aware *moment* in unix milliseconds, cut off, not rounded."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def unix_us(moment: datetime) -> int:
    """Return an aware *moment* in unix microseconds, which is all that it holds."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def clamped_ms(moment: datetime | None) -> int | None:
    """Return *moment* in unix milliseconds for a filter, moved into the range in which anything is ever stored."""
    return None if moment is None else min(max(0, unix_ms(moment)), limits.TIME_MS_MAX)


def _zone(sign: str | None, hours: str, minutes: str) -> timezone:
    if sign is None:
        return UTC
    if int(minutes) > 59:
        raise ValueError("an hour has sixty minutes")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
