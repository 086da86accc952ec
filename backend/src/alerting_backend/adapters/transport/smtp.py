"""Sends e-mail through the operator's mail server.

Theory of operation. The server is the operator's, the recipients are the clients'. So what the server says about one
mail (sender, recipient or data refused) is an answer, an `SmtpReply`; what keeps it from talking to us at all (no
connection, no TLS, a wrong password) is `Unreached`, for that will be mended and the mail is still wanted.

Connections are reused, one mail at a time on each. One that was idle for a while is asked whether it still lives before
it gets a mail, because a connection that breaks after a mail's last line leaves unknown whether the mail was taken.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import aiosmtplib

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport.gate import Ending, Handover
from alerting_backend.adapters.transport.mail import RATE_PER_SECOND_DEFAULT, MailTransport, WireMail
from alerting_backend.adapters.transport.smtp_failures import SMTP_FAILURES, explain_connect, explain_submit, plain_text
from alerting_core import limits
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.notification import Reason

CONNECTIONS_MAX: Final = 8
"""Connections to one mail server; most providers allow 10 from one sender."""

IDLE_MS_MAX: Final = 30_000
"""An idle connection is kept for the next mail this long; servers hang up after one to five minutes."""

TRUSTED_IDLE_MS_MAX: Final = 1_000
"""An idle connection is used without a question this long, so that a batch costs no extra round trips."""

RESET_MS_MAX: Final = 500
"""A courtesy after a refusal; whoever takes longer gets a new connection for the next mail instead."""


class SmtpSecurity(StrEnum):
    """How the connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Idle:
    connection: aiosmtplib.SMTP
    since_ms: float


class SmtpTransport(MailTransport):
    """Sends `EmailMessage`s. Use as an async context manager.

    Args:
        server: The mail server.
        sender: Whom mails are from, as `alerts@example.com` or `Alerts <alerts@example.com>`.
        per_second: Rate limit; 0 for none.
        tls: Verifies the server's certificate; by default against the system's authorities.
        request_ms: For the whole attempt, with the wait for the rate limit.
        connect_ms: For each step of opening a connection.
        clock_ms: A clock that never goes back.

    Raises:
        ValueError: *sender* holds no address.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        per_second: float = RATE_PER_SECOND_DEFAULT,
        tls: ssl.SSLContext | None = None,
        request_ms: int = limits.REQUEST_MS_MAX,
        connect_ms: int = limits.CONNECT_MS_MAX,
        clock_ms: Callable[[], float] = monotonic_ms,
    ) -> None:
        """Connect to nothing yet."""
        super().__init__(
            sender=sender, called="the mail server", per_second=per_second, request_ms=request_ms, clock_ms=clock_ms
        )
        self._server = server
        self._tls = tls
        self._connect_ms = connect_ms
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)
        self._idle: list[_Idle] = []

    async def close(self) -> None:
        """Take leave of the mail server."""
        idle, self._idle = self._idle, []
        for each in idle:
            with contextlib.suppress(*SMTP_FAILURES):
                await each.connection.quit(timeout=1)
            _drop(each.connection)

    async def carry(self, mail: WireMail, handing_over: Callable[[], None]) -> Handover:
        """Hand *mail* in on a connection of its own for that time."""
        async with self._slots:
            return await self._carry(mail, handing_over)

    async def _carry(self, mail: WireMail, handing_over: Callable[[], None]) -> Handover:
        connection = await self._living_connection()
        if connection is None:
            connection = self._new_connection()
            try:
                if (problem := await self._open(connection)) is not None:
                    _drop(connection)
                    return problem
            except BaseException:
                _drop(connection)
                raise
        try:
            handover = await self._submit(connection, mail, handing_over)
        except BaseException:
            _drop(connection)
            raise
        if isinstance(handover.reply, SmtpReply) and connection.is_connected:
            self._idle.append(_Idle(connection, self._clock_ms()))
        else:
            _drop(connection)
        return handover

    async def _living_connection(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            idle = self._idle.pop()
            idle_ms = self._clock_ms() - idle.since_ms
            if idle.connection.is_connected and idle_ms <= IDLE_MS_MAX:
                if idle_ms <= TRUSTED_IDLE_MS_MAX:
                    return idle.connection
                with contextlib.suppress(*SMTP_FAILURES):
                    await idle.connection.noop(timeout=1)
                    return idle.connection
            _drop(idle.connection)
        return None

    def _new_connection(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.security is SmtpSecurity.TLS,
            start_tls=False,  # Done in `_open`, where what fails is told apart.
            tls_context=self._tls,
            local_hostname=_greeting_name(),
            timeout=self._connect_ms / 1_000,
        )

    async def _open(self, connection: aiosmtplib.SMTP) -> Handover | None:
        try:
            await connection.connect()
            await connection.ehlo()
            if self._server.security is SmtpSecurity.STARTTLS:
                if not connection.supports_extension("starttls"):
                    reply = Unreached(Reason.TLS_FAILED, "the mail server offers no STARTTLS")
                    return Handover(Ending.TLS_FAILED, reply)
                await connection.starttls()
                await connection.ehlo()
            if self._server.user is not None:
                await connection.login(self._server.user, self._server.password or "")
        except SMTP_FAILURES as error:
            return explain_connect(error)
        return None

    async def _submit(self, connection: aiosmtplib.SMTP, mail: WireMail, handing_over: Callable[[], None]) -> Handover:
        connection.timeout = self._request_ms / 1_000
        handed_over = False
        try:
            await connection.mail(self._sender.address, options=_mail_options(connection, mail))
            await connection.rcpt(mail.recipient)
            handed_over = True
            handing_over()
            answer = await connection.data(mail.data)
        except SMTP_FAILURES as error:
            handover = explain_submit(error, handed_over=handed_over)
            if isinstance(handover.reply, SmtpReply):
                await _reset(connection)
            return handover
        return Handover(Ending.TAKEN, SmtpReply(answer.code, plain_text(answer.message)))


def _mail_options(connection: aiosmtplib.SMTP, mail: WireMail) -> list[str]:
    return [f"size={len(mail.data)}"] if connection.supports_extension("size") else []


async def _reset(connection: aiosmtplib.SMTP) -> None:
    """Make a connection ready for the next mail after a refusal, or close it when the server does not play along."""
    try:
        await connection.rset(timeout=RESET_MS_MAX / 1_000)
    except SMTP_FAILURES:
        _drop(connection)


def _greeting_name() -> str:
    """Return the name to greet with: this machine's full name, or the address literal that RFC 5321 gives instead."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _drop(connection: aiosmtplib.SMTP) -> None:
    """Close at once, whatever is still to be written."""
    transport = connection.transport
    connection.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
