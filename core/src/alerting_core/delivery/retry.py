"""What the answer to one attempt makes of its delivery, and when one that failed is tried again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Final, assert_never

from alerting_core import limits
from alerting_core.domain.claim import Claim, HttpReply, Outcome, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import Attempt, Delivery, DeliveryEvent, Reason, derive_attempt_id
from alerting_core.domain.notification import NotificationKind
from alerting_core.domain.text import storable_start
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
        longest_ms = sum(self.steps_ms[begun:]) * (100 + self.jitter_percent) // 100
        return longest_ms + (limits.RETRY_AFTER_MS_MAX if after_attempts else 0)

    def is_over_for(self, delivery: Delivery, *, now_ms: int, least_ms: int = 0) -> bool:
        """Say whether *delivery* has waited for as long as its rest could have lasted, and for *least_ms*."""
        lasts_ms = max(self.longest_ms(after_attempts=delivery.attempts), least_ms)
        return now_ms - delivery.updated_at_ms >= lasts_ms


def retry_delay_ms(
    schedule: RetrySchedule, delivery_id: str, *, attempt_number: int, retry_after_ms: int | None = None
) -> int | None:
    """Return how long to wait after attempt *attempt_number* (1 for the first) failed; None when it was the last.

    Retry-After only ever lengthens the wait, by `limits.RETRY_AFTER_MS_MAX` at most: an endpoint may ask for peace, but
    one that says "in a second" ten times over must not use up a schedule that is meant to outlast a night.
    """
    assert attempt_number >= 1
    if attempt_number >= schedule.attempts_max:
        return None
    step_ms = schedule.steps_ms[attempt_number - 1]
    span_ms = step_ms * schedule.jitter_percent // 100
    delay_ms = step_ms - span_ms + _spread(delivery_id, attempt_number) % (2 * span_ms + 1)
    if retry_after_ms is None:
        return delay_ms
    return max(delay_ms, min(retry_after_ms, step_ms + limits.RETRY_AFTER_MS_MAX))


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


FINAL_REASONS: Final = frozenset({Reason.GONE, Reason.SMTP_PERMANENT, Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED})
"""After these no further attempt is made, whatever the schedule says."""

UNREACHED_REASONS: Final = frozenset(
    {
        Reason.TIMED_OUT,
        Reason.CONNECTION_FAILED,
        Reason.NAME_NOT_RESOLVED,
        Reason.TLS_FAILED,
        Reason.FORBIDDEN_ADDRESS,
        Reason.PROTOCOL_ERROR,
        Reason.NOT_CONFIGURED,
        Reason.CIRCUIT_OPEN,
        Reason.RATE_LIMITED,
    }
)
"""What an `Unreached` may say."""

_RATE_POSTPONE_MS: Final = 5_000
"""When a message that our own rate limit held back is due again: about as long as a transport makes one wait for it."""

_DETAIL_CHARS_MAX: Final = 1_000
"""An error's text, for people."""

_HONOURS_RETRY_AFTER: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class _Reading:
    """A reply, read: the parts of an attempt that come from it."""

    reason: Reason
    status_code: int | None = None
    response: str = ""
    detail: str = ""
    retry_after_ms: int | None = None


def skip_reason(claim: Claim) -> Reason | None:
    """Say why a claimed delivery is not wanted any more; None when it is.

    The endpoint is looked at as it is now: deleted, disabled, or pointing elsewhere since the delivery was planned; or
    it is an end, of which this endpoint is not to be told.
    """
    endpoint = claim.endpoint
    if endpoint is None:
        return Reason.ENDPOINT_DELETED
    if not endpoint.enabled:
        return Reason.ENDPOINT_DISABLED
    if claim.delivery.target not in endpoint.targets:
        return Reason.ENDPOINT_CHANGED
    if claim.notification.kind is NotificationKind.RESOLVED and not endpoint.send_resolved:
        return Reason.RESOLVED_NOT_WANTED
    return None


def skip(claim: Claim) -> Outcome | None:
    """Return the outcome of a claim that is not to be attempted, per `skip_reason`; None when it is."""
    reason = skip_reason(claim)
    return None if reason is None else Outcome(claim, reason, DeliveryEvent.NOT_WANTED)


def judge(claim: Claim, reply: Reply, *, schedule: RetrySchedule, started_at_ms: int, now_ms: int) -> Outcome:
    """Turn the answer to the attempt that *claim* allowed into its outcome.

    A 429 is an attempt on record and no step of the schedule: the message is due again when the target asked for it,
    `limits.RETRY_AFTER_MS_MAX` later at most. `delivery.pace` says when it is really sent.

    Args:
        claim: As claimed; its delivery holds the attempts made before this one.
        reply: What the transport brought back.
        schedule: When to try again.
        started_at_ms: When the attempt began.
        now_ms: When the answer came; the next wait counts from here.
    """
    reading = _read(reply, now_ms=now_ms)
    if isinstance(reply, Unreached) and reading.reason is Reason.RATE_LIMITED:
        return Outcome(claim, reading.reason, None, next_attempt_at_ms=now_ms + _RATE_POSTPONE_MS)
    number = claim.delivery.attempts + 1
    attempt = Attempt(
        attempt_id=derive_attempt_id(claim.delivery.delivery_id, claim.owner),
        delivery_id=claim.delivery.delivery_id,
        number=number,
        reason=reading.reason,
        started_at_ms=started_at_ms,
        latency_ms=max(0, now_ms - started_at_ms),
        status_code=reading.status_code,
        response=reading.response,
        detail=reading.detail,
    )
    if reading.reason is Reason.DELIVERED:
        return Outcome(claim, reading.reason, DeliveryEvent.ACCEPTED, attempt)
    if reading.reason is Reason.RATE_LIMITED:
        asked_ms = min(reading.retry_after_ms or 0, limits.RETRY_AFTER_MS_MAX)
        return Outcome(claim, reading.reason, None, attempt, next_attempt_at_ms=now_ms + asked_ms)
    delay_ms = retry_delay_ms(
        schedule, claim.delivery.delivery_id, attempt_number=number, retry_after_ms=reading.retry_after_ms
    )
    if delay_ms is None or reading.reason in FINAL_REASONS:
        gone = reading.reason is Reason.GONE
        return Outcome(claim, reading.reason, DeliveryEvent.GIVEN_UP, attempt, disable_endpoint=gone)
    return Outcome(claim, reading.reason, DeliveryEvent.RETRY_LATER, attempt, next_attempt_at_ms=now_ms + delay_ms)


def _read(reply: Reply, *, now_ms: int) -> _Reading:
    match reply:
        case HttpReply(status, body, retry_after):
            wait_ms = parse_retry_after(retry_after, now_ms=now_ms) if status in _HONOURS_RETRY_AFTER else None
            text = _kept(body[: limits.RESPONSE_BYTES_MAX].decode(errors="replace"))
            return _Reading(_http_reason(status), status, text, retry_after_ms=wait_ms)
        case SmtpReply(code, text, detail):
            return _Reading(_smtp_reason(code), code, _kept(text), _kept(detail)[:_DETAIL_CHARS_MAX])
        case Unreached(reason, detail):
            assert reason in UNREACHED_REASONS, f"{reason} does not say that nothing was reached"
            return _Reading(reason, detail=_kept(detail)[:_DETAIL_CHARS_MAX])
        case _:
            assert_never(reply)


def _http_reason(status: int) -> Reason:
    if status == 410:
        return Reason.GONE
    if status == 429:
        return Reason.RATE_LIMITED
    by_class = {
        2: Reason.DELIVERED,
        3: Reason.HTTP_REDIRECT,
        4: Reason.HTTP_CLIENT_ERROR,
        5: Reason.HTTP_SERVER_ERROR,
    }
    return by_class.get(status // 100, Reason.PROTOCOL_ERROR)


def _smtp_reason(code: int) -> Reason:
    by_class = {2: Reason.DELIVERED, 4: Reason.SMTP_TEMPORARY, 5: Reason.SMTP_PERMANENT}
    return by_class.get(code // 100, Reason.PROTOCOL_ERROR)


def _kept(text: str) -> str:
    # A replaced byte grows to three, so that the length is measured last.
    return storable_start(text, bytes_max=limits.RESPONSE_BYTES_MAX)
