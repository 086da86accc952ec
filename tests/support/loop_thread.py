"""An event loop in a thread of its own: servers that answer while the test goes on."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

T = TypeVar("T")

CALL_SECONDS_MAX: Final = 30.0


class LoopThread:
    """Runs coroutines that others call; each call returns when its coroutine has ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run *coroutine* there and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_SECONDS_MAX)


@contextmanager
def loop_thread(name: str) -> Iterator[LoopThread]:
    """Run a loop until the block ends. Whoever opened something in it closes it before."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=name, daemon=True)
    thread.start()
    running = LoopThread(loop)
    try:
        yield running
    finally:
        running.call(_last_turns())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CALL_SECONDS_MAX)
        loop.close()


async def _last_turns() -> None:
    """Let what was closed give its sockets back, and end what still waits."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)
