"""Where a client wants notifications to be sent: e-mail addresses, a Slack webhook, or any HTTP endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final

from alerting_core import limits
from alerting_core.domain.rule import Rule


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
        description: What it is for, in some lines; may be empty.
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
    description: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """What is told one by one: each address in lower-case domain form, or the URL."""
        if self.type is EndpointType.EMAIL:
            return split_addresses(self.value)
        return (self.value,)


KEPT_FIELDS: Final = frozenset({"endpoint_id", "client_id", "rule_id", "type", "created_at_ms"})
"""What no change of an endpoint touches."""


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What a caller chooses of a new endpoint. A webhook without a secret is given one."""

    type: str
    value: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret: str | None = field(default=None, repr=False)
    enabled: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What a caller changes of an endpoint; None leaves a field as it is. The type never changes.

    Attributes:
        secret: Takes the place of the current one as a rotation does: the old one signs beside it for a while.
    """

    type: str | None = None
    value: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    enabled: bool | None = None
    description: str | None = None


def new_endpoint(draft: EndpointDraft, rule: Rule, *, endpoint_id: str, secret: str | None, now_ms: int) -> Endpoint:
    """Return the endpoint of *rule* that *draft* makes; *secret* is what a webhook signs with, None for others."""
    chosen: dict[str, Any] = _chosen(draft) | {
        "type": EndpointType(draft.type),
        "secret": None if secret is None else SigningSecret(secret),
        "disabled_reason": None if draft.enabled else DisableReason.BY_USER,
    }
    return Endpoint(
        endpoint_id=endpoint_id,
        client_id=rule.client_id,
        rule_id=rule.rule_id,
        version=1,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        **chosen,
    )


def changed_endpoint(stored: Endpoint, change: EndpointChange, *, now_ms: int) -> Endpoint:
    """Return *stored* with *change*, which has been checked, in it."""
    enabled = stored.enabled if change.enabled is None else change.enabled
    chosen: dict[str, Any] = _chosen(change) | {
        "type": stored.type,
        "secret": _rotated(stored.secret, change.secret, now_ms=now_ms),
        "disabled_reason": None if enabled else stored.disabled_reason or DisableReason.BY_USER,
    }
    return replace(stored, **chosen, updated_at_ms=now_ms)


def next_version(stored: Endpoint, changed: Endpoint) -> Endpoint:
    """Return what takes the place of *stored*: *changed*, but for what no change touches, one version on."""
    kept = {name: getattr(stored, name) for name in KEPT_FIELDS}
    return replace(changed, **kept, version=stored.version + 1)


def _chosen(draft: EndpointDraft | EndpointChange) -> dict[str, Any]:
    values = {one.name: getattr(draft, one.name) for one in fields(draft)}
    chosen = {name: value for name, value in values.items() if value is not None}
    return chosen | ({"headers": dict(chosen["headers"])} if "headers" in chosen else {})


def _rotated(stored: SigningSecret | None, secret: str | None, *, now_ms: int) -> SigningSecret | None:
    if stored is None or secret is None or secret == stored.current:
        return stored
    return SigningSecret(secret, previous=stored.current, previous_until_ms=now_ms + limits.SECRET_OVERLAP_MS)


def split_addresses(value: str) -> tuple[str, ...]:
    """Split a comma-separated list of addresses; domains in lower case, doubles and blanks dropped, order kept."""
    found: dict[str, None] = {}
    for part in value.split(","):
        local, at, host = part.strip().rpartition("@")
        if part.strip():
            found[f"{local}{at}{host.lower()}"] = None
    return tuple(found)
