"""Wakes a stage of the same process early; nothing depends on it."""

import asyncio


class Wakeup:
    """An event that the one who waits for it uses up."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake whoever waits, or let the next wait return at once."""
        self._event.set()

    async def wait(self, *, wait_ms: int) -> bool:
        """Wait until it is set, at most *wait_ms*; return whether it was, and clear it."""
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
