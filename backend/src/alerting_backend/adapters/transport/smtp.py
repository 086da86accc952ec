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
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

import aiosmtplib

from alerting_backend.adapters.transport.bucket import TokenBucket
from alerting_backend.adapters.transport.mail import Sender, WireMail, write_mail
from alerting_backend.adapters.transport.smtp_failures import SMTP_FAILURES, explain_connect, explain_submit, plain_text
from alerting_core import limits
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import EmailMessage, Reply, SmtpReply, Unreached

CONNECTIONS_MAX: Final = 8
"""Connections to one mail server; most providers allow 10 from one sender."""

IDLE_MS_MAX: Final = 30_000
"""An idle connection is kept for the next mail this long; servers hang up after one to five minutes."""

TRUSTED_IDLE_MS_MAX: Final = 1_000
"""An idle connection is used without a question this long, so that a batch costs no extra round trips."""

RESET_MS_MAX: Final = 500
"""A courtesy after a refusal; whoever takes longer gets a new connection for the next mail instead."""

RATE_WAIT_MS_MAX: Final = 10_000
"""How long a mail waits for its turn under the rate limit; the rest of `limits.REQUEST_MS_MAX` is for sending it."""

RATE_PER_SECOND_DEFAULT: Final = 2.0
"""Providers grant new accounts between one and fourteen mails a second."""


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


def _monotonic_ms() -> float:
    return time.monotonic() * 1_000


class SmtpTransport:
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
        clock_ms: Callable[[], float] = _monotonic_ms,
    ) -> None:
        """Connect to nothing yet."""
        self._server = server
        self._sender = Sender.read(sender)
        self._tls = tls
        self._request_ms = request_ms
        self._connect_ms = connect_ms
        self._clock_ms = clock_ms
        self._bucket = TokenBucket(per_second, burst=max(1, int(per_second)))
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)
        self._idle: list[_Idle] = []

    async def __aenter__(self) -> Self:
        """Open nothing: connections are made when the first mail leaves."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.close()

    async def close(self) -> None:
        """Take leave of the mail server."""
        idle, self._idle = self._idle, []
        for each in idle:
            with contextlib.suppress(*SMTP_FAILURES):
                await each.connection.quit(timeout=1)
            _drop(each.connection)

    async def send(self, message: EmailMessage) -> Reply:
        """Make one attempt; see `Transport.send`."""
        try:
            mail = write_mail(message, self._sender, now_ms=int(time.time() * 1_000))
        except ValueError:
            return Unreached(Reason.PROTOCOL_ERROR, "the address or the text cannot be written as a mail")
        wait_ms = self._bucket.take(
            now_ms=self._clock_ms(), wait_ms_max=min(RATE_WAIT_MS_MAX, self._request_ms * 2 / 3)
        )
        if wait_ms is None:
            return Unreached(Reason.RATE_LIMITED, "more mail is waiting than may be sent now")
        try:
            async with asyncio.timeout(self._request_ms / 1_000):
                await asyncio.sleep(wait_ms / 1_000)
                async with self._slots:
                    return await self._send_on_a_connection(mail)
        except TimeoutError:
            return Unreached(Reason.TIMED_OUT, f"the mail server did not answer within {self._request_ms / 1_000:g} s")

    async def _send_on_a_connection(self, mail: WireMail) -> Reply:
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
            reply = await self._submit(connection, mail)
        except BaseException:
            _drop(connection)
            raise
        if isinstance(reply, SmtpReply) and connection.is_connected:
            self._idle.append(_Idle(connection, self._clock_ms()))
        else:
            _drop(connection)
        return reply

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

    async def _open(self, connection: aiosmtplib.SMTP) -> Unreached | None:
        try:
            await connection.connect()
            await connection.ehlo()
            if self._server.security is SmtpSecurity.STARTTLS:
                if not connection.supports_extension("starttls"):
                    return Unreached(Reason.TLS_FAILED, "the mail server offers no STARTTLS")
                await connection.starttls()
                await connection.ehlo()
            if self._server.user is not None:
                await connection.login(self._server.user, self._server.password or "")
        except SMTP_FAILURES as error:
            return explain_connect(error)
        return None

    async def _submit(self, connection: aiosmtplib.SMTP, mail: WireMail) -> Reply:
        connection.timeout = self._request_ms / 1_000
        encoding = "utf-8" if mail.needs_utf8 else "ascii"
        try:
            await connection.mail(self._sender.address, options=_mail_options(connection, mail), encoding=encoding)
            await connection.rcpt(mail.recipient, encoding=encoding)
            answer = await connection.data(mail.data)
        except SMTP_FAILURES as error:
            reply = explain_submit(error)
            if isinstance(reply, SmtpReply):
                await _reset(connection)
            return reply
        return SmtpReply(answer.code, plain_text(answer.message))


def _mail_options(connection: aiosmtplib.SMTP, mail: WireMail) -> list[str]:
    options = []
    if mail.needs_utf8:
        if not connection.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("SMTPUTF8")
        options.append("SMTPUTF8")
    if connection.supports_extension("size"):
        options.append(f"size={len(mail.data)}")
    return options


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
