"""What went wrong between us and a mail server, in our words, and whether it lies with the server or with the mail."""

import re
import socket
import ssl
from enum import StrEnum
from typing import Final

import aiosmtplib

from alerting_backend.adapters.transport.exchange import socket_text, tls_text
from alerting_backend.adapters.transport.gate import Ending, Handover
from alerting_core import limits
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.notification import Reason
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


def read_refusal(step: Step, code: int, text: str) -> Ending:
    """Say whom a 4xx or 5xx is about.

    Args:
        step: What it answers.
        code: 400 to 599.
        text: Of the answer; its enhanced status code (RFC 3463) decides where there is one.
    """
    found = _ENHANCED.match(text)
    subject, status = (found["subject"], f"{found['subject']}.{found['what']}") if found else ("", "")
    if code in _LOGIN_WANTED:
        return Ending.LOGIN_REFUSED
    if code == _CLOSING_DOWN:
        return Ending.NOT_SERVED
    if code < 500:
        return _read_temporary(step, code, subject)
    if step is Step.MAIL:
        return Ending.MAIL_REFUSED if code == _TOO_LARGE or status in _SIZES else Ending.NOT_SERVED
    if step is Step.RCPT or subject == "1":
        return Ending.RECIPIENT_REFUSED
    return Ending.NOT_SERVED if status in _ACCOUNTS else Ending.MAIL_REFUSED


def _read_temporary(step: Step, code: int, subject: str) -> Ending:
    if step is Step.MAIL or code == _LOGIN_LATER:
        return Ending.THROTTLED
    if subject in {"1", "2"} or (not subject and code == _MAILBOX_BUSY):
        return Ending.RECIPIENT_DEFERRED
    if step is Step.DATA and (subject == "3" or code == _TOO_FULL):
        return Ending.THROTTLED
    return Ending.DEFERRED


def explain_connect(error: BaseException) -> Handover:
    """Say why no session came about; no mail was handed over. *error* is one of `SMTP_FAILURES`."""
    match error:
        case aiosmtplib.SMTPAuthenticationError(code=code):
            return _login_refused(f"the mail server refused the user or the password ({code})")
        case aiosmtplib.SMTPResponseException(code=code) if _is_code(code):
            detail = f"the mail server does not serve us now ({code})"
            return Handover(Ending.NOT_SERVED, Unreached(Reason.CONNECTION_FAILED, detail))
        case aiosmtplib.SMTPResponseException():
            return _not_reached(Reason.PROTOCOL_ERROR, "the answer of the mail server is not SMTP")
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPServerDisconnected() if error.__cause__ is not None:
            return explain_connect(error.__cause__)
        case ssl.SSLError():
            return Handover(Ending.TLS_FAILED, Unreached(Reason.TLS_FAILED, tls_text(error)))
        case socket.gaierror():
            return _not_reached(Reason.NAME_NOT_RESOLVED, "the name of the mail server has no address")
        case TimeoutError():
            return _not_reached(Reason.TIMED_OUT, "the mail server did not answer in time")
        case OSError():
            return _not_reached(Reason.CONNECTION_FAILED, socket_text(error))
        case _:
            return _login_refused("the mail server offers no login that we know")


def explain_submit(error: BaseException, *, handed_over: bool) -> Handover:
    """Say what became of a mail that was not taken.

    Args:
        error: One of `SMTP_FAILURES`.
        handed_over: Whether the mail itself was being written; what breaks then leaves unknown whether it was taken.
    """
    silent = Ending.MAYBE_TAKEN if handed_over else Ending.NOT_REACHED
    match error:
        case aiosmtplib.SMTPResponseException(code=code) if code in _LOGIN_WANTED:
            return _login_refused(f"the mail server wants another login ({code})")
        case aiosmtplib.SMTPResponseException(code=code, message=message) if _is_code(code):
            ending = read_refusal(_step_of(error), code, message)
            return Handover(ending, SmtpReply(code, plain_text(message)))
        case aiosmtplib.SMTPResponseException():
            reply = Unreached(Reason.PROTOCOL_ERROR, "the answer of the mail server is not SMTP")
            return Handover(silent, reply)
        case TimeoutError():
            return Handover(silent, Unreached(Reason.TIMED_OUT, "the mail server did not answer in time"))
        case OSError():
            return Handover(silent, Unreached(Reason.CONNECTION_FAILED, "the mail server closed the connection"))
        case _:
            reply = Unreached(Reason.PROTOCOL_ERROR, "the mail cannot be handed in as it is")
            return Handover(Ending.MAYBE_TAKEN if handed_over else Ending.MAIL_UNFIT, reply)


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


def _login_refused(detail: str) -> Handover:
    return Handover(Ending.LOGIN_REFUSED, Unreached(Reason.CONNECTION_FAILED, detail))


def _not_reached(reason: Reason, detail: str) -> Handover:
    return Handover(Ending.NOT_REACHED, Unreached(reason, detail))


def _is_code(code: int) -> bool:
    return 400 <= code <= 599
