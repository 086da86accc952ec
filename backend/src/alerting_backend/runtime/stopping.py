"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

STOP_SECONDS_MAX: Final = 9.5
"""How long an orderly end may take before what is left is cut off; orchestrators kill after 10 s at the least."""

EXIT_AT_ONCE: Final = 130
"""Exit code after a second Ctrl-C, as shells have it for the first."""


class Stop:
    """Whether somebody asked for the end.

    Attributes:
        asked: Set once and for all.
        is_serving: Whether the start is over: before, there is nothing that would have to end in order.
    """

    def __init__(self) -> None:
        """Nobody asked yet."""
        self.asked = asyncio.Event()
        self.is_serving = False

    async def guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work*, which ends by itself soon after `asked` is set; a start under way is broken off then."""
        task = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.asked.wait())
        await asyncio.wait([task, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not task.done() and not self.is_serving:
            task.cancel()
        await asyncio.wait([task], timeout=STOP_SECONDS_MAX)
        if not task.done():
            task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            if not self.asked.is_set():
                raise


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Set *stop* at the first SIGINT or SIGTERM; leave the process at the second."""

    def signalled() -> None:
        if stop.asked.is_set():
            sys.stderr.write("Ended at once. What was under way goes on at the next start.\n")
            sys.stderr.flush()
            os._exit(EXIT_AT_ONCE)
        if sys.stdout.isatty():
            sys.stdout.write("\n")  # After the ^C that the terminal shows.
        stop.asked.set()

    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, signalled)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
