"""What the host of a target is."""

import pytest

from alerting_core.delivery.hosts import SMTP_HOST, UNREADABLE_HOST, host_name, host_name_of, host_of, is_placeholder
from alerting_core.domain.claim import EmailMessage, HttpMessage
from alerting_core.domain.endpoint import EndpointType

PLACEHOLDERS = {"example.com", "localhost"}


@pytest.mark.parametrize(
    ("target", "host", "name"),
    [
        ("https://Acme.DEV./hooks", "acme.dev:443", "acme.dev"),
        ("http://acme.dev:8080", "acme.dev:8080", "acme.dev"),
        ("http://[2001:DB8:0::1]/", "[2001:db8::1]:80", "[2001:db8::1]"),
        ("https://münchen.example/", "xn--mnchen-3ya.example:443", "xn--mnchen-3ya.example"),
        ("nothing that a check would let in", UNREADABLE_HOST, UNREADABLE_HOST),
    ],
)
def test_a_url_counts_by_host_and_port_and_is_shown_by_name(target: str, host: str, name: str) -> None:
    assert host_of(EndpointType.WEBHOOK, target) == host
    assert host_name(host) == name
    assert host_name_of(HttpMessage(target, {}, b"")) == name


def test_all_mail_counts_as_one_host() -> None:
    assert host_of(EndpointType.EMAIL, "ops@acme.dev") == host_name(SMTP_HOST) == SMTP_HOST


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        (EndpointType.WEBHOOK, "https://hooks.Example.com:8443/a", True),
        (EndpointType.SLACK, "http://localhost/", True),
        (EndpointType.EMAIL, "ops@mail.example.com", True),
        (EndpointType.EMAIL, "example.com@acme.dev", False),
        (EndpointType.WEBHOOK, "https://example.com.acme.dev/", False),
        (EndpointType.WEBHOOK, "unreadable", False),
    ],
)
def test_a_placeholder_is_a_domain_and_all_below_it(kind: EndpointType, target: str, *, expected: bool) -> None:
    assert is_placeholder(kind, target, PLACEHOLDERS) is expected


def test_a_mail_is_sent_to_the_host_of_all_mail() -> None:
    assert host_name_of(EmailMessage("ops@acme.dev", "subject", "text", "html")) == SMTP_HOST
