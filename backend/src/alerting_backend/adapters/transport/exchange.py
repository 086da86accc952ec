"""One request and its answer on one connection, and what goes wrong with it in our words."""

import asyncio
import errno
import ssl
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Self
from weakref import WeakSet

import aiohttp

from alerting_backend.adapters.transport.gate import ForbiddenTarget, NameNotResolved
from alerting_core import limits
from alerting_core.domain.claim import HttpReply, Reply, Unreached
from alerting_core.domain.notification import Reason

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


RETRY_AFTER_CHARS_MAX: Final = 64
"""A Retry-After header is a number or a date of 29 characters; anything longer is neither."""

_CURRENT: Final[ContextVar["Exchange"]] = ContextVar("exchange")

_USED: Final[WeakSet[asyncio.BaseProtocol]] = WeakSet()
"""Connections that have carried a message. The library would tell of them by traces, at a tenth of each request."""


class Exchange:
    """What happens to one request. Use as a context manager around everything that is done with it.

    Attributes:
        reused: Whether the connection had carried another message before.
    """

    def __init__(self) -> None:
        """Know of no connection yet."""
        self.reused = False
        self._transport: asyncio.Transport | None = None
        self._is_clean = False

    def __enter__(self) -> Self:
        """Become the exchange that the HTTP library reports to."""
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Abort the connection unless the exchange came to a clean end."""
        _CURRENT.reset(self._token)
        if self._transport is not None and not self._is_clean:
            self._transport.abort()

    def goes_over(self, connection: aiohttp.connector.Connection) -> None:
        """Note the connection that was opened or taken for the request."""
        self._transport = connection.transport
        if (protocol := connection.protocol) is not None:
            self.reused = protocol in _USED
            _USED.add(protocol)

    async def read(self, response: aiohttp.ClientResponse, *, deadline: float) -> Reply:
        """Take what is wanted of an answer, until *deadline* on the clock of the event loop."""
        body = bytearray()
        failure: Unreached | None = None
        try:
            if response.content.is_eof():  # All is there already, as of most answers: no clock need be set.
                await _read_into(body, response)
            else:
                async with asyncio.timeout_at(deadline):
                    await _read_into(body, response)
        except TimeoutError:
            failure = Unreached(Reason.TIMED_OUT, f"the answer {response.status} did not end in time")
        except HTTP_FAILURES:
            failure = Unreached(Reason.PROTOCOL_ERROR, f"the answer {response.status} broke off")
        self._leave(response)
        if failure is not None and 200 <= response.status < 300:
            return failure
        return HttpReply(response.status, bytes(body), _retry_after(response))

    def _leave(self, response: aiohttp.ClientResponse) -> None:
        """Keep the connection when both the answer was read and the request was sent to their last bytes."""
        is_sent = self._transport is None or not self._transport.get_write_buffer_size()
        self._is_clean = is_sent and response.content.at_eof()
        if self._is_clean:
            response.release()
            return
        if self._transport is not None:
            self._transport.abort()
        response.close()


class ReportingRequest(aiohttp.ClientRequest):
    """A request that tells its exchange which connection it goes over."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Send the request."""
        _CURRENT.get().goes_over(conn)
        return await super().send(conn)


async def _read_into(body: bytearray, response: aiohttp.ClientResponse) -> None:
    while len(body) < limits.RESPONSE_BYTES_MAX and not response.content.at_eof():
        body += await response.content.read(limits.RESPONSE_BYTES_MAX - len(body))


def _retry_after(response: aiohttp.ClientResponse) -> str | None:
    value = response.headers.get("Retry-After", "").strip()
    return value if value and value.isascii() and len(value) <= RETRY_AFTER_CHARS_MAX else None
