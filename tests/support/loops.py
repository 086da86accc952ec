"""The event loop of async tests: it lets connections that are being closed finish before it closes itself.

Closing a connection with TLS is a conversation: this side says goodbye and waits for the other. When the last word of
a server was a refusal, its goodbye may still be on the way at the end of a test. A process that ends there leaves the
rest to the system; a test process goes on, and finds the open socket later, as a warning in the middle of another test.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

_SECONDS_MAX: Final = 5.0  # A connection that nobody closes is the finding of a test, and not to be waited for longer.
_SECONDS_BETWEEN: Final = 0.002


class SettlingLoop(asyncio.SelectorEventLoop):
    """An event loop that closes when the last of its connections has, or after a limit."""

    def close(self) -> None:
        """Wait for connections that are about to end, and close the loop."""
        if not self.is_closed() and self._is_connected():
            self.run_until_complete(self._settle())
        super().close()

    async def _settle(self) -> None:
        end = time.monotonic() + _SECONDS_MAX
        # Nobody says when the last one has closed: there is no event to wait for.
        while self._is_connected() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_SECONDS_BETWEEN)

    def _is_connected(self) -> bool:
        # asyncio tells nobody outside which connections it has. What was dropped is not in the (weak) dictionary.
        transports: Mapping[int, asyncio.Transport] = self._transports  # type: ignore[attr-defined]
        return any(transport.get_extra_info("socket").fileno() != -1 for transport in list(transports.values()))


def pytest_asyncio_loop_factories() -> Mapping[str, type[asyncio.AbstractEventLoop]]:
    """Give every async test a loop of this kind."""
    return {"settling": SettlingLoop}
