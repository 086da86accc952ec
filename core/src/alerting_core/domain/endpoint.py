"""Where a client wants notifications to be sent: e-mail addresses, a Slack webhook, or any HTTP endpoint.

First what a delivery is sent to, a URL or one e-mail address, taken apart, with host names in the one form that is
compared; then the endpoint that holds it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Final, assert_never
from unicodedata import category

from alerting_core import limits
from alerting_core.domain.rule import Rule

_NAME_CHARS_MAX: Final = 253
"""A DNS name without its final dot."""

_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_READ_IN_TWO_WAYS: Final = frozenset("ßẞς\u200c\u200d")
"""The older and the newer standard of international names make two different hosts of these."""

_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def ascii_host(text: str) -> str | None:
    """Return a host in lower case, IDNA form and without a final dot; None when it is not a host.

    IPv6 addresses come in brackets and go back in brackets, shortened. A name whose last part is a number is an IPv4
    address or nothing: resolvers read `127.1`, `0x7f000001` and `2130706433` as addresses, so that they would name
    another host to one reader than to the next.
    """
    if text.startswith("["):
        return _ipv6(text)
    if not text or len(text) > _NAME_CHARS_MAX + 1 or not (text.isascii() or _is_international_name(text)):
        return None
    try:
        name = text.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        return None
    labels = name.split(".")
    if len(name) > _NAME_CHARS_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(name)
    return name


def _is_international_name(text: str) -> bool:
    # The codec knows the Unicode of 2002 and lets pass what was not there yet, unseen characters included.
    return all(each in ".-_。．｡" or category(each)[0] in "LMN" for each in text) and _READ_IN_TWO_WAYS.isdisjoint(text)


def _ipv4(name: str) -> str | None:
    try:
        return str(IPv4Address(name))
    except AddressValueError:
        return None


def _ipv6(text: str) -> str | None:
    # A zone id (%eth0) names an interface of this machine: no business of a client.
    if not text.endswith("]") or "%" in text:
        return None
    try:
        return f"[{IPv6Address(text[1:-1])}]"
    except AddressValueError:
        return None


def is_within(host: str, domains: Collection[str]) -> bool:
    """Say whether *host* (as `ascii_host` returns it) is one of *domains* or below one."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PORT_MAX: Final = 65_535
_NOT_IN_URLS: Final = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_URL: Final = re.compile(r"(?P<scheme>[a-z]+)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY: Final = re.compile(r"(?:.*@)?(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]*))?", re.DOTALL)

_READ_MAX: Final = 16_384
"""Targets whose reading is remembered: the same endpoints are told again and again. At most 2 KiB each, 32 MiB."""

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LOCAL_PART_CHARS_MAX: Final = 64
_ADDRESS_CHARS_MAX: Final = 254
"""RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3."""


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL that decide whom it reaches; `host` is in the form of `ascii_host`."""

    scheme: str
    host: str
    port: int


@lru_cache(maxsize=_READ_MAX)
def read_url(text: str) -> Url | None:
    """Return the deciding parts of an http or https URL; None when `url_problems` has something to say."""
    if next(url_problems(text), None) is not None:
        return None
    parts = _URL.fullmatch(text)
    authority = _AUTHORITY.fullmatch(parts["authority"]) if parts else None
    host = ascii_host(authority["host"]) if authority else None
    assert parts is not None and authority is not None and host is not None
    scheme = parts["scheme"].lower()
    return Url(scheme, host, int(authority["port"] or _DEFAULT_PORTS[scheme]))


def url_problems(text: str) -> Iterator[str]:
    """Yield what keeps *text* from being a URL to deliver to, for people.

    Stricter than RFC 3986 wherever two readers might see two different hosts: no credentials, no backslashes, no
    blanks, and beyond ASCII only in the host's name.
    """
    if _NOT_IN_URLS.search(text):
        yield 'must not hold blanks, control characters or any of " < > \\ ^ ` { | }; percent-encode them'
    parts = _URL.fullmatch(text)
    if parts is None or parts["scheme"].lower() not in _DEFAULT_PORTS:
        yield "must begin with http:// or https://"
        return
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if "@" in parts["authority"]:
        yield "must not hold a user name or password; send credentials in a header"
    if authority is None or not authority["host"]:
        yield "must name a host"
    elif ascii_host(authority["host"]) is None:
        yield "names a host that is neither a DNS name nor an IP address"
    if authority is not None and authority["port"] and not 1 <= int(authority["port"][:6]) <= _PORT_MAX:
        yield f"has a port that is not from 1 to {_PORT_MAX}"
    if not parts["rest"].isascii():
        yield "holds characters beyond ASCII after the host; percent-encode them"
    if "#" in parts["rest"]:
        yield "must not hold a fragment (#…): it would never be sent"


def contact_url(text: str) -> str:
    """Return *text* as a transport takes it: with the host that was checked, in ASCII, and all else as it is.

    A library of HTTP would bring a host beyond ASCII to a form of its own, which for a thousand letters is another
    name than the one that limits and placeholder lists were asked about.
    """
    url = None if text.isascii() else read_url(text)
    if url is None:
        return text
    parts = _URL.fullmatch(text)
    authority = _AUTHORITY.fullmatch(parts["authority"]) if parts else None
    assert parts is not None and authority is not None
    start = parts.start("authority")
    return text[: start + authority.start("host")] + url.host + text[start + authority.end("host") :]


@lru_cache(maxsize=_READ_MAX)
def read_address(text: str) -> str | None:
    """Return an e-mail address with its domain in the form of `ascii_host`; None when it is not one.

    Quoted local parts, address literals and local parts beyond ASCII are not taken: hardly a mailbox has one, and they
    are what injections into mail headers are made of.
    """
    local, at, domain = text.rpartition("@")
    host = ascii_host(domain)
    if not at or host is None or host.startswith("[") or host.replace(".", "").isdigit() or "_" in host:
        return None
    if len(local) > _LOCAL_PART_CHARS_MAX or not _LOCAL_PART.fullmatch(local):
        return None
    address = f"{local}@{host}"
    return address if len(address) <= _ADDRESS_CHARS_MAX else None


class EndpointType(StrEnum):
    """The channel of an endpoint."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


class EndpointFormat(StrEnum):
    """The form of what a webhook is sent."""

    PLATFORM = "platform"
    """The platform's own document."""
    ALERTMANAGER = "alertmanager"
    """What an Alertmanager sends to its webhook receivers, version 4."""


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
        send_resolved: Whether it is told of the ends of alerts, where it was told that they fire.
        format: Of what it is sent; PLATFORM for all but webhooks.
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
    send_resolved: bool = True
    format: EndpointFormat = EndpointFormat.PLATFORM

    @property
    def targets(self) -> tuple[str, ...]:
        """What is told one by one: each address in lower-case domain form, or the URL."""
        return targets_of(self.type, self.value)


KEPT_OF_ENDPOINT: Final = frozenset({"endpoint_id", "client_id", "rule_id", "type", "created_at_ms"})
"""What no change of an endpoint touches."""


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What a caller chooses of a new endpoint; None is what is usual. A webhook without a secret is given one."""

    type: str
    value: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret: str | None = field(default=None, repr=False)
    enabled: bool = True
    description: str | None = None
    send_resolved: bool | None = None
    format: str | None = None


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
    send_resolved: bool | None = None
    format: str | None = None


def new_endpoint(draft: EndpointDraft, rule: Rule, *, endpoint_id: str, secret: str | None, now_ms: int) -> Endpoint:
    """Return the endpoint of *rule* that *draft* makes; *secret* is what a webhook signs with, None for others."""
    chosen: dict[str, Any] = _chosen(draft) | {
        "type": EndpointType(draft.type),
        "format": EndpointFormat(draft.format or EndpointFormat.PLATFORM),
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
        "format": EndpointFormat(change.format or stored.format),
        "secret": _rotated(stored.secret, change.secret, now_ms=now_ms),
        "disabled_reason": None if enabled else stored.disabled_reason or DisableReason.BY_USER,
    }
    return replace(stored, **chosen, updated_at_ms=now_ms)


def next_endpoint_version(stored: Endpoint, changed: Endpoint) -> Endpoint:
    """Return what takes the place of *stored*: *changed*, but for what no change touches, one version on."""
    kept = {name: getattr(stored, name) for name in KEPT_OF_ENDPOINT}
    return replace(changed, **kept, version=stored.version + 1)


def _chosen(draft: EndpointDraft | EndpointChange) -> dict[str, Any]:
    values = {one.name: getattr(draft, one.name) for one in fields(draft)}
    chosen = {name: value for name, value in values.items() if value is not None}
    return chosen | ({"headers": dict(chosen["headers"])} if "headers" in chosen else {})


def _rotated(stored: SigningSecret | None, secret: str | None, *, now_ms: int) -> SigningSecret | None:
    if stored is None or secret is None or secret == stored.current:
        return stored
    return SigningSecret(secret, previous=stored.current, previous_until_ms=now_ms + limits.SECRET_OVERLAP_MS)


def targets_of(endpoint_type: EndpointType, value: str) -> tuple[str, ...]:
    """Return what *value* names, one by one: each address in lower-case domain form, or the URL."""
    match endpoint_type:
        case EndpointType.EMAIL:
            return split_addresses(value)
        case EndpointType.WEBHOOK | EndpointType.SLACK:
            return (value,)
        case _:
            assert_never(endpoint_type)


def split_addresses(value: str) -> tuple[str, ...]:
    """Split a comma-separated list of addresses; domains in lower case, doubles and blanks dropped, order kept."""
    found: dict[str, None] = {}
    for part in value.split(","):
        local, at, host = part.strip().rpartition("@")
        if part.strip():
            found[f"{local}{at}{host.lower()}"] = None
    return tuple(found)
