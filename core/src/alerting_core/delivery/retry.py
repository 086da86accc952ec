"""When a delivery that failed is tried again.

The wait before the next attempt is the step's length, spread by a few percent so that what failed together does not
come back together. The spread is a hash of the delivery and the attempt: a replay decides the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Final

from alerting_core import limits
from alerting_core.errors import InvalidInput, Problem, ProblemCode

DEFAULT_STEPS_MS: Final = (5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000)
"""5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h: the schedule that the Standard Webhooks specification proposes."""

_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_RETRY_AFTER_CHARS_MAX: Final = 64
"""An HTTP date has 29 characters, the oldest form 33."""


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """The waits between the attempts of one delivery.

    Attributes:
        steps_ms: The wait after each failed attempt; one attempt more than steps is made in all.
        jitter_percent: How far each wait may be off, to either side.

    Raises:
        InvalidInput: A configured schedule is empty, or beyond what `limits` allows.
    """

    steps_ms: tuple[int, ...] = DEFAULT_STEPS_MS
    jitter_percent: int = 20

    def __post_init__(self) -> None:
        """Refuse what no operator can have meant."""
        if problems := tuple(self._problems()):
            raise InvalidInput(problems, "the retry schedule has problems")

    def _problems(self) -> Iterator[Problem]:
        if not 1 <= len(self.steps_ms) <= limits.RETRIES_MAX:
            yield Problem("steps_ms", ProblemCode.OUT_OF_RANGE, f"must have 1 to {limits.RETRIES_MAX} steps")
        for number, step_ms in enumerate(self.steps_ms):
            if not 1 <= step_ms <= limits.RETRY_STEP_MS_MAX:
                detail = f"must be 1 to {limits.RETRY_STEP_MS_MAX} milliseconds"
                yield Problem(f"steps_ms[{number}]", ProblemCode.OUT_OF_RANGE, detail)
        if not 0 <= self.jitter_percent <= 50:
            yield Problem("jitter_percent", ProblemCode.OUT_OF_RANGE, "must be 0 to 50")

    @property
    def attempts_max(self) -> int:
        """How many attempts one delivery gets."""
        return len(self.steps_ms) + 1

    def longest_ms(self, *, after_attempts: int = 0) -> int:
        """Return how long the rest of the schedule can last after attempt *after_attempts*; 0 for before the first.

        Each wait with the most that jitter adds, and the one under way as long as Retry-After may have made it.
        """
        begun = max(after_attempts - 1, 0)
        waits_ms = self.steps_ms[begun:]
        longest_ms = sum(waits_ms) * (100 + self.jitter_percent) // 100
        if after_attempts == 0:
            return longest_ms
        return longest_ms + sum(waits_ms[:1]) * (100 - self.jitter_percent) // 100


def retry_delay_ms(
    schedule: RetrySchedule, delivery_id: str, *, attempt_number: int, retry_after_ms: int | None = None
) -> int | None:
    """Return how long to wait after attempt *attempt_number* (1 for the first) failed; None when it was the last.

    Retry-After only ever lengthens the wait, up to twice the step: an endpoint may ask for peace, but one that says
    "in a second" ten times over must not use up a schedule that is meant to outlast a night.
    """
    assert attempt_number >= 1
    if attempt_number >= schedule.attempts_max:
        return None
    step_ms = schedule.steps_ms[attempt_number - 1]
    span_ms = step_ms * schedule.jitter_percent // 100
    delay_ms = step_ms - span_ms + _spread(delivery_id, attempt_number) % (2 * span_ms + 1)
    if retry_after_ms is None:
        return delay_ms
    return max(delay_ms, min(retry_after_ms, 2 * step_ms))


def _spread(delivery_id: str, attempt_number: int) -> int:
    digest = blake2b(f"{attempt_number}:{delivery_id}".encode(), digest_size=8, person=b"retry")
    return int.from_bytes(digest.digest(), "big")


def parse_retry_after(value: str | None, *, now_ms: int) -> int | None:
    """Return the wait that a Retry-After header asks for, in milliseconds; None when it is absent or not readable.

    Takes both forms of RFC 9110, seconds and HTTP date; a date that has passed is 0.
    """
    text = (value or "").strip(" \t")
    if _DIGITS.fullmatch(text):
        return int(text) * 1_000
    if not text or len(text) > _RETRY_AFTER_CHARS_MAX:
        return None
    try:
        at = parsedate_to_datetime(text)
        # The oldest form of the date names no zone; all three mean UTC.
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        wait_ms = (at - datetime.fromtimestamp(0, UTC)).total_seconds() * 1_000 - now_ms
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0, round(wait_ms))
