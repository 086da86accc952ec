"""Telling readers of streams in this process that something was written, so that they need not ask the database."""

import asyncio
from collections.abc import Iterable


class Wakeups:
    """A bell per topic. A ring is a hint: who misses one finds the records at its next look."""

    def __init__(self) -> None:
        self._rings: dict[str, int] = {}
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    def ring(self, topics: Iterable[str]) -> None:
        """Wake all who wait for one of *topics*."""
        for topic in topics:
            self._rings[topic] = self._rings.get(topic, 0) + 1
            for waiter in self._waiters.pop(topic, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def mark(self, topic: str) -> int:
        """Return what to hand to `wait`; taken before a look at the topic, so that no ring after the look is lost."""
        return self._rings.get(topic, 0)

    async def wait(self, topic: str, mark: int, *, seconds_max: float) -> None:
        """Return as soon as *topic* rang after *mark*, or after *seconds_max*."""
        if self._rings.get(topic, 0) != mark or seconds_max <= 0:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiters.setdefault(topic, set())
        waiting.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=seconds_max)
        finally:
            waiting.discard(waiter)
