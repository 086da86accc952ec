"""Which addresses a connection may be opened to, and after which endings of a mail another provider is asked."""

import asyncio
import functools
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from alerting_backend.adapters.transport.addresses import AddressPolicy, Forbidden
from alerting_core.domain.claim import SmtpReply, Unreached

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


class Ending(StrEnum):
    """How one provider's part in one mail ended. Stable names: logs show them."""

    TAKEN = "taken"
    # Said of the recipient or of the mail.
    RECIPIENT_REFUSED = "recipient-refused"
    RECIPIENT_DEFERRED = "recipient-deferred"
    MAIL_REFUSED = "mail-refused"
    MAIL_UNFIT = "mail-unfit"
    # It lies with the provider, and the mail is certainly not there.
    NOT_REACHED = "not-reached"
    TLS_FAILED = "tls-failed"
    LOGIN_REFUSED = "login-refused"
    NOT_SERVED = "not-served"
    THROTTLED = "throttled"
    DEFERRED = "deferred"
    # Decided here: the provider was not asked.
    TURN_TOO_FAR = "turn-too-far"
    PASSED_BY = "passed-by"
    OUT_OF_TIME = "out-of-time"
    # Nobody knows whether the mail is there.
    MAYBE_TAKEN = "maybe-taken"


class Shows(StrEnum):
    """What an ending shows of the provider."""

    SERVES = "serves"
    FAILS = "fails"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from an ending.

    Attributes:
        falls_back: Whether the next provider is asked.
        shows: Whether the provider is left alone for a while.
        why: For people.
    """

    falls_back: bool
    shows: Shows
    why: str


CONSEQUENCES: Final[Mapping[Ending, Consequence]] = {
    Ending.TAKEN: Consequence(False, Shows.SERVES, "the provider has the mail"),
    Ending.RECIPIENT_REFUSED: Consequence(False, Shows.SERVES, "another provider would be told the same"),
    Ending.RECIPIENT_DEFERRED: Consequence(False, Shows.SERVES, "the mailbox takes it later, whoever brings it"),
    Ending.MAIL_REFUSED: Consequence(False, Shows.SERVES, "what is refused here is not to be tried elsewhere"),
    Ending.MAIL_UNFIT: Consequence(False, Shows.NOTHING, "no provider can be given this mail"),
    Ending.NOT_REACHED: Consequence(True, Shows.FAILS, "the mail was not handed over"),
    Ending.TLS_FAILED: Consequence(True, Shows.FAILS, "the mail was not handed over"),
    Ending.LOGIN_REFUSED: Consequence(True, Shows.FAILS, "the operator mends the login; the mail is wanted now"),
    Ending.NOT_SERVED: Consequence(True, Shows.FAILS, "the provider takes no mail from this sender or account"),
    Ending.THROTTLED: Consequence(True, Shows.FAILS, "the provider has said no for now, and wants to be left alone"),
    Ending.DEFERRED: Consequence(True, Shows.NOTHING, "the provider has said no for now, to this mail at least"),
    Ending.TURN_TOO_FAR: Consequence(False, Shows.NOTHING, "our own limit postpones it, which is no failure"),
    Ending.PASSED_BY: Consequence(True, Shows.NOTHING, "the provider came to be left alone while the mail waited"),
    Ending.OUT_OF_TIME: Consequence(True, Shows.NOTHING, "those before it took all the time of the attempt"),
    Ending.MAYBE_TAKEN: Consequence(False, Shows.FAILS, "it may be under way already, and would arrive twice"),
}
"""Every ending, with what follows from it."""


_QUOTED_CHARS_MAX: Final = 160
"""Of a server's words, which are kept whole in the attempt's answer when they are its outcome."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What came of handing a mail to one provider."""

    ending: Ending
    reply: SmtpReply | Unreached

    @property
    def consequence(self) -> Consequence:
        """Return what follows from it."""
        return CONSEQUENCES[self.ending]

    @property
    def is_final(self) -> bool:
        """Whether the reply alone would end the delivery for good."""
        return isinstance(self.reply, SmtpReply) and self.reply.code >= 500

    @property
    def said(self) -> str:
        """What is to be told of it in the attempt, in one line."""
        if isinstance(self.reply, Unreached):
            return self.reply.detail
        first_line = self.reply.text.partition("\n")[0].strip()
        return f"{self.reply.code} {first_line[:_QUOTED_CHARS_MAX]}".strip()

    @property
    def gist(self) -> str:
        """The same without the words of a server, which may tell of the recipient: for logs and for other mails."""
        return self.reply.detail if isinstance(self.reply, Unreached) else f"it answered {self.reply.code}"
