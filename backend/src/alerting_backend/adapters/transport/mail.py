"""Mail: one message as bytes, and what all providers that carry it share."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final, Self

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport.endings import Ending, Handover
from alerting_backend.adapters.transport.mail_turns import MailTurns
from alerting_core import limits
from alerting_core.domain import claim, delivery, endpoint

SUBJECT_CHARS_MAX: Final = 500
"""Beyond what any mail program shows, and short enough that folding it stays cheap."""

_NOT_IN_SUBJECT: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_NOT_IN_ID: Final = re.compile(r"[^A-Za-z0-9._+-]")


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails are from: `Alerts <alerts@example.com>`, taken apart."""

    name: str
    address: str

    @classmethod
    def read(cls, text: str) -> "Sender":
        """Read the sender from a setting.

        Raises:
            ValueError: It holds no address of the form `name@domain`.
        """
        wrong = ValueError(f"{text!r} is no sender: write it like alerts@example.com or Alerts <alerts@example.com>")
        try:
            header = SMTP.header_factory("from", text)
            addresses: tuple[Address, ...] = getattr(header, "addresses", ())
            address = endpoint.read_address(addresses[0].addr_spec) if len(addresses) == 1 else None
            if address is None or header.defects:
                raise wrong
            return cls(addresses[0].display_name, address)
        except (MessageError, IndexError, ValueError):
            raise wrong from None

    @property
    def domain(self) -> str:
        """Return what follows the @, in ASCII."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class WireMail:
    """One mail as the mail server takes it, in ASCII alone."""

    recipient: str
    data: bytes


def write_mail(message: claim.EmailMessage, sender: Sender, *, now_ms: int) -> WireMail:
    """Write *message* as a MIME mail with plain text and HTML.

    Everything that a client can choose is quoted or cleaned: no value can start another header or another recipient.
    Lines are short and the bytes are ASCII, so that every mail server takes them. The recipient is read as it was when
    the endpoint was checked: the one reader of addresses is the core's, so that the domain contacted is the one that
    limits and placeholder lists were asked about.

    Raises:
        ValueError: The address of the recipient cannot be written down, or a text cannot be encoded.
    """
    recipient = endpoint.read_address(message.to)
    if recipient is None:
        raise ValueError("the recipient is not an e-mail address of the form name@domain")
    mail = MimeMessage(SMTP)
    local, _, domain = recipient.rpartition("@")
    try:
        mail["From"] = Address(sender.name, addr_spec=sender.address)
        mail["To"] = Address(username=local, domain=domain)
        mail["Subject"] = _NOT_IN_SUBJECT.sub(" ", message.subject).strip()[:SUBJECT_CHARS_MAX]
        mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1_000, UTC))
        mail["Message-ID"] = _message_id(message.message_id, sender.domain)
        # RFC 3834: out-of-office programs do not answer it.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text, cte="quoted-printable")
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        return WireMail(recipient, mail.as_bytes())
    except (MessageError, IndexError) as error:
        raise ValueError("the mail cannot be written down") from error


def _message_id(text: str, domain: str) -> str:
    clean = _NOT_IN_ID.sub("-", text.strip("<>"))
    return f"<{clean}@{domain}>" if clean else make_msgid(domain=domain)


RATE_WAIT_MS_MAX: Final = 10_000
"""How long a mail waits for its turn under the rate limit; the rest of `limits.REQUEST_MS_MAX` is for sending it."""

AT_ONCE_MAX: Final = 8
"""Mails under way at one provider; most mail servers allow ten connections from one sender."""

RATE_PER_SECOND_DEFAULT: Final = 2.0
"""Providers grant new accounts between one and fourteen mails a second."""

_BEGIN_SHARE_WAITING: Final = 2 / 3
"""Of the time until a mail is handed over, for its turn; the rest is for reaching the provider."""


def _always() -> bool:
    return True


class MailTransport(ABC):
    """Sends `EmailMessage`s through one provider. Use as an async context manager.

    Args:
        sender: Whom mails are from, as `alerts@example.com` or `Alerts <alerts@example.com>`.
        called: What the provider is called when it does not answer.
        per_second: Rate limit; 0 for none.
        request_ms: For the whole attempt, with the wait for the rate limit.
        clock_ms: A clock that never goes back.

    Raises:
        ValueError: *sender* holds no address.
    """

    def __init__(
        self,
        *,
        sender: str,
        called: str,
        per_second: float = RATE_PER_SECOND_DEFAULT,
        request_ms: int = limits.REQUEST_MS_MAX,
        clock_ms: Callable[[], float] = monotonic_ms,
    ) -> None:
        """Connect to nothing yet."""
        self._sender = Sender.read(sender)
        self._called = called
        self._request_ms = request_ms
        self._clock_ms = clock_ms
        self._turns = MailTurns(per_second, burst=max(1, int(per_second)), at_once=AT_ONCE_MAX, clock_ms=clock_ms)

    async def __aenter__(self) -> Self:
        """Open nothing: connections are made when the first mail leaves."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.close()

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""

    @abstractmethod
    async def carry(self, mail: WireMail, handing_over: Callable[[], None]) -> Handover:
        """Hand *mail* to the provider.

        Args:
            mail: As it goes over the wire.
            handing_over: Called just before the provider is given what it could take for the whole mail.
        """

    async def send(self, message: claim.EmailMessage) -> claim.Reply:
        """Make one attempt; see `Transport.send`."""
        return (await self.hand_in(message, within_ms=self._request_ms)).reply

    async def hand_in(
        self,
        message: claim.EmailMessage,
        *,
        within_ms: float,
        begin_ms: float | None = None,
        still: Callable[[], bool] = _always,
    ) -> Handover:
        """Make one attempt, and say how it ended.

        Args:
            message: The mail.
            within_ms: For the whole attempt.
            begin_ms: For all until the mail is handed over; by default as long as the whole.
            still: Asked when the turn of the mail has come; if not, the mail is taken elsewhere.
        """
        begin_ms = within_ms if begin_ms is None else min(begin_ms, within_ms)
        try:
            mail = write_mail(message, self._sender, now_ms=int(time.time() * 1_000))
        except ValueError:
            reply = claim.Unreached(
                delivery.Reason.PROTOCOL_ERROR, "the address or the text cannot be written as a mail"
            )
            return Handover(Ending.MAIL_UNFIT, reply)
        wait_ms_max = min(RATE_WAIT_MS_MAX, begin_ms * _BEGIN_SHARE_WAITING)
        begun_at = asyncio.get_running_loop().time()
        async with self._turns.turn(message.client_id, wait_ms_max=wait_ms_max) as is_its_turn:
            if not is_its_turn:
                reply = claim.Unreached(delivery.Reason.RATE_LIMITED, "more mail is waiting than may be sent now")
                return Handover(Ending.TURN_TOO_FAR, reply)
            if not still():
                reply = claim.Unreached(delivery.Reason.CONNECTION_FAILED, "left alone since others have failed there")
                return Handover(Ending.PASSED_BY, reply)
            return await self._carry_in_time(mail, begun_at, begin_ms=begin_ms, within_ms=within_ms)

    async def _carry_in_time(self, mail: WireMail, begun_at: float, *, begin_ms: float, within_ms: float) -> Handover:
        silent = Ending.NOT_REACHED
        try:
            async with asyncio.timeout_at(begun_at + begin_ms / 1_000) as limit:

                def handing_over() -> None:
                    nonlocal silent
                    silent = Ending.MAYBE_TAKEN
                    limit.reschedule(begun_at + within_ms / 1_000)

                return await self.carry(mail, handing_over)
        except TimeoutError:
            took_ms = within_ms if silent is Ending.MAYBE_TAKEN else begin_ms
            detail = f"{self._called} did not answer within {took_ms / 1_000:.3g} s"
            return Handover(silent, claim.Unreached(delivery.Reason.TIMED_OUT, detail))
