"""A mail server that takes everything and puts it into the demo inbox. On loopback only."""

import asyncio
import email
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Final, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from alerting_backend.demo.inbox import Inbox
from alerting_core import limits

_HOST: Final = "127.0.0.1"

MAIL_BYTES_MAX: Final = 4 * limits.BODY_BYTES_MAX
"""A mail holds its text twice, and quoting may triple what is not ASCII."""


class MailSink:
    """Serves SMTP from the event loop that entered it. Use as an async context manager.

    Attributes:
        host: Where it listens.
        port: Where it listens; known once entered.
    """

    def __init__(self, inbox: Inbox, *, port: int = 0) -> None:
        """Put mails into *inbox*; *port* 0 takes a free one."""
        self._inbox = inbox
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.BaseTransport] = set()
        self.host = _HOST
        self.port = port

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return _Connection(self._inbox, loop, self._connections)

        self._server = await loop.create_server(protocol, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more and hang up on whoever is still there."""
        if self._server is not None:
            self._server.close()
            for transport in tuple(self._connections):
                transport.close()
            await self._server.wait_closed()


class _Connection(SMTP):
    """One client of the sink."""

    def __init__(self, inbox: Inbox, loop: asyncio.AbstractEventLoop, connections: set[asyncio.BaseTransport]) -> None:
        super().__init__(
            _Delivery(inbox),
            loop=loop,
            hostname="inbox.localhost",
            ident="demo inbox",
            enable_SMTPUTF8=True,
            data_size_limit=MAIL_BYTES_MAX,
        )
        self._all = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = transport
        self._all.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.discard(self._own)
        super().connection_lost(error)


class _Delivery:
    """What aiosmtpd calls when a mail is complete; the name is its own."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        message = email.message_from_bytes(content, policy=SMTPUTF8)
        headers = {name.lower(): str(value) for name, value in message.items()}
        text, html = _part(message, "plain"), _part(message, "html")
        for address in envelope.rcpt_tos:
            self._inbox.take_mail(address, headers, text=text, html=html)
        return "250 taken"


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if not isinstance(part, EmailMessage):
        return ""
    content = part.get_content()
    return content if isinstance(content, str) else ""
