"""The host of a target: what windows, breakers and placeholder lists go by, wherever a delivery is decided on.

A webhook counts by host and port, in the one form of `ascii_host`; it is stored with the delivery (`Delivery.host`), so
that all senders count it alike. All mail counts as one host, whatever the address, for it leaves through one provider.
A placeholder is found by the domain alone: that of a URL, or that behind the @ of an address.

Which IP addresses a host may lead to is decided when connecting, from what its name leads to then.
"""

from collections.abc import Collection
from typing import Final

from alerting_core.domain.claim import EmailMessage, Message
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.target import is_within, read_address, read_url

SMTP_HOST: Final = "smtp"
"""What all e-mail counts by."""

UNREADABLE_HOST: Final = "unreadable"
"""What a target counts by that no check of this version would have let in."""

PLACEHOLDER_DOMAINS: Final = frozenset(
    {"example.com", "example.org", "example.net", "test.com", "example", "invalid", "test"}
)
"""Domains that people put into test data, each with all below it: nobody there waits for our messages (RFC 2606)."""


def host_of(endpoint_type: EndpointType, target: str) -> str:
    """Return what concurrency limits and breakers count *target* by.

    For URLs `host:port` in lower case, the scheme's port when none is written; for all e-mail the one name `smtp`.
    """
    if endpoint_type is EndpointType.EMAIL:
        return SMTP_HOST
    url = read_url(target)
    return f"{url.host}:{url.port}" if url else UNREADABLE_HOST


def host_name(host: str) -> str:
    """Return the name in what `host_of` returned, without a port."""
    return host.rpartition(":")[0] or host


def host_name_of(message: Message) -> str:
    """Return the name of the host that *message* is sent to."""
    if isinstance(message, EmailMessage):
        return SMTP_HOST
    return host_name(host_of(EndpointType.WEBHOOK, message.url))


def is_placeholder(endpoint_type: EndpointType, target: str, placeholders: Collection[str]) -> bool:
    """Say whether *target* is at one of the domains *placeholders*, or below one."""
    domain = _domain_of(endpoint_type, target)
    return domain is not None and is_within(domain, placeholders)


def _domain_of(endpoint_type: EndpointType, target: str) -> str | None:
    if endpoint_type is EndpointType.EMAIL:
        address = read_address(target)
        return address.rpartition("@")[2] if address else None
    url = read_url(target)
    return url.host if url else None
