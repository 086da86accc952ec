"""Which claims the processes hold, and by which of them a message is sent."""

from alerting_core.domain.claim import Claim
from alerting_core.domain.message import EmailMessage, Message
from alerting_core.memory.transport import target_of
from alerting_core.sim.process import Process


class ClaimBook:
    """Follows each claim from the store to its message, and on to its record."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], list[Claim]] = {}
        self._under_way: dict[tuple[str, str], Process] = {}

    def open(self, process: Process, claim: Claim) -> None:
        """Note that *process* holds *claim*."""
        self._held.setdefault((process.name, claim.delivery.target), []).append(claim)

    def send(self, process: Process, message: Message) -> Claim | None:
        """Return the claim by which *process* sends *message*, each claim once; None when it has none."""
        claims = self._held.get((process.name, target_of(message)), [])
        for number in reversed(range(len(claims))):
            if _is_about(message, claims[number]):
                claim = claims.pop(number)
                self._under_way[claim.owner, claim.delivery.delivery_id] = process
                return claim
        return None

    def close(self, process: Process, claim: Claim) -> None:
        """Note that a claim was recorded or given back: nothing is to be sent by it any more."""
        claims = self._held.get((process.name, claim.delivery.target), [])
        claims[:] = [held for held in claims if held is not claim]
        self._under_way.pop((claim.owner, claim.delivery.delivery_id), None)

    def forget(self, process: Process) -> None:
        """Forget what *process* held: it is dead."""
        for key in [key for key in self._held if key[0] == process.name]:
            del self._held[key]
        for way in [way for way, owner in self._under_way.items() if owner is process]:
            del self._under_way[way]

    def under_way(self) -> int:
        """Return how many messages living processes have sent and not yet recorded."""
        return sum(not process.is_dead for process in self._under_way.values())


def _is_about(message: Message, claim: Claim) -> bool:
    if isinstance(message, EmailMessage):
        return message.message_id == claim.delivery.delivery_id
    return claim.delivery.notification_id.encode() in message.body
