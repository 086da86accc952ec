"""Requests that carry an Idempotency-Key: done once, answered as often as asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Fresh:
    """The request has not been seen: do it, then `finish` or `abandon` it with this claim.

    Attributes:
        begun_at_ms: Tells this claim from one that took its place after it was held for dead.
    """

    owner: str
    key: str
    begun_at_ms: int


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is under way."""


@dataclass(frozen=True, slots=True)
class Different:
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the request was answered, to be answered again."""

    status_code: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Beginning: TypeAlias = Fresh | InProgress | Different | Answer


class IdempotencyStore(Protocol):
    """Answers by (owner, key). An owner is a client_id, or empty for operators; owners never see each other's keys."""

    async def begin(self, owner: str, key: str, request_hash: bytes, *, now_ms: int) -> Beginning:
        """Claim *key* for a request, or say what became of it.

        Of any number of calls at once with the same owner and key exactly one is `Fresh`. Another *request_hash* than
        that of the first is `Different`, running or not. A request that began more than
        `limits.IDEMPOTENCY_RUNNING_MS_MAX` ago and never ended is held for dead: the next call is `Fresh`. An answer
        older than `limits.IDEMPOTENCY_KEEP_MS` is forgotten.
        """
        ...

    async def finish(self, claim: Fresh, answer: Answer) -> None:
        """Keep *answer*. Does nothing when another call has taken the claim's place."""
        ...

    async def abandon(self, claim: Fresh) -> None:
        """Forget the claim, since the request changed nothing: the next call is `Fresh`.

        Does nothing when it was finished, or another call has taken its place.
        """
        ...
