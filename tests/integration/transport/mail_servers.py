"""Real mail servers, and mails for them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerting_backend.adapters.transport.mail import MailTransport
from alerting_backend.adapters.transport.providers import MailProvider, MailProviders
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_core.domain.claim import EmailMessage, Reply, SmtpReply

SENDER = "Alerts <alerts@sender.example>"
READY = b"220 mail.example ESMTP\r\n"
HELLO = b"250-mail.example\r\n250 SIZE 1000000\r\n"
OK = b"250 OK\r\n"
GO_ON = b"354 go on\r\n"
NOWHERE = 9
"""A port that nobody listens on."""


def mail(**changes: str) -> EmailMessage:
    fields = {
        "to": "ops@receiver.example",
        "subject": "Alert: HIGH - crash",
        "text": "plain words",
        "html": "<p>marked words</p>",
        "message_id": "delivery-1",
        **changes,
    }
    return EmailMessage(**fields)


class Post:
    """A mail server's decisions: what it says to each command, and what it was given."""

    def __init__(self, *, rcpt: str = "250 OK", data: str = "250 taken", sender: str = "250 OK") -> None:
        self.rcpt, self.data, self.sender = rcpt, data, sender
        self.taken: list[Envelope] = []
        self.sessions = 0
        self.was_encrypted: list[bool] = []

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.sender

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data.startswith("250"):
            self.taken.append(envelope)
            self.was_encrypted.append(session.ssl is not None)
        return self.data


@asynccontextmanager
async def mail_server(
    post: Post, *, tls: ssl.SSLContext | None = None, implicit_tls: bool = False, password: str | None = None
) -> AsyncIterator[int]:
    """Run a real mail server; return its port."""
    loop = asyncio.get_running_loop()
    transports: list[asyncio.BaseTransport] = []

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        return AuthResult(success=(login.login, login.password) == (b"us", (password or "").encode()), handled=False)

    class Counted(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if (transport not in transports and transport.get_extra_info("sslcontext") is None) or implicit_tls:
                post.sessions += 1
            transports.append(transport)
            super().connection_made(transport)

    def protocol() -> SMTP:
        return Counted(
            post,
            loop=loop,
            hostname="mail.example",
            enable_SMTPUTF8=True,
            tls_context=None if implicit_tls else tls,
            require_starttls=tls is not None and not implicit_tls,
            auth_required=password is not None,
            auth_require_tls=False,
            authenticator=authenticate,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit_tls else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in transports:
            transport.close()
        await asyncio.sleep(0)


def plain(port: int, **changes: object) -> SmtpTransport:
    return SmtpTransport(
        SmtpServer("127.0.0.1", port, SmtpSecurity.NONE),
        sender=SENDER,
        **{"per_second": 0, **changes},  # type: ignore[arg-type]
    )


def providers(*transports: MailTransport, **changes: object) -> MailProviders:
    """Return providers that are called first and second."""
    named = [MailProvider(name, each) for name, each in zip(("first", "second"), transports, strict=True)]
    return MailProviders(named, **changes)  # type: ignore[arg-type]


def carried_by(reply: Reply) -> str:
    """Return what is told of a mail that was taken."""
    assert isinstance(reply, SmtpReply), reply
    assert reply.code == 250
    return reply.detail
