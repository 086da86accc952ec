"""Which addresses a delivery may connect to, and name look-ups and sockets that lead to no others.

Theory of operation. The targets of deliveries are chosen by clients, and this process stands inside the operator's
network: without a check a client could make it talk to the database, to the metadata server of the cloud, or to itself.

1. An address is refused when it lies in a range of the tables below, each from the IANA special-purpose registries.
   IPv6 is refused as a whole outside 2000::/3, the only part that is in use on the public internet.
2. An IPv6 address that carries an IPv4 address (mapped, translated, NAT64, 6to4, Teredo, ISATAP) leads there on some
   networks, so every address that it carries is checked as well.
3. The operator may allow networks. That lifts rule 1 for addresses inside them, never rule 2.
4. An IPv4 address in any spelling but four decimal numbers is refused: libraries disagree on what it means.
"""

import asyncio
import functools
import ipaddress
import socket
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Forbidden(StrEnum):
    """Why an address is not connected to."""

    UNSPECIFIED = "unspecified address"
    LOOPBACK = "loopback address"
    PRIVATE = "private address"
    SHARED = "carrier-grade NAT address"
    LINK_LOCAL = "link-local address"
    METADATA = "address of a cloud's own servers"
    MULTICAST = "multicast address"
    BROADCAST = "broadcast address"
    BENCHMARK = "benchmarking address"
    DOCUMENTATION = "documentation address"
    TUNNEL = "address of a tunnel or translator"
    RESERVED = "reserved address"
    ODD_SPELLING = "IPv4 address that is not written as four decimal numbers"


_RANGES: Final[tuple[tuple[str, Forbidden], ...]] = (
    ("0.0.0.0/8", Forbidden.UNSPECIFIED),
    ("10.0.0.0/8", Forbidden.PRIVATE),
    ("100.64.0.0/10", Forbidden.SHARED),
    ("127.0.0.0/8", Forbidden.LOOPBACK),
    ("168.63.129.16/32", Forbidden.METADATA),  # Azure's host agent: a public address that only its guests reach.
    ("169.254.169.254/32", Forbidden.METADATA),
    ("169.254.170.2/32", Forbidden.METADATA),  # Credentials of tasks on Amazon ECS.
    ("169.254.0.0/16", Forbidden.LINK_LOCAL),
    ("172.16.0.0/12", Forbidden.PRIVATE),
    ("192.0.0.0/24", Forbidden.RESERVED),
    ("192.0.2.0/24", Forbidden.DOCUMENTATION),
    ("192.88.99.0/24", Forbidden.TUNNEL),
    ("192.168.0.0/16", Forbidden.PRIVATE),
    ("198.18.0.0/15", Forbidden.BENCHMARK),
    ("198.51.100.0/24", Forbidden.DOCUMENTATION),
    ("203.0.113.0/24", Forbidden.DOCUMENTATION),
    ("224.0.0.0/4", Forbidden.MULTICAST),
    ("255.255.255.255/32", Forbidden.BROADCAST),
    ("240.0.0.0/4", Forbidden.RESERVED),
    ("::/128", Forbidden.UNSPECIFIED),
    ("::1/128", Forbidden.LOOPBACK),
    ("64:ff9b:1::/48", Forbidden.TUNNEL),
    ("2001:2::/48", Forbidden.BENCHMARK),
    ("2001::/32", Forbidden.TUNNEL),
    ("2001::/23", Forbidden.RESERVED),
    ("2001:db8::/32", Forbidden.DOCUMENTATION),
    ("2002::/16", Forbidden.TUNNEL),
    ("3fff::/20", Forbidden.DOCUMENTATION),
    ("fd00:ec2::/32", Forbidden.METADATA),
    ("fd20:ce::254/128", Forbidden.METADATA),
    ("fc00::/7", Forbidden.PRIVATE),
    ("fe80::/10", Forbidden.LINK_LOCAL),
    ("fec0::/10", Forbidden.PRIVATE),
    ("ff00::/8", Forbidden.MULTICAST),
)
"""The first range that holds an address names the reason: narrow ranges stand before the wide ones around them."""

_TABLE_V4: Final = tuple((net, why) for text, why in _RANGES if (net := ipaddress.ip_network(text)).version == 4)
_TABLE_V6: Final = tuple((net, why) for text, why in _RANGES if (net := ipaddress.ip_network(text)).version == 6)

_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_CARRIERS: Final = (_MAPPED, _NAT64)
"""Outside 2000::/3, yet as public as the IPv4 address inside."""

_TAIL_V4: Final = (_MAPPED, _NAT64, ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("::ffff:0:0:0/96"))
_NO_CARRIERS: Final = (0, 1)
"""`::` and `::1` lie in ::/96 but are addresses in their own right."""

_NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR: Final = ipaddress.IPv6Network("2002::/16")
_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
_ISATAP_MARKS: Final = (0x0000_5EFE, 0x0200_5EFE)


def carried_addresses(address: Address) -> tuple[ipaddress.IPv4Address, ...]:
    """Return every IPv4 address that an IPv6 address may lead to, by any of the known embeddings."""
    if address.version == 4:
        return ()
    bits = int(address)
    tail = bits & 0xFFFF_FFFF
    found: list[int] = []
    if any(address in net for net in _TAIL_V4) and bits not in _NO_CARRIERS:
        found.append(tail)
    if (bits >> 32) & 0xFFFF_FFFF in _ISATAP_MARKS:
        found.append(tail)
    if address in _NAT64_LOCAL:
        # RFC 6052: behind a /96 the address is the tail; behind a /48 it lies around the octet 64-71. The place that is
        # not in use holds zeros.
        found += [number for number in (tail, (bits >> 48) & 0xFFFF_0000 | (bits >> 40) & 0xFFFF) if number]
    if address in _SIX_TO_FOUR:
        found.append((bits >> 80) & 0xFFFF_FFFF)
    if address in _TEREDO:
        found += [(bits >> 64) & 0xFFFF_FFFF, tail ^ 0xFFFF_FFFF]
    return tuple(ipaddress.IPv4Address(number) for number in dict.fromkeys(found))


class AddressPolicy:
    """Decides on single addresses. Immutable, cheap, and the same at every place that asks."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        """Forbid the special ranges except those that lie in the networks *allowed* by the operator."""
        self._allowed = tuple(allowed)

    @classmethod
    def allowing(cls, networks: Iterable[str]) -> "AddressPolicy":
        """Make a policy from texts such as `10.20.0.0/16`; blank ones are skipped.

        Raises:
            ValueError: One of them is no network; the message names it.
        """
        return cls(parse_network(text) for text in networks if text.strip())

    def why_forbidden(self, address: str) -> Forbidden | None:
        """Return why *address*, an IP address in its normal spelling, must not be connected to; None when it may."""
        try:
            return self._why(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return Forbidden.ODD_SPELLING

    def why_host_forbidden(self, host: str) -> Forbidden | None:
        """Return why the host of a URL is refused without a look-up; None for names and for allowed addresses."""
        host = host.strip("[]").partition("%")[0].rstrip(".")
        try:
            return self._why(ipaddress.ip_address(host))
        except ValueError:
            return Forbidden.ODD_SPELLING if _is_odd_ipv4(host) else None

    def _why(self, address: Address) -> Forbidden | None:
        for carried in carried_addresses(address):
            if (why := self._why(carried)) is not None:
                return why
        if any(address in net for net in self._allowed):
            return None
        if address.version == 4:
            return next((why for net, why in _TABLE_V4 if address in net), None)
        if any(address in net for net in _CARRIERS):
            return None
        named = next((why for net, why in _TABLE_V6 if address in net), None)
        return named if named is not None or address in _GLOBAL_V6 else Forbidden.RESERVED


def parse_network(text: str) -> Network:
    """Read one network, as in `10.20.0.0/16`, `127.0.0.1` or `fd00::/8`.

    Raises:
        ValueError: It is no network, or has bits set beyond its prefix.
    """
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise ValueError(f"{text.strip()!r} is no network: write it like 10.20.0.0/16 or fd00::/8 ({error})") from None


def _is_odd_ipv4(host: str) -> bool:
    """Tell whether the C library would take *host*, which is no normal address, for an IPv4 address."""
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError, ValueError):
        # `0x7f.1` is one, `fe.ed` is a name. What is made of numbers alone can be no name that is in use.
        return bool(host) and host.replace(".", "").isdigit()
    return True


LOOKUP_MS_MAX: Final = 3_000
"""A name look-up. Leaves time for the connection inside `limits.CONNECT_MS_MAX`."""

ADDRESSES_PER_NAME_MAX: Final = 8
"""Addresses of one name that are tried; a name with more of them is served as well by the first."""

AddrInfo: TypeAlias = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]


class ForbiddenTarget(OSError):
    """The policy forbids the address. An OSError, so that the HTTP library treats it as a failed connection."""

    def __init__(self, why: Forbidden) -> None:
        """Keep the reason; the address itself is not repeated, it would tell a client what a private name holds."""
        super().__init__(str(why))
        self.why = why


class NameNotResolved(OSError):
    """No name server knew an address in time."""


class CheckedResolver(AbstractResolver):
    """Passes on the allowed addresses of a name."""

    def __init__(self, resolver: AbstractResolver, policy: AddressPolicy) -> None:
        """Take the resolver that does the work; closing this one closes it too."""
        self._resolver = resolver
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look *host* up once.

        Raises:
            NameNotResolved: There is no such name, or no answer in time.
            ForbiddenTarget: The policy forbids all of its addresses.
        """
        try:
            async with asyncio.timeout(LOOKUP_MS_MAX / 1_000):
                found = await self._resolver.resolve(host, port, family)
        except TimeoutError:
            raise NameNotResolved("the name servers did not answer in time") from None
        except (OSError, ValueError):
            raise NameNotResolved("the name has no address") from None
        verdicts = [(result, self._policy.why_forbidden(result["host"])) for result in found]
        allowed = [result for result, why in verdicts if why is None]
        if allowed:
            return allowed[:ADDRESSES_PER_NAME_MAX]
        if (why := next((why for _, why in verdicts if why is not None), None)) is not None:
            raise ForbiddenTarget(why)
        raise NameNotResolved("the name has no address")

    async def close(self) -> None:
        """Close the resolver that does the work."""
        await self._resolver.close()


def socket_opener(policy: AddressPolicy) -> Callable[[AddrInfo], socket.socket]:
    """Return what opens the socket of every connection, or raises `ForbiddenTarget`."""
    return functools.partial(open_socket, policy)


def open_socket(policy: AddressPolicy, info: AddrInfo) -> socket.socket:
    """Open a socket that is about to be connected to the address in *info*.

    Raises:
        ForbiddenTarget: The policy forbids the address.
    """
    family, kind, proto, _, address = info
    if (why := policy.why_forbidden(address[0])) is not None:
        raise ForbiddenTarget(why)
    return socket.socket(family, kind, proto)
