"""Which claims the processes hold, and by which of them a message is sent."""

import asyncio

from alerting_core.domain.claim import Claim
from alerting_core.domain.message import EmailMessage, Message
from alerting_core.pipeline.attempts import attempt_name
from alerting_core.sim.process import Process


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
