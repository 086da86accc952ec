"""Sends e-mail through the operator's mail server, and explains what went wrong there and whose fault it is.

Theory of operation. The server is the operator's, the recipients are the clients'. So what the server says about one
mail (sender, recipient or data refused) is an answer, an `SmtpReply`; what keeps it from talking to us at all (no
connection, no TLS, a wrong password) is `Unreached`, for that will be mended and the mail is still wanted.

Connections are reused, one mail at a time on each. One that was idle for a while is asked whether it still lives before
it gets a mail, because a connection that breaks after a mail's last line leaves unknown whether the mail was taken.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import aiosmtplib

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport import endings, http
from alerting_backend.adapters.transport.mail import RATE_PER_SECOND_DEFAULT, MailTransport, WireMail
from alerting_core import limits
from alerting_core.domain import claim, delivery
from alerting_core.domain.text import storable

SMTP_FAILURES: Final = (aiosmtplib.SMTPException, OSError, ValueError)
"""All that the SMTP library raises over what a server, a network or an address does."""

_LOGIN_WANTED: Final = frozenset({530, 534, 535, 538})
"""RFC 4954: the server takes no mail from us as we are. The operator mends that, and then the mail is still wanted; so
it is no answer about the mail, and no final reason either."""

_CLOSING_DOWN: Final = 421
_LOGIN_LATER: Final = 454
_MAILBOX_BUSY: Final = 450
_TOO_FULL: Final = 452
_TOO_LARGE: Final = 552

_SIZES: Final = frozenset({"2.3", "3.4"})
"""RFC 3463: the mail is larger than is taken."""

_ACCOUNTS: Final = frozenset({"3.2", "3.5", "7.8", "7.9", "7.12", "7.13", "7.14"})
"""RFC 3463 and 5248: the system takes no mail or is set up wrongly; our login is not accepted or our account closed."""

_ENHANCED: Final = re.compile(r"[245]\.(?P<subject>\d{1,3})\.(?P<what>\d{1,3})\b")


class Step(StrEnum):
    """What a server answers to: the sender is named, then the recipient, then the mail is written."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"


def read_refusal(step: Step, code: int, text: str) -> endings.Ending:
    """Say whom a 4xx or 5xx is about.

    Args:
        step: What it answers.
        code: 400 to 599.
        text: Of the answer; its enhanced status code (RFC 3463) decides where there is one.
    """
    found = _ENHANCED.match(text)
    subject, status = (found["subject"], f"{found['subject']}.{found['what']}") if found else ("", "")
    if code in _LOGIN_WANTED:
        return endings.Ending.LOGIN_REFUSED
    if code == _CLOSING_DOWN:
        return endings.Ending.NOT_SERVED
    if code < 500:
        return _read_temporary(step, code, subject)
    if step is Step.MAIL:
        return endings.Ending.MAIL_REFUSED if code == _TOO_LARGE or status in _SIZES else endings.Ending.NOT_SERVED
    if step is Step.RCPT or subject == "1":
        return endings.Ending.RECIPIENT_REFUSED
    return endings.Ending.NOT_SERVED if status in _ACCOUNTS else endings.Ending.MAIL_REFUSED


def _read_temporary(step: Step, code: int, subject: str) -> endings.Ending:
    if step is Step.MAIL or code == _LOGIN_LATER:
        return endings.Ending.THROTTLED
    if subject in {"1", "2"} or (not subject and code == _MAILBOX_BUSY):
        return endings.Ending.RECIPIENT_DEFERRED
    if step is Step.DATA and (subject == "3" or code == _TOO_FULL):
        return endings.Ending.THROTTLED
    return endings.Ending.DEFERRED


def explain_connect(error: BaseException) -> endings.Handover:
    """Say why no session came about; no mail was handed over. *error* is one of `SMTP_FAILURES`."""
    match error:
        case aiosmtplib.SMTPAuthenticationError(code=code):
            return _login_refused(f"the mail server refused the user or the password ({code})")
        case aiosmtplib.SMTPResponseException(code=code) if _is_code(code):
            detail = f"the mail server does not serve us now ({code})"
            return endings.Handover(
                endings.Ending.NOT_SERVED, claim.Unreached(delivery.Reason.CONNECTION_FAILED, detail)
            )
        case aiosmtplib.SMTPResponseException():
            return _not_reached(delivery.Reason.PROTOCOL_ERROR, "the answer of the mail server is not SMTP")
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPServerDisconnected() if error.__cause__ is not None:
            return explain_connect(error.__cause__)
        case ssl.SSLError():
            return endings.Handover(
                endings.Ending.TLS_FAILED, claim.Unreached(delivery.Reason.TLS_FAILED, http.tls_text(error))
            )
        case socket.gaierror():
            return _not_reached(delivery.Reason.NAME_NOT_RESOLVED, "the name of the mail server has no address")
        case TimeoutError():
            return _not_reached(delivery.Reason.TIMED_OUT, "the mail server did not answer in time")
        case OSError():
            return _not_reached(delivery.Reason.CONNECTION_FAILED, http.socket_text(error))
        case _:
            return _login_refused("the mail server offers no login that we know")


def explain_submit(error: BaseException, *, handed_over: bool) -> endings.Handover:
    """Say what became of a mail that was not taken.

    Args:
        error: One of `SMTP_FAILURES`.
        handed_over: Whether the mail itself was being written; what breaks then leaves unknown whether it was taken.
    """
    silent = endings.Ending.MAYBE_TAKEN if handed_over else endings.Ending.NOT_REACHED
    match error:
        case aiosmtplib.SMTPResponseException(code=code) if code in _LOGIN_WANTED:
            return _login_refused(f"the mail server wants another login ({code})")
        case aiosmtplib.SMTPResponseException(code=code, message=message) if _is_code(code):
            ending = read_refusal(_step_of(error), code, message)
            return endings.Handover(ending, claim.SmtpReply(code, plain_text(message)))
        case aiosmtplib.SMTPResponseException():
            reply = claim.Unreached(delivery.Reason.PROTOCOL_ERROR, "the answer of the mail server is not SMTP")
            return endings.Handover(silent, reply)
        case TimeoutError():
            return endings.Handover(
                silent, claim.Unreached(delivery.Reason.TIMED_OUT, "the mail server did not answer in time")
            )
        case OSError():
            return endings.Handover(
                silent, claim.Unreached(delivery.Reason.CONNECTION_FAILED, "the mail server closed the connection")
            )
        case _:
            reply = claim.Unreached(delivery.Reason.PROTOCOL_ERROR, "the mail cannot be handed in as it is")
            return endings.Handover(endings.Ending.MAYBE_TAKEN if handed_over else endings.Ending.MAIL_UNFIT, reply)


def plain_text(text: str) -> str:
    """Return what a server said as text that can be stored: valid, without NUL, and bounded."""
    raw = text.encode("utf-8", "surrogateescape")[: limits.RESPONSE_BYTES_MAX]
    return storable(raw.decode("utf-8", "replace"))


def _step_of(error: aiosmtplib.SMTPResponseException) -> Step:
    match error:
        case aiosmtplib.SMTPRecipientRefused():
            return Step.RCPT
        case aiosmtplib.SMTPDataError():
            return Step.DATA
        case _:
            return Step.MAIL


def _login_refused(detail: str) -> endings.Handover:
    return endings.Handover(endings.Ending.LOGIN_REFUSED, claim.Unreached(delivery.Reason.CONNECTION_FAILED, detail))


def _not_reached(reason: delivery.Reason, detail: str) -> endings.Handover:
    return endings.Handover(endings.Ending.NOT_REACHED, claim.Unreached(reason, detail))


def _is_code(code: int) -> bool:
    return 400 <= code <= 599


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
        greets_as: The name in EHLO; by default this machine's, if that has a domain, else an address literal.
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
        greets_as: str | None = None,
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
        self._greets_as = greets_as or _greeting_name()
        self._tls = tls
        self._connect_ms = connect_ms
        self._idle: list[_Idle] = []

    async def close(self) -> None:
        """Take leave of the mail server."""
        idle, self._idle = self._idle, []
        for each in idle:
            with contextlib.suppress(*SMTP_FAILURES):
                await each.connection.quit(timeout=1)
            _drop(each.connection)

    async def carry(self, mail: WireMail, handing_over: Callable[[], None]) -> endings.Handover:
        """Hand *mail* in on a connection of its own for that time."""
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
        if isinstance(handover.reply, claim.SmtpReply) and connection.is_connected:
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
            local_hostname=self._greets_as,
            timeout=self._connect_ms / 1_000,
        )

    async def _open(self, connection: aiosmtplib.SMTP) -> endings.Handover | None:
        try:
            await connection.connect()
            await connection.ehlo()
            if self._server.security is SmtpSecurity.STARTTLS:
                if not connection.supports_extension("starttls"):
                    reply = claim.Unreached(delivery.Reason.TLS_FAILED, "the mail server offers no STARTTLS")
                    return endings.Handover(endings.Ending.TLS_FAILED, reply)
                await connection.starttls()
                await connection.ehlo()
            if self._server.user is not None:
                await connection.login(self._server.user, self._server.password or "")
        except SMTP_FAILURES as error:
            return explain_connect(error)
        return None

    async def _submit(
        self, connection: aiosmtplib.SMTP, mail: WireMail, handing_over: Callable[[], None]
    ) -> endings.Handover:
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
            if isinstance(handover.reply, claim.SmtpReply):
                await _reset(connection)
            return handover
        return endings.Handover(endings.Ending.TAKEN, claim.SmtpReply(answer.code, plain_text(answer.message)))


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
