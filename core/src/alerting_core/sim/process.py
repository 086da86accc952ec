"""Which process of a simulated world a piece of code belongs to, and which claims the processes hold."""

import asyncio
from contextvars import Context, ContextVar
from typing import Any, cast

from alerting_core.domain.claim import Claim, EmailMessage, Message
from alerting_core.stages.attempts import attempt_name


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


class ClaimBook:
    """Follows each claim from the store to its message, and on to its record.

    A process may hold two claims of one delivery, when its clock jumped over the end of the first; their messages are
    the same. So a message is told by the task that sends it, which bears the name of its attempt.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Claim] = {}
        self._under_way: dict[str, Process] = {}

    def open(self, process: Process, claim: Claim) -> None:
        """Note that *process* holds *claim*."""
        self._held[process.name, attempt_name(claim)] = claim

    def send(self, process: Process, message: Message) -> Claim | None:
        """Return the claim by which *process* sends *message*, each claim once; None when it has none."""
        task = asyncio.current_task()
        assert task is not None, "messages are sent by tasks"
        claim = self._held.pop((process.name, task.get_name()), None)
        if claim is None or not _is_about(message, claim):
            return None
        self._under_way[attempt_name(claim)] = process
        return claim

    def close(self, process: Process, claim: Claim) -> None:
        """Note that a claim was recorded or given back: nothing is to be sent by it any more."""
        self._held.pop((process.name, attempt_name(claim)), None)
        self._under_way.pop(attempt_name(claim), None)

    def forget(self, process: Process) -> None:
        """Forget what *process* held: it is dead."""
        for key in [key for key in self._held if key[0] == process.name]:
            del self._held[key]
        for name in [name for name, owner in self._under_way.items() if owner is process]:
            del self._under_way[name]

    def under_way(self) -> int:
        """Return how many messages living processes have sent and not yet recorded."""
        return sum(not process.is_dead for process in self._under_way.values())


def _is_about(message: Message, claim: Claim) -> bool:
    if isinstance(message, EmailMessage):
        return message.message_id == claim.delivery.delivery_id
    return claim.delivery.notification_id.encode() in message.body
