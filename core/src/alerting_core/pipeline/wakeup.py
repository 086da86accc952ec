"""A bell between conductors of one process: who waits is woken early, and nothing depends on it."""

import asyncio


class Wakeup:
    """Remembers one ring until somebody has waited for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake who waits, or let the next wait return at once."""
        self._event.set()

    async def wait(self, *, wait_ms: int) -> bool:
        """Wait for a ring, at most *wait_ms*; return whether it came. The ring is used up."""
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
