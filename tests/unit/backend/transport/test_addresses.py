"""Which addresses deliveries may connect to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting_backend.adapters.transport.addresses import AddressPolicy, Forbidden, carried_addresses, parse_network

STRICT = AddressPolicy()

FIRST_AND_LAST_OF_EACH_RANGE = [
    ("0.0.0.0", "0.255.255.255", Forbidden.UNSPECIFIED),
    ("10.0.0.0", "10.255.255.255", Forbidden.PRIVATE),
    ("100.64.0.0", "100.127.255.255", Forbidden.SHARED),
    ("127.0.0.0", "127.255.255.255", Forbidden.LOOPBACK),
    ("169.254.0.0", "169.254.255.255", Forbidden.LINK_LOCAL),
    ("169.254.169.254", "169.254.169.254", Forbidden.METADATA),
    ("169.254.170.2", "169.254.170.2", Forbidden.METADATA),
    ("168.63.129.16", "168.63.129.16", Forbidden.METADATA),
    ("172.16.0.0", "172.31.255.255", Forbidden.PRIVATE),
    ("192.0.0.0", "192.0.0.255", Forbidden.RESERVED),
    ("192.0.2.0", "192.0.2.255", Forbidden.DOCUMENTATION),
    ("192.88.99.0", "192.88.99.255", Forbidden.TUNNEL),
    ("192.168.0.0", "192.168.255.255", Forbidden.PRIVATE),
    ("198.18.0.0", "198.19.255.255", Forbidden.BENCHMARK),
    ("198.51.100.0", "198.51.100.255", Forbidden.DOCUMENTATION),
    ("203.0.113.0", "203.0.113.255", Forbidden.DOCUMENTATION),
    ("224.0.0.0", "239.255.255.255", Forbidden.MULTICAST),
    ("240.0.0.0", "255.255.255.254", Forbidden.RESERVED),
    ("255.255.255.255", "255.255.255.255", Forbidden.BROADCAST),
    ("::", "::", Forbidden.UNSPECIFIED),
    ("::1", "::1", Forbidden.LOOPBACK),
    ("100::", "100::ffff:ffff:ffff:ffff", Forbidden.RESERVED),
    ("2001:1::", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.RESERVED),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Forbidden.BENCHMARK),
    ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.RESERVED),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.DOCUMENTATION),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.DOCUMENTATION),
    ("4000::", "5f00::1", Forbidden.RESERVED),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.PRIVATE),
    ("fd00:ec2::254", "fd00:ec2::254", Forbidden.METADATA),
    ("fd20:ce::254", "fd20:ce::254", Forbidden.METADATA),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.LINK_LOCAL),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.PRIVATE),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Forbidden.MULTICAST),
]


@pytest.mark.parametrize(("first", "last", "why"), FIRST_AND_LAST_OF_EACH_RANGE)
def test_a_special_range_is_forbidden_from_its_first_to_its_last_address(first: str, last: str, why: Forbidden) -> None:
    assert STRICT.why_forbidden(first) is why
    assert STRICT.why_forbidden(last) is why


@pytest.mark.parametrize(
    "address",
    [
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "168.63.129.15", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
        "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2000::1", "2001:200::1", "2001:db9::1", "2606:4700:4700::1111", "2a00:1450::1", "3ffe::1",
    ],
)  # fmt: skip
def test_the_neighbours_of_special_ranges_are_allowed(address: str) -> None:
    assert STRICT.why_forbidden(address) is None


@pytest.mark.parametrize(
    ("form", "address"),
    [
        ("mapped", "::ffff:{v4}"),
        ("translated", "::ffff:0:{v4}"),
        ("compatible", "::{v4}"),
        ("NAT64", "64:ff9b::{v4}"),
        ("NAT64 of a site, /96", "64:ff9b:1::{v4}"),
        ("NAT64 of a site, /48", "64:ff9b:1:{hi}:{oct_2}:{oct_3}00::"),
        ("6to4", "2002:{hi}:{lo}::1"),
        ("Teredo server", "2001:0:{hi}:{lo}::1"),
        ("Teredo client", "2001:0:808:808:0:0:{not_hi}:{not_lo}"),
        ("ISATAP", "2606:4700::5efe:{hi}:{lo}"),
        ("ISATAP of a global address", "2606:4700::200:5efe:{hi}:{lo}"),
    ],
)
@pytest.mark.parametrize(
    ("v4", "why"),
    [
        ("169.254.169.254", Forbidden.METADATA),
        ("127.0.0.1", Forbidden.LOOPBACK),
        ("10.1.2.3", Forbidden.PRIVATE),
        ("100.64.0.1", Forbidden.SHARED),
    ],
)
def test_a_forbidden_ipv4_address_is_seen_inside_ipv6(form: str, address: str, v4: str, why: Forbidden) -> None:
    octets = ipaddress.IPv4Address(v4).packed
    text = address.format(
        v4=v4,
        hi=octets[:2].hex(),
        lo=octets[2:].hex(),
        oct_2=f"{octets[2]:02x}",
        oct_3=f"{octets[3]:02x}",
        not_hi=bytes(255 - octet for octet in octets[:2]).hex(),
        not_lo=bytes(255 - octet for octet in octets[2:]).hex(),
    )
    assert STRICT.why_forbidden(text) is why, form


def test_nat64_and_mapped_forms_of_public_addresses_are_allowed() -> None:
    assert STRICT.why_forbidden("64:ff9b::8.8.8.8") is None
    assert STRICT.why_forbidden("::ffff:8.8.8.8") is None


def test_tunnels_and_other_translators_are_forbidden_whatever_they_carry() -> None:
    for address in ("2002:808:808::1", "2001:0:808:808::f7f7:f7f7", "64:ff9b:1::8.8.8.8"):
        assert STRICT.why_forbidden(address) is Forbidden.TUNNEL
    for address in ("::8.8.8.8", "::ffff:0:8.8.8.8"):
        assert STRICT.why_forbidden(address) is Forbidden.RESERVED


def test_a_zone_does_not_hide_an_address() -> None:
    assert STRICT.why_forbidden("fe80::1%eth0") is Forbidden.LINK_LOCAL


def test_what_is_no_address_is_forbidden() -> None:
    for text in ("", "localhost", "127.1", "0x7f000001", "127.0.0.01", "1.2.3.4.5"):
        assert STRICT.why_forbidden(text) is Forbidden.ODD_SPELLING


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0",
        "127.1.", "1.2.3.4.5", "256.1.1.1", "99999999999", "8.8.2056",
    ],
)  # fmt: skip
def test_an_ipv4_address_in_an_odd_spelling_is_forbidden_as_a_host(host: str) -> None:
    assert STRICT.why_host_forbidden(host) is Forbidden.ODD_SPELLING


def test_hosts_that_are_addresses_are_checked_and_names_are_left_to_the_resolver() -> None:
    assert STRICT.why_host_forbidden("[::1]") is Forbidden.LOOPBACK
    assert STRICT.why_host_forbidden("127.0.0.1.") is Forbidden.LOOPBACK
    for host in ("8.8.8.8", "[2606:4700::1111]", "localhost", "example.com", "dead.beef", "0x.example", "1.example"):
        assert STRICT.why_host_forbidden(host) is None


def test_the_operator_allows_networks_and_nothing_beyond_them() -> None:
    policy = AddressPolicy.allowing(["127.0.0.0/8", " ::1 ", "10.1.0.0/16", ""])
    for address in ("127.0.0.1", "::1", "10.1.2.3", "::ffff:127.0.0.1"):
        assert policy.why_forbidden(address) is None
    assert policy.why_forbidden("10.2.0.0") is Forbidden.PRIVATE
    assert policy.why_forbidden("::") is Forbidden.UNSPECIFIED


def test_an_allowed_tunnel_still_may_not_carry_a_forbidden_address() -> None:
    policy = AddressPolicy.allowing(["64:ff9b:1::/48", "2002::/16"])
    assert policy.why_forbidden("64:ff9b:1::8.8.8.8") is None
    assert policy.why_forbidden("2002:808:808::1") is None
    assert policy.why_forbidden("64:ff9b:1::169.254.169.254") is Forbidden.METADATA
    assert policy.why_forbidden("2002:7f00:1::1") is Forbidden.LOOPBACK


@pytest.mark.parametrize("text", ["ten", "10.0.0.0/33", "10.0.0.1/8", "127.1", "10.0.0.0-10.0.0.9"])
def test_a_network_that_cannot_be_read_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(ValueError, match="is no network: write it like") as caught:
        AddressPolicy.allowing([text])
    assert text in str(caught.value)


def test_a_single_address_is_a_network() -> None:
    assert str(parse_network("127.0.0.1")) == "127.0.0.1/32"


@given(st.ip_addresses(v=4))
def test_nothing_that_python_calls_private_multicast_or_reserved_is_allowed(address: ipaddress.IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert STRICT.why_forbidden(str(address)) is not None


@given(st.ip_addresses(v=6))
def test_an_allowed_ipv6_address_is_global_and_carries_only_allowed_addresses(address: ipaddress.IPv6Address) -> None:
    if STRICT.why_forbidden(str(address)) is None:
        assert address.is_global
        assert all(STRICT.why_forbidden(str(carried)) is None for carried in carried_addresses(address))


@given(st.ip_addresses(v=4))
def test_mapped_and_nat64_forms_are_judged_as_the_address_they_carry(address: ipaddress.IPv4Address) -> None:
    why = STRICT.why_forbidden(str(address))
    assert STRICT.why_forbidden(f"::ffff:{address}") is why
    assert STRICT.why_forbidden(f"64:ff9b::{address}") is why
