"""Sends webhooks and Slack messages: one POST, no redirects, no cookies, no proxies, and never more than it asked for.

Theory of operation. The receiver is whoever a client names, so nothing that it does may cost more than one bounded
attempt. Each line of the head of an answer is bounded by `HEADER_BYTES_MAX`, the body by `RESPONSE_BYTES_MAX`:
what is beyond is not read, the connection is dropped instead. Bodies are never decompressed. One deadline covers the
look-up, the connection, the request and the answer, however slowly its bytes drip.

An answer counts when it is complete, or when enough of it came that the rest is not wanted. A 2xx that breaks off is
not a success: whatever failed behind it after its head was written would be lost. Any other status stands as it is.

What goes wrong is explained in our words, an `Exchange` is one request and its answer on one connection, and the
transport makes the attempts.
"""

import asyncio
import errno
import re
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import TracebackType
from typing import Final, Self
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from alerting_backend.adapters.transport import addresses
from alerting_core import limits
from alerting_core.domain import claim, delivery, endpoint_check

HTTP_FAILURES: Final = (aiohttp.ClientError, OSError, ValueError)
"""All that the HTTP library raises over what a target, a network or a URL does. Timeouts are OSErrors; what it says of
URLs and headers that cannot be sent are ValueErrors."""

_EXPLANATIONS: Final[tuple[tuple[tuple[type[BaseException], ...], delivery.Reason, str], ...]] = (
    ((TimeoutError,), delivery.Reason.TIMED_OUT, "no connection came about in time"),
    (
        (aiohttp.ServerDisconnectedError,),
        delivery.Reason.CONNECTION_FAILED,
        "the connection was closed before an answer came",
    ),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError), delivery.Reason.PROTOCOL_ERROR, "the URL cannot be used"),
    (
        (aiohttp.ClientResponseError, aiohttp.ClientPayloadError),
        delivery.Reason.PROTOCOL_ERROR,
        "the answer is not HTTP that can be read",
    ),
    ((ValueError,), delivery.Reason.PROTOCOL_ERROR, "the URL or a header cannot be sent"),
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


def explain_http_failure(error: BaseException) -> claim.Unreached:
    """Say why no answer came. *error* is one of `HTTP_FAILURES`."""
    reason, detail = _explain(_cause(error))
    return claim.Unreached(reason, detail)


def _explain(cause: BaseException) -> tuple[delivery.Reason, str]:
    if isinstance(cause, addresses.ForbiddenTarget):
        return delivery.Reason.FORBIDDEN_ADDRESS, f"leads to a forbidden target: {cause.why}"
    if isinstance(cause, addresses.NameNotResolved):
        return delivery.Reason.NAME_NOT_RESOLVED, str(cause)
    if isinstance(cause, ssl.SSLError):
        return delivery.Reason.TLS_FAILED, tls_text(cause)
    for kinds, reason, text in _EXPLANATIONS:
        if isinstance(cause, kinds):
            return reason, text
    text = socket_text(cause) if isinstance(cause, OSError) else "the connection failed"
    return delivery.Reason.CONNECTION_FAILED, text


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

    async def read(self, response: aiohttp.ClientResponse, *, deadline: float) -> claim.Reply:
        """Take what is wanted of an answer, until *deadline* on the clock of the event loop."""
        body = bytearray()
        failure: claim.Unreached | None = None
        try:
            if response.content.is_eof():  # All is there already, as of most answers: no clock need be set.
                await _read_into(body, response)
            else:
                async with asyncio.timeout_at(deadline):
                    await _read_into(body, response)
        except TimeoutError:
            failure = claim.Unreached(delivery.Reason.TIMED_OUT, f"the answer {response.status} did not end in time")
        except HTTP_FAILURES:
            failure = claim.Unreached(delivery.Reason.PROTOCOL_ERROR, f"the answer {response.status} broke off")
        self._leave(response)
        if failure is not None and 200 <= response.status < 300:
            return failure
        return claim.HttpReply(response.status, bytes(body), _retry_after(response))

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


CONNECTIONS_MAX: Final = limits.SENDING_MAX
"""Open connections of one sender: as many as attempts, so that none waits for a connection of another."""

HEADER_BYTES_MAX: Final = 65_536
"""One header of an answer, and its first line. The library's 8,190 bytes are less than what some send with a 200, as
policies and cookies: the message was taken all the same."""

KEEP_ALIVE_SECONDS: Final = 15.0
"""How long an idle connection is kept for the next message to the same host."""

TRIES_ON_KEPT_CONNECTIONS_MAX: Final = 2
"""Kept connections that may turn out to be closed before a message counts as not taken: bad luck twice in a row."""

TARGETS_REMEMBERED_MAX: Final = 4_096
"""URLs that need not be parsed and checked again for the next message, a few kilobytes each at the most. Addresses are
checked at every connection all the same."""

_PLAIN_URL: Final = re.compile(r"[\x21-\x7e]+")
_DEFAULT_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "alerting-platform"}


class HttpTransport:
    """Sends `HttpMessage`s. Use as an async context manager, inside the event loop that sends.

    Args:
        policy: Which addresses may be connected to.
        resolver: Looks names up; by default the system's name servers are asked, without threads.
        tls: Verifies certificates; by default against the system's authorities.
        request_ms: For the whole attempt.
        connect_ms: For the look-up, the connection and the TLS handshake together.
    """

    def __init__(
        self,
        policy: addresses.AddressPolicy,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        request_ms: int = limits.REQUEST_MS_MAX,
        connect_ms: int = limits.CONNECT_MS_MAX,
    ) -> None:
        """Connect to nothing yet."""
        assert tls is None or tls.verify_mode is ssl.CERT_REQUIRED, "certificates of endpoints are always verified"
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._request_s = request_ms / 1_000
        self._connect_s = connect_ms / 1_000
        self._session: aiohttp.ClientSession | None = None
        self._target = lru_cache(TARGETS_REMEMBERED_MAX)(self._read_target)

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        self._session = self._open_session()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.close()

    async def close(self) -> None:
        """Close every connection; the transport cannot be used afterwards."""
        if self._session is not None:
            await self._session.close()

    async def send(self, message: claim.HttpMessage) -> claim.Reply:
        """Make one attempt; see `Transport.send`."""
        prepared = self._prepare(message)
        if isinstance(prepared, claim.Unreached):
            return prepared
        url, headers = prepared
        return await self._exchange("POST", url, headers, message.body)

    async def get(self, url: str) -> claim.Reply:
        """Ask for what is at *url*, of which no more than `limits.RESPONSE_BYTES_MAX` is read, by the same rules."""
        target = self._target(url)
        if isinstance(target, claim.Unreached):
            return target
        return await self._exchange("GET", target, _DEFAULT_HEADERS, None)

    def _open_session(self) -> aiohttp.ClientSession:
        resolver = self._resolver if self._resolver is not None else aiohttp.AsyncResolver(timeout=1.0, tries=2)
        connector = _Connector(
            resolver=addresses.CheckedResolver(resolver, self._policy),
            socket_factory=addresses.socket_opener(self._policy),
            ssl=self._tls if self._tls is not None else True,
            limit=CONNECTIONS_MAX,
            limit_per_host=limits.HOST_CONCURRENCY_MAX,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_s, sock_connect=self._connect_s),
            read_bufsize=limits.RESPONSE_BYTES_MAX,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            request_class=ReportingRequest,
        )

    def _prepare(self, message: claim.HttpMessage) -> tuple[URL, dict[str, str]] | claim.Unreached:
        if (problem := header_problem(message.headers)) is not None:
            return claim.Unreached(delivery.Reason.PROTOCOL_ERROR, problem)
        url = self._target(message.url)
        if isinstance(url, claim.Unreached):
            return url
        names = set(map(str.lower, message.headers))
        defaults = {name: value for name, value in _DEFAULT_HEADERS.items() if name.lower() not in names}
        return url, {**defaults, **message.headers}

    def _read_target(self, target: str) -> URL | claim.Unreached:
        """Return the URL that *target* is, or why nothing is sent to it. It says the same at any time."""
        try:
            # What can go out as it is goes out byte for byte: a signature in a query must not be spelled anew.
            url = URL(target, encoded=_PLAIN_URL.fullmatch(target) is not None)
            host = url.raw_host  # Parsed only now, as are the port and the credentials.
        except ValueError:
            return claim.Unreached(delivery.Reason.PROTOCOL_ERROR, "the URL cannot be read")
        if url.scheme not in {"http", "https"} or not host:
            return claim.Unreached(delivery.Reason.PROTOCOL_ERROR, "the URL is not an http or https address")
        if (why := self._policy.why_host_forbidden(host)) is not None:
            return explain_http_failure(addresses.ForbiddenTarget(why))
        return url

    async def _exchange(self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None) -> claim.Reply:
        """Send until a connection that nobody else used before has had its try.

        A server may close an idle connection just when the next message is on its way. That says nothing about the
        server, and the message was not taken: it goes out again at once, on the next connection of the pool.
        """
        assert self._session is not None, "enter the transport before sending"
        deadline = asyncio.get_running_loop().time() + self._request_s
        for _ in range(TRIES_ON_KEPT_CONNECTIONS_MAX + 1):
            with Exchange() as exchange:
                try:
                    async with asyncio.timeout_at(deadline):
                        response = await self._session.request(
                            method, url, headers=headers, data=body, allow_redirects=False
                        )
                except HTTP_FAILURES as error:
                    if asyncio.get_running_loop().time() >= deadline:
                        return claim.Unreached(delivery.Reason.TIMED_OUT, f"no answer within {self._request_s:g} s")
                    is_stale = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
                    if not (is_stale and exchange.reused):
                        return explain_http_failure(error)
                else:
                    return await exchange.read(response, deadline=deadline)
        return claim.Unreached(delivery.Reason.CONNECTION_FAILED, "every connection was closed before an answer came")


class _Connector(aiohttp.TCPConnector):
    """A connector that owns its resolver."""

    async def close(self, *, abort_ssl: bool = False) -> None:
        await super().close(abort_ssl=abort_ssl)
        await self._resolver.close()


_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS: Final = endpoint_check.RESERVED_HEADERS - {endpoint_check.CONTENT_TYPE}
"""What says where a message ends and who it is for is ours to say: two opinions are how requests are smuggled."""


def header_problem(headers: Mapping[str, str]) -> str | None:
    """Return what keeps *headers* from being sent, without repeating their values; None when they are fine."""
    for name, value in headers.items():
        if (problem := _name_problem(name)) is not None:
            return problem
        if _HEADER_VALUE_FORBIDDEN.search(value):
            return f"the value of the header {name} holds control characters"
    return None


@lru_cache(maxsize=1_024)
def _name_problem(name: str) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return "a header name holds characters that are not allowed"
    if name.lower() in _OURS:
        return f"the header {name} is set by the sender and cannot be chosen"
    return None
