"""What the answer to one attempt makes of its delivery.

Decisions, in one place:

* Only 2xx is success. A redirect is not followed: whoever moved the endpoint edits it; until then it is tried again.
* 410 says that the endpoint is gone for good: the delivery is dead and the endpoint is disabled.
* Every other 4xx is tried over the whole schedule like a 5xx. A 401, 404 or 422 is a mistake at the receiver far more
  often than a message that can never be taken, and such mistakes are mended within hours.
* A mail server's 4xx is tried again; its 5xx is its last word.
* What never reached the endpoint is tried again, but for two: an address that the operator's policy forbids (trying
  again would only go on knocking at a network that must be left alone) and a channel that is not configured (nobody
  answers however long we wait). Both end dead with their reason and can be resent.
* What our own rate limit held back (`Unreached` with RATE_LIMITED) was no attempt: it is postponed, and costs none.
* The attempt after the last step decides: there is no further one.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from alerting_core import limits
from alerting_core.delivery.retry import RetrySchedule, parse_retry_after, retry_delay_ms
from alerting_core.domain.claim import Claim, HttpReply, Outcome, Reply, SmtpReply, Unreached
from alerting_core.domain.ids import derive_attempt_id
from alerting_core.domain.notification import Attempt, DeliveryEvent, Reason
from alerting_core.domain.text import storable_start

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

    The endpoint is looked at as it is now: deleted, disabled, or pointing elsewhere since the delivery was planned.
    """
    endpoint = claim.endpoint
    if endpoint is None:
        return Reason.ENDPOINT_DELETED
    if not endpoint.enabled:
        return Reason.ENDPOINT_DISABLED
    if claim.delivery.target not in endpoint.targets:
        return Reason.ENDPOINT_CHANGED
    return None


def skip(claim: Claim) -> Outcome | None:
    """Return the outcome of a claim that is not to be attempted, per `skip_reason`; None when it is."""
    reason = skip_reason(claim)
    return None if reason is None else Outcome(claim, reason, DeliveryEvent.NOT_WANTED)


def judge(claim: Claim, reply: Reply, *, schedule: RetrySchedule, started_at_ms: int, now_ms: int) -> Outcome:
    """Turn the answer to the attempt that *claim* allowed into its outcome.

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
