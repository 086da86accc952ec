"""The two places where every HTTP connection meets the address policy.

`CheckedResolver` drops forbidden answers, so that what is left is tried in order and the reason is clear when nothing
is left. `open_socket` is asked for the socket of every single connection, with the very address that it will be
connected to: no path around the resolver (literals, caches, a name server that changes its answer) leads past it.
"""

import asyncio
import functools
import socket
from collections.abc import Callable
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from alerting_backend.adapters.transport.addresses import AddressPolicy, Forbidden

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
