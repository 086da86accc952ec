"""What a sender holds: deliveries claimed with a lease, messages to targets, what came of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from alerting_core.domain.delivery import (
    Attempt,
    Delivery,
    DeliveryEvent,
    EndpointState,
    FollowedDelivery,
    Reason,
    derive_attempt_id,
)
from alerting_core.domain.notification import Notification, NotificationRef

INTERRUPTED_DETAIL = (
    "The sender ended, or was held up for too long, before it recorded an answer. "
    "The message may have arrived: the next attempt carries the same id."
)

_LATENCY_MS_MAX = 2**31 - 1
"""What a column of a table holds; a platform may have been off for months."""

_BETWEEN = "/"


def owner_of(sender: str, number: int) -> str:
    """Return the owner of a sender's claim call *number*."""
    return f"{sender}{_BETWEEN}{number}"


def sender_of(owner: str | None) -> str | None:
    """Return which sender *owner* is of; None when it does not say."""
    sender, between, _ = (owner or "").partition(_BETWEEN)
    return sender if between else None


def interrupted_attempt(
    delivery: Delivery, owner: str, *, lease_ends_at_ms: int, lease_ms: int, now_ms: int
) -> Attempt:
    """Return the attempt that *owner* may have made before it lost its lease.

    It has the id that the owner's own record would have, so that whichever comes later meets it. It is no step of the
    retry schedule. Nobody knows when it began: the time of the claim stands for that.

    Args:
        delivery: As stored.
        owner: Of the lease that was lost.
        lease_ends_at_ms: When the lease would have run out.
        lease_ms: How long it was to last.
        now_ms: When it was found lost.
    """
    claimed_at_ms = min(now_ms, lease_ends_at_ms - lease_ms)
    return Attempt(
        attempt_id=derive_attempt_id(delivery.delivery_id, owner),
        delivery_id=delivery.delivery_id,
        number=delivery.attempts + 1,
        reason=Reason.INTERRUPTED,
        started_at_ms=claimed_at_ms,
        latency_ms=min(now_ms - claimed_at_ms, _LATENCY_MS_MAX),
        detail=INTERRUPTED_DETAIL,
    )


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """One POST. `headers` and `url` may hold credentials: do not log."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EmailMessage:
    """One mail to one address, with plain text and HTML.

    Attributes:
        message_id: For the Message-ID header, the same on every attempt: `<id>` without a domain.
        client_id: Whose mail it is, for fair turns; it is not in the mail.
    """

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    message_id: str = ""
    client_id: str = ""


Message: TypeAlias = HttpMessage | EmailMessage


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer came.

    Attributes:
        status: HTTP status code.
        retry_after: The Retry-After header as sent, if any.
        body: At most `limits.RESPONSE_BYTES_MAX` bytes.
    """

    status: int
    body: bytes = b""
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """The mail server's final answer; 250 when it took the message. `detail` is for people, as who carried it."""

    code: int
    text: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer came. `reason` is one of the "never reached it" reasons; `detail` is for people, without secrets."""

    reason: Reason
    detail: str = ""


Reply: TypeAlias = HttpReply | SmtpReply | Unreached


@dataclass(frozen=True, slots=True)
class Plan:
    """All deliveries of one notification, PENDING or already SKIPPED; none when no endpoint wants it."""

    ref: NotificationRef
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make the next attempt of a delivery until the lease runs out.

    Attributes:
        owner: Who holds it; unique per claim call.
        delivery: As stored, with the attempts made so far.
        endpoint: As it is now; None when it was deleted.
        followed: The delivery that this one follows, as it was just before the claim; None when it follows none, or
            that one is not kept any more.
    """

    owner: str
    delivery: Delivery
    notification: Notification
    endpoint: EndpointState | None
    followed: FollowedDelivery | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one claim came to.

    Attributes:
        attempt: The try to record; None when none was made (skipped, postponed).
        event: The move to make; None leaves the state and only sets when it is due (a postponed delivery). One that its
            target was too busy to take is postponed with the attempt, which is no step of the schedule.
        next_attempt_at_ms: When it is due next; required for RETRY_LATER and for a postponed one, else None.
            Postponing is no move: the delivery keeps its `updated_at_ms`, from which its patience is counted.
        disable_endpoint: The endpoint said that it is gone for good: disable it.
    """

    claim: Claim
    reason: Reason
    event: DeliveryEvent | None
    attempt: Attempt | None = None
    next_attempt_at_ms: int | None = None
    disable_endpoint: bool = False
