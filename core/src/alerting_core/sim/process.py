"""Which process of a simulated world a piece of code belongs to: that goes along with the context that it runs in."""

import asyncio
from contextvars import Context, ContextVar
from typing import Any, cast


class Process:
    """A worker process: the tasks that run in its context.

    Attributes:
        name: Unique in the world.
        is_dead: Killed, or ended; nothing of it runs any more.
        does: The call of a port that it made last.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.does = ""
        self._tasks: list[asyncio.Task[Any]] = []
        self._tasks_max = 64
        self.context = Context()
        self.context.run(_PROCESS.set, self)

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Keep *task* alive for as long as it has something to do."""
        self._tasks.append(task)
        if len(self._tasks) > self._tasks_max:
            self._tasks = self.unfinished()
            self._tasks_max = 64 + 2 * len(self._tasks)

    def unfinished(self) -> list[asyncio.Task[Any]]:
        """Return its tasks that have not ended."""
        return [task for task in self._tasks if not task.done()]


_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


def current_process() -> Process | None:
    """Return the process whose code is running; None outside of any."""
    return _PROCESS.get()


def process_in(context: Context) -> Process | None:
    """Return the process whose code runs in *context*."""
    return context.get(_PROCESS)


def process_of(handle: asyncio.Handle) -> Process | None:
    """Return the process whose code *handle* will run."""
    return process_in(cast("Context", handle._context))  # type: ignore[attr-defined]
