"""What went wrong on the way to an HTTP endpoint, in our words.

The texts of library errors are never passed on: they hold whole URLs, and the path of a Slack URL is a credential.
"""

import errno
import ssl
from typing import Final

import aiohttp

from alerting_backend.adapters.transport.gate import ForbiddenTarget, NameNotResolved
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import Unreached

HTTP_FAILURES: Final = (aiohttp.ClientError, OSError, ValueError)
"""All that the HTTP library raises over what a target, a network or a URL does. Timeouts are OSErrors; what it says of
URLs and headers that cannot be sent are ValueErrors."""

_PLAIN: Final[tuple[tuple[tuple[type[BaseException], ...], Reason, str], ...]] = (
    ((TimeoutError,), Reason.TIMED_OUT, "no connection came about in time"),
    (
        (aiohttp.ServerDisconnectedError,),
        Reason.CONNECTION_FAILED,
        "the connection was closed before an answer came",
    ),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError), Reason.PROTOCOL_ERROR, "the URL cannot be used"),
    (
        (aiohttp.ClientResponseError, aiohttp.ClientPayloadError),
        Reason.PROTOCOL_ERROR,
        "the answer is not HTTP that can be read",
    ),
    ((ValueError,), Reason.PROTOCOL_ERROR, "the URL or a header cannot be sent"),
)
"""The first kind that fits. ssl.CertificateError is an SSLError and does not come here."""

_SOCKET_TEXTS: Final = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ECONNRESET: "the connection was reset",
    errno.ECONNABORTED: "the connection was aborted",
    errno.EPIPE: "the connection was closed while the message was sent",
    errno.EHOSTUNREACH: "there is no route to the host",
    errno.ENETUNREACH: "there is no route to the network",
    errno.ETIMEDOUT: "the host did not answer",
    errno.EMFILE: "this process has no file descriptor left",
    errno.EADDRNOTAVAIL: "the address cannot be connected to from this machine",
}


def explain_http_failure(error: BaseException) -> Unreached:
    """Say why no answer came. *error* is one of `HTTP_FAILURES`."""
    reason, detail = _explain(_cause(error))
    return Unreached(reason, detail)


def _explain(cause: BaseException) -> tuple[Reason, str]:
    if isinstance(cause, ForbiddenTarget):
        return Reason.FORBIDDEN_ADDRESS, f"leads to a forbidden target: {cause.why}"
    if isinstance(cause, NameNotResolved):
        return Reason.NAME_NOT_RESOLVED, str(cause)
    if isinstance(cause, ssl.SSLError):
        return Reason.TLS_FAILED, tls_text(cause)
    for kinds, reason, text in _PLAIN:
        if isinstance(cause, kinds):
            return reason, text
    return Reason.CONNECTION_FAILED, socket_text(cause) if isinstance(cause, OSError) else "the connection failed"


def tls_text(error: ssl.SSLError) -> str:
    """Say in what TLS failed. Errors that OpenSSL did not raise itself lack what it would say of them."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {getattr(error, 'verify_message', '')}".rstrip(": ")
    reason: str = getattr(error, "reason", None) or "unknown reason"
    return f"TLS could not be agreed on: {reason.replace('_', ' ').lower()}"


def socket_text(error: OSError) -> str:
    """Say what the operating system reports."""
    return _SOCKET_TEXTS.get(error.errno or 0, "the connection failed")


def _cause(error: BaseException) -> BaseException:
    """Return the error of the operating system, of TLS or of ours that the library has wrapped, else *error*."""
    inner: object = None
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
    return inner if isinstance(inner, BaseException) else error
