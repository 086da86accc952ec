"""Whose lease it is, and what is left of an attempt whose owner lost it.

A sender has a name that no other process has or will have; each claim call of it has an owner of its own, who carries
that name. So one look at a lease tells which process to ask for.
"""

from alerting_core.domain.delivery import Attempt, Delivery, Reason
from alerting_core.domain.ids import derive_attempt_id

INTERRUPTED_DETAIL = (
    "The sender ended, or was held up for too long, before it recorded an answer. "
    "The message may have arrived: the next attempt carries the same id."
)

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


_LATENCY_MS_MAX = 2**31 - 1
"""What a column of a table holds; a platform may have been off for months."""
