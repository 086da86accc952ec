"""What went wrong between us and a mail server, in our words."""

import socket
import ssl
from typing import Final

import aiosmtplib

from alerting_backend.adapters.transport.failures import socket_text, tls_text
from alerting_core import limits
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import Reply, SmtpReply, Unreached

SMTP_FAILURES: Final = (aiosmtplib.SMTPException, OSError, ValueError)
"""All that the SMTP library raises over what a server, a network or an address does."""

_LOGIN_WANTED: Final = frozenset({530, 534, 535, 538})
"""RFC 4954: the server takes no mail from us as we are. The operator mends that, and then the mail is still wanted; so
it is no answer about the mail, and no final reason either."""


def explain_connect(error: BaseException) -> Unreached:
    """Say why no session came about. *error* is one of `SMTP_FAILURES`."""
    match error:
        case aiosmtplib.SMTPAuthenticationError(code=code):
            return Unreached(Reason.CONNECTION_FAILED, f"the mail server refused the user or the password ({code})")
        case aiosmtplib.SMTPResponseException(code=code) if _is_code(code):
            return Unreached(Reason.CONNECTION_FAILED, f"the mail server does not serve us now ({code})")
        case aiosmtplib.SMTPResponseException():
            return Unreached(Reason.PROTOCOL_ERROR, "the answer of the mail server is not SMTP")
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPServerDisconnected() if error.__cause__ is not None:
            return explain_connect(error.__cause__)
        case ssl.SSLError():
            return Unreached(Reason.TLS_FAILED, tls_text(error))
        case socket.gaierror():
            return Unreached(Reason.NAME_NOT_RESOLVED, "the name of the mail server has no address")
        case TimeoutError():
            return Unreached(Reason.TIMED_OUT, "the mail server did not answer in time")
        case OSError():
            return Unreached(Reason.CONNECTION_FAILED, socket_text(error))
        case _:
            return Unreached(Reason.CONNECTION_FAILED, "the mail server offers no login that we know")


def explain_submit(error: BaseException) -> Reply:
    """Say what became of a mail that was not taken. *error* is one of `SMTP_FAILURES`."""
    match error:
        case aiosmtplib.SMTPResponseException(code=code) if code in _LOGIN_WANTED:
            return Unreached(Reason.CONNECTION_FAILED, f"the mail server wants another login ({code})")
        case aiosmtplib.SMTPResponseException(code=code, message=message) if _is_code(code):
            return SmtpReply(code, plain_text(message))
        case aiosmtplib.SMTPResponseException():
            return Unreached(Reason.PROTOCOL_ERROR, "the answer of the mail server is not SMTP")
        case aiosmtplib.SMTPNotSupported():
            return Unreached(Reason.PROTOCOL_ERROR, "the mail server takes no addresses beyond ASCII")
        case TimeoutError():
            return Unreached(Reason.TIMED_OUT, "the mail server did not answer in time")
        case OSError():
            return Unreached(Reason.CONNECTION_FAILED, "the mail server closed the connection")
        case _:
            return Unreached(Reason.PROTOCOL_ERROR, "the mail cannot be handed in as it is")


def plain_text(text: str) -> str:
    """Return what a server said as text that can be stored: valid, without NUL, and bounded."""
    raw = text.encode("utf-8", "surrogateescape")[: limits.RESPONSE_BYTES_MAX]
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")


def _is_code(code: int) -> bool:
    return 400 <= code <= 599
