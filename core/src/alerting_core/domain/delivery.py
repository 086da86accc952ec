"""A delivery of a notification to one target: its table of allowed moves between states, and its attempts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Self

from alerting_core.domain.endpoint import Endpoint, EndpointFormat, EndpointType, SigningSecret
from alerting_core.domain.text import derive_uuid


def derive_delivery_id(notification_id: str, endpoint_type: str, target: str) -> str:
    """Return the id of the one delivery of a notification to *target* (a URL or one address)."""
    return derive_uuid("delivery", notification_id, endpoint_type, target)


def derive_attempt_id(delivery_id: str, owner: str) -> str:
    """Return the id of the attempt that the claim *owner* made: recording it twice stores it once."""
    return derive_uuid("attempt", delivery_id, owner)


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "PENDING"
    RETRYING = "RETRYING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"
    SKIPPED = "SKIPPED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it unless somebody asks for it."""
        return self in _FINAL


_FINAL: Final = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.DEAD, DeliveryStatus.SKIPPED})


class DeliveryEvent(StrEnum):
    """What moves a delivery."""

    ACCEPTED = "accepted"
    RETRY_LATER = "retry-later"
    GIVEN_UP = "given-up"
    NOT_WANTED = "not-wanted"
    RESENT = "resent"


_S = DeliveryStatus
_E = DeliveryEvent

DELIVERY_MOVES: Final[Mapping[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus]] = {
    (_S.PENDING, _E.ACCEPTED): _S.DELIVERED,
    (_S.PENDING, _E.RETRY_LATER): _S.RETRYING,
    (_S.PENDING, _E.GIVEN_UP): _S.DEAD,
    (_S.PENDING, _E.NOT_WANTED): _S.SKIPPED,
    (_S.RETRYING, _E.ACCEPTED): _S.DELIVERED,
    (_S.RETRYING, _E.RETRY_LATER): _S.RETRYING,
    (_S.RETRYING, _E.GIVEN_UP): _S.DEAD,
    (_S.RETRYING, _E.NOT_WANTED): _S.SKIPPED,
    (_S.DELIVERED, _E.RESENT): _S.PENDING,
    (_S.DEAD, _E.RESENT): _S.PENDING,
    (_S.SKIPPED, _E.RESENT): _S.PENDING,
}
"""Every allowed move; a pair that is not here is not allowed."""


class Reason(StrEnum):
    """Why an attempt or a delivery came out as it did. Stable names: the API, the UI and metrics show them."""

    DELIVERED = "delivered"
    # Refused by the endpoint.
    HTTP_CLIENT_ERROR = "http-client-error"
    HTTP_SERVER_ERROR = "http-server-error"
    HTTP_REDIRECT = "http-redirect"
    RATE_LIMITED = "rate-limited"
    GONE = "gone"
    SMTP_TEMPORARY = "smtp-temporary"
    SMTP_PERMANENT = "smtp-permanent"
    # Never reached it.
    TIMED_OUT = "timed-out"
    CONNECTION_FAILED = "connection-failed"
    NAME_NOT_RESOLVED = "name-not-resolved"
    TLS_FAILED = "tls-failed"
    FORBIDDEN_ADDRESS = "forbidden-address"
    PROTOCOL_ERROR = "protocol-error"
    NOT_CONFIGURED = "not-configured"
    CIRCUIT_OPEN = "circuit-open"
    # Nobody knows whether it reached it.
    INTERRUPTED = "interrupted"
    # Never tried.
    PLACEHOLDER_DOMAIN = "placeholder-domain"
    ENDPOINT_DISABLED = "endpoint-disabled"
    ENDPOINT_DELETED = "endpoint-deleted"
    ENDPOINT_CHANGED = "endpoint-changed"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    RESOLVED_NOT_WANTED = "resolved-not-wanted"
    FIRING_NOT_TOLD = "firing-not-told"
    # Not yet: the message that comes before it is still under way.
    WAITS_FOR_FIRING = "waits-for-firing"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, as recorded.

    Attributes:
        number: 1 for the first. One that was INTERRUPTED or RATE_LIMITED is no step of the schedule: the next has its
            number again.
        status_code: HTTP status or SMTP reply code; None when no answer came.
        response: The start of the answer, at most `limits.RESPONSE_BYTES_MAX` bytes of text.
        latency_ms: From the start of the try to its outcome.
    """

    attempt_id: str
    delivery_id: str
    number: int
    reason: Reason
    started_at_ms: int
    latency_ms: int
    status_code: int | None = None
    response: str = ""
    detail: str = ""


class Target(NamedTuple):
    """One URL or address, as one client has it: two clients with the same URL learn nothing from each other."""

    client_id: str
    target: str


class Place(NamedTuple):
    """What one client has to deliver at one host: what claims are counted by."""

    client_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as people see it.

    Attributes:
        target: The URL or the one address, fixed when planned.
        host: What claims, concurrency limits and circuits of hosts count by.
        attempts: How many were made since it was planned or resent.
        next_attempt_at_ms: When it is due; None when final.
        reason: Of the last attempt, or why it was skipped; None before the first.
        follows: Of one that tells an end: the delivery that told the same target that the alert fires. It is made after
            that one has ended, and only if that one arrived.
    """

    delivery_id: str
    notification_id: str
    client_id: str
    endpoint_id: str
    type: EndpointType
    target: str = field(repr=False)
    host: str
    status: DeliveryStatus
    attempts: int
    created_at_ms: int
    updated_at_ms: int
    next_attempt_at_ms: int | None = None
    reason: Reason | None = None
    follows: str | None = None

    @property
    def target_key(self) -> Target:
        """What its pace and its circuit are known by."""
        return Target(self.client_id, self.target)

    @property
    def place(self) -> Place:
        """What its claim is counted by."""
        return Place(self.client_id, self.host)


@dataclass(frozen=True, slots=True)
class FollowedDelivery:
    """What a claim learns of the delivery that its own one follows.

    Attributes:
        due_at_ms: When its next attempt is due; None when it is final, or an attempt is under way.
        has_arrived: Whether it is DELIVERED, or was before it was resent.
    """

    status: DeliveryStatus
    due_at_ms: int | None
    has_arrived: bool


@dataclass(frozen=True, slots=True)
class EndpointState:
    """What a claim learns of the endpoint as it is now; None in its place when the endpoint was deleted.

    Of one that was deleted with its rule, a delivery that tells an end still learns what it was.
    """

    enabled: bool
    targets: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret: SigningSecret | None = None
    send_resolved: bool = True
    format: EndpointFormat = EndpointFormat.PLATFORM

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        """Return what a claim learns of *endpoint*."""
        return cls(
            enabled=endpoint.enabled,
            targets=endpoint.targets,
            headers=endpoint.headers,
            secret=endpoint.secret,
            send_resolved=endpoint.send_resolved,
            format=endpoint.format,
        )
