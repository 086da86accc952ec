"""One request and its answer on one connection, and how the connection is left behind.

A connection is kept for the next message only after a clean end. In every other case it is aborted, not closed: closing
first waits until the peer has taken what is still to be written, and a peer that takes nothing would hold the socket,
and the shutdown of this process, for ever. The HTTP library only closes, so the exchange holds the transport itself.
"""

import asyncio
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Self
from weakref import WeakSet

import aiohttp

from alerting_backend.adapters.transport.failures import HTTP_FAILURES
from alerting_core import limits
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import HttpReply, Reply, Unreached

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
