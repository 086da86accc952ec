"""Where a client wants to be told: e-mail addresses, a Slack incoming webhook, or any HTTP endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EndpointType(StrEnum):
    """The channel of an endpoint."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


class DisableReason(StrEnum):
    """Why an endpoint is disabled."""

    BY_USER = "by-user"
    GONE = "gone"
    """It answered 410."""


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """The secrets of a webhook endpoint, each `whsec_` and base64. Never printed.

    Attributes:
        current: Signs every message.
        previous: Signs beside it until *previous_until_ms*, after a rotation.
    """

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until_ms: int = 0

    def active(self, *, now_ms: int) -> tuple[str, ...]:
        """Return the secrets that sign at *now_ms*, the current one first."""
        if self.previous is not None and now_ms < self.previous_until_ms:
            return (self.current, self.previous)
        return (self.current,)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of one rule.

    Attributes:
        value: Addresses separated by commas (email), or a URL (slack, webhook).
        headers: Extra HTTP headers (webhook only).
        secret: Present for webhook endpoints alone.
        disabled_reason: None while enabled.
        version: 1 when created, one more with each change.
    """

    endpoint_id: str
    client_id: str
    rule_id: str
    type: EndpointType
    value: str = field(repr=False)
    enabled: bool
    version: int
    created_at_ms: int
    updated_at_ms: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret: SigningSecret | None = None
    disabled_reason: DisableReason | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """What is told one by one: each address in lower-case domain form, or the URL."""
        if self.type is EndpointType.EMAIL:
            return split_addresses(self.value)
        return (self.value,)


def split_addresses(value: str) -> tuple[str, ...]:
    """Split a comma-separated list of addresses; domains in lower case, doubles and blanks dropped, order kept."""
    found: dict[str, None] = {}
    for part in value.split(","):
        local, at, host = part.strip().rpartition("@")
        if part.strip():
            found[f"{local}{at}{host.lower()}"] = None
    return tuple(found)
