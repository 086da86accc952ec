"""Sends webhooks and Slack messages: one POST, no redirects, no cookies, no proxies, and never more than it asked for.

Theory of operation. The receiver is whoever a client names, so nothing that it does may cost more than one bounded
attempt. The head of an answer is bounded by the library's line and header limits, the body by `RESPONSE_BYTES_MAX`:
what is beyond is not read, the connection is dropped instead. Bodies are never decompressed. One deadline covers the
look-up, the connection, the request and the answer, however slowly its bytes drip.

An answer counts when it is complete, or when enough of it came that the rest is not wanted. A 2xx that breaks off is
not a success: whatever failed behind it after its head was written would be lost. Any other status stands as it is.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.exchange import HTTP_FAILURES, Exchange, ReportingRequest, explain_http_failure
from alerting_backend.adapters.transport.gate import CheckedResolver, ForbiddenTarget, socket_opener
from alerting_core import limits
from alerting_core.domain.claim import HttpMessage, Reply, Unreached
from alerting_core.domain.endpoint_check import CONTENT_TYPE, RESERVED_HEADERS
from alerting_core.domain.notification import Reason

CONNECTIONS_MAX: Final = 512
"""Open connections of one sender: all that it claims at once (`limits.CLAIM_DELIVERIES_MAX`) and a few tests beside,
well under the 1,024 files that a process may have open by default."""

KEEP_ALIVE_SECONDS: Final = 15.0
"""How long an idle connection is kept for the next message to the same host."""

TRIES_ON_KEPT_CONNECTIONS_MAX: Final = 2
"""Kept connections that may turn out to be closed before a message counts as not taken: bad luck twice in a row."""

TARGETS_REMEMBERED_MAX: Final = 4_096
"""URLs that need not be parsed and checked again for the next message, a few kilobytes each at the most. Addresses are
checked at every connection all the same."""

_PLAIN_URL: Final = re.compile(r"[\x21-\x7e]+")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS: Final = RESERVED_HEADERS - {CONTENT_TYPE}
"""What says where a message ends and who it is for is ours to say: two opinions are how requests are smuggled."""

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
        policy: AddressPolicy,
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

    async def send(self, message: HttpMessage) -> Reply:
        """Make one attempt; see `Transport.send`."""
        prepared = self._prepare(message)
        if isinstance(prepared, Unreached):
            return prepared
        url, headers = prepared
        return await self._post(url, headers, message.body)

    def _open_session(self) -> aiohttp.ClientSession:
        resolver = self._resolver if self._resolver is not None else aiohttp.AsyncResolver(timeout=1.0, tries=2)
        connector = _Connector(
            resolver=CheckedResolver(resolver, self._policy),
            socket_factory=socket_opener(self._policy),
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
            request_class=ReportingRequest,
        )

    def _prepare(self, message: HttpMessage) -> tuple[URL, dict[str, str]] | Unreached:
        if (problem := header_problem(message.headers)) is not None:
            return Unreached(Reason.PROTOCOL_ERROR, problem)
        url = self._target(message.url)
        if isinstance(url, Unreached):
            return url
        names = set(map(str.lower, message.headers))
        defaults = {name: value for name, value in _DEFAULT_HEADERS.items() if name.lower() not in names}
        return url, {**defaults, **message.headers}

    def _read_target(self, target: str) -> URL | Unreached:
        """Return the URL that *target* is, or why nothing is sent to it. It says the same at any time."""
        try:
            # What can go out as it is goes out byte for byte: a signature in a query must not be spelled anew.
            url = URL(target, encoded=_PLAIN_URL.fullmatch(target) is not None)
            host = url.raw_host  # Parsed only now, as are the port and the credentials.
        except ValueError:
            return Unreached(Reason.PROTOCOL_ERROR, "the URL cannot be read")
        if url.scheme not in {"http", "https"} or not host:
            return Unreached(Reason.PROTOCOL_ERROR, "the URL is not an http or https address")
        if (why := self._policy.why_host_forbidden(host)) is not None:
            return explain_http_failure(ForbiddenTarget(why))
        return url

    async def _post(self, url: URL, headers: Mapping[str, str], body: bytes) -> Reply:
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
                        response = await self._session.post(url, headers=headers, data=body, allow_redirects=False)
                except HTTP_FAILURES as error:
                    if asyncio.get_running_loop().time() >= deadline:
                        return Unreached(Reason.TIMED_OUT, f"no answer within {self._request_s:g} s")
                    is_stale = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
                    if not (is_stale and exchange.reused):
                        return explain_http_failure(error)
                else:
                    return await exchange.read(response, deadline=deadline)
        return Unreached(Reason.CONNECTION_FAILED, "every connection was closed before an answer came")


class _Connector(aiohttp.TCPConnector):
    """A connector that owns its resolver."""

    async def close(self, *, abort_ssl: bool = False) -> None:
        await super().close(abort_ssl=abort_ssl)
        await self._resolver.close()


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
