"""Notifications and their deliveries: tables of allowed moves between states, and ids derived from their cause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from alerting_core.domain.alert import Severity
from alerting_core.domain.endpoint import EndpointType, SigningSecret

_VARIANTS: Final[Mapping[str, str]] = {f"{number:x}": "89ab"[number & 3] for number in range(16)}
"""Hexadecimal digit → the same with its upper two bits as RFC 9562 wants them, 10."""


def derive_uuid(kind: str, *parts: str) -> str:
    """Return the UUID text that belongs to *kind* and *parts*, always the same for the same arguments."""
    digest = blake2b(digest_size=16, person=kind.encode())
    for part in parts:
        raw = part.encode(errors="surrogatepass")
        digest.update(len(raw).to_bytes(4, "big") + raw)
    # Put together from the digits, not through `uuid.UUID`, which takes three times as long; several ids are made for
    # every delivery.
    digits = digest.hexdigest()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def derive_notification_id(client_id: str, alert_id: str) -> str:
    """Return the id of the one notification that *client_id* gets for *alert_id*."""
    return derive_uuid("notification", client_id, alert_id)


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


_S_DELIVERY = DeliveryStatus
_E_DELIVERY = DeliveryEvent

DELIVERY_MOVES: Final[Mapping[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus]] = {
    (_S_DELIVERY.PENDING, _E_DELIVERY.ACCEPTED): _S_DELIVERY.DELIVERED,
    (_S_DELIVERY.PENDING, _E_DELIVERY.RETRY_LATER): _S_DELIVERY.RETRYING,
    (_S_DELIVERY.PENDING, _E_DELIVERY.GIVEN_UP): _S_DELIVERY.DEAD,
    (_S_DELIVERY.PENDING, _E_DELIVERY.NOT_WANTED): _S_DELIVERY.SKIPPED,
    (_S_DELIVERY.RETRYING, _E_DELIVERY.ACCEPTED): _S_DELIVERY.DELIVERED,
    (_S_DELIVERY.RETRYING, _E_DELIVERY.RETRY_LATER): _S_DELIVERY.RETRYING,
    (_S_DELIVERY.RETRYING, _E_DELIVERY.GIVEN_UP): _S_DELIVERY.DEAD,
    (_S_DELIVERY.RETRYING, _E_DELIVERY.NOT_WANTED): _S_DELIVERY.SKIPPED,
    (_S_DELIVERY.DELIVERED, _E_DELIVERY.RESENT): _S_DELIVERY.PENDING,
    (_S_DELIVERY.DEAD, _E_DELIVERY.RESENT): _S_DELIVERY.PENDING,
    (_S_DELIVERY.SKIPPED, _E_DELIVERY.RESENT): _S_DELIVERY.PENDING,
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, as recorded.

    Attributes:
        number: 1 for the first. One that was INTERRUPTED is no step of the schedule: the next has its number again.
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as people see it.

    Attributes:
        target: The URL or the one address, fixed when planned.
        host: What concurrency limits and breakers count by.
        attempts: How many were made since it was planned or resent.
        next_attempt_at_ms: When it is due; None when final.
        reason: Of the last attempt, or why it was skipped; None before the first.
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


@dataclass(frozen=True, slots=True)
class EndpointState:
    """What a claim learns of the endpoint as it is now; None in its place when the endpoint was deleted."""

    enabled: bool
    targets: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret: SigningSecret | None = None


class NotificationStatus(StrEnum):
    """Where a notification is."""

    RECEIVED = "RECEIVED"
    """Deliveries are still to be planned, or under way."""
    SENT = "SENT"
    """Every delivery that could be made was delivered."""
    PARTIAL = "PARTIAL"
    """Some were delivered, others are dead."""
    FAILED = "FAILED"
    """None was delivered, at least one is dead."""
    SKIPPED = "SKIPPED"
    """There was nothing to deliver to."""


class NotificationEvent(StrEnum):
    """What moves a notification."""

    ALL_DELIVERED = "all-delivered"
    SOME_DELIVERED = "some-delivered"
    NONE_DELIVERED = "none-delivered"
    NOTHING_TO_DELIVER = "nothing-to-deliver"
    RESENT = "resent"


_S_NOTIFICATION = NotificationStatus
_E_NOTIFICATION = NotificationEvent

NOTIFICATION_MOVES: Final[Mapping[tuple[NotificationStatus, NotificationEvent], NotificationStatus]] = {
    (_S_NOTIFICATION.RECEIVED, _E_NOTIFICATION.ALL_DELIVERED): _S_NOTIFICATION.SENT,
    (_S_NOTIFICATION.RECEIVED, _E_NOTIFICATION.SOME_DELIVERED): _S_NOTIFICATION.PARTIAL,
    (_S_NOTIFICATION.RECEIVED, _E_NOTIFICATION.NONE_DELIVERED): _S_NOTIFICATION.FAILED,
    (_S_NOTIFICATION.RECEIVED, _E_NOTIFICATION.NOTHING_TO_DELIVER): _S_NOTIFICATION.SKIPPED,
    (_S_NOTIFICATION.SENT, _E_NOTIFICATION.RESENT): _S_NOTIFICATION.RECEIVED,
    (_S_NOTIFICATION.PARTIAL, _E_NOTIFICATION.RESENT): _S_NOTIFICATION.RECEIVED,
    (_S_NOTIFICATION.FAILED, _E_NOTIFICATION.RESENT): _S_NOTIFICATION.RECEIVED,
    (_S_NOTIFICATION.SKIPPED, _E_NOTIFICATION.RESENT): _S_NOTIFICATION.RECEIVED,
}
"""Every allowed move; a pair that is not here is not allowed. RECEIVED cannot be resent: it is still under way."""


@dataclass(frozen=True, slots=True)
class NotificationRef:
    """Names one notification: its client first, since nothing is looked up without one."""

    client_id: str
    notification_id: str


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification with the alert that caused it.

    Attributes:
        rule_ids: The client's rules that matched, most specific first.
    """

    notification_id: str
    client_id: str
    alert_id: str
    severity: Severity
    source: str
    name: str
    event_ts: int
    rule_ids: tuple[str, ...]
    status: NotificationStatus
    created_at_ms: int
    updated_at_ms: int
    context: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def ref(self) -> NotificationRef:
        """The notification's name."""
        return NotificationRef(self.client_id, self.notification_id)


def settled_by(deliveries: Iterable[DeliveryStatus]) -> NotificationEvent | None:
    """Say what the states of all deliveries of a notification make of it; None while one is still under way."""
    delivered = dead = 0
    for status in deliveries:
        if not status.is_final:
            return None
        delivered += status is DeliveryStatus.DELIVERED
        dead += status is DeliveryStatus.DEAD
    if not delivered and not dead:
        return NotificationEvent.NOTHING_TO_DELIVER
    if not dead:
        return NotificationEvent.ALL_DELIVERED
    return NotificationEvent.SOME_DELIVERED if delivered else NotificationEvent.NONE_DELIVERED
