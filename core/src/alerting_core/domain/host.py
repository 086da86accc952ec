"""Host names as people write them, brought to the one form that limits, breakers and placeholder lists compare.

It is also the form that is contacted: an address and a URL reach a transport with their host in ASCII, so that no
library there reads the name once more. The standard library knows the older of the two standards of international
names (IDNA 2003); the newer one needs a package, which the core does not have. As nobody but this module reads names
beyond ASCII, it does not matter where the standards differ, except for the few letters that make two hosts which both
exist: those are refused.
"""

import re
from collections.abc import Collection
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from unicodedata import category

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
