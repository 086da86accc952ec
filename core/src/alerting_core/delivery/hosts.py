"""Which host a target has, and which hosts are never contacted."""

from collections.abc import Collection
from typing import Final, assert_never

from alerting_core.domain.claim import EmailMessage, Message
from alerting_core.domain.endpoint import EndpointType, is_within, read_address, read_url

SMTP_HOST: Final = "smtp"
"""What all e-mail counts by."""

UNREADABLE_HOST: Final = "unreadable"
"""What a target counts by that no check of this version would have let in."""

PLACEHOLDER_DOMAINS: Final = frozenset(
    {"example.com", "example.org", "example.net", "test.com", "example", "invalid", "test"}
)
"""Domains that people put into test data, each with all below it: nobody there waits for our messages (RFC 2606)."""


def host_of(endpoint_type: EndpointType, target: str) -> str:
    """Return what concurrency limits and circuits of hosts count *target* by.

    For URLs `host:port` in lower case, the scheme's port when none is written; for all e-mail the one name `smtp`.
    """
    match endpoint_type:
        case EndpointType.EMAIL:
            return SMTP_HOST
        case EndpointType.WEBHOOK | EndpointType.SLACK:
            url = read_url(target)
            return f"{url.host}:{url.port}" if url else UNREADABLE_HOST
        case _:
            assert_never(endpoint_type)


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
    match endpoint_type:
        case EndpointType.EMAIL:
            address = read_address(target)
            return address.rpartition("@")[2] if address else None
        case EndpointType.WEBHOOK | EndpointType.SLACK:
            url = read_url(target)
            return url.host if url else None
        case _:
            assert_never(endpoint_type)
