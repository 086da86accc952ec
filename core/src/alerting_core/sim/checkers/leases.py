"""Claims: one live owner for each delivery, nothing before it is due."""

from typing import ClassVar

from alerting_core.domain.delivery import DeliveryEvent
from alerting_core.domain.lease import sender_of
from alerting_core.memory.tables import DeliveryRow
from alerting_core.sim.checkers.checker import Checker, Evidence
from alerting_core.sim.facts import Claimed, DeliveryPut, Died, Ended, Fact, Recorded, Released, TakenBack


class Leases(Checker):
    """A delivery is never leased by two owners at once, and only its owner, or a success, moves it; who lives keeps
    its leases."""

    name: ClassVar[str] = "leases"
    sees = (Claimed, Released, TakenBack, Recorded, DeliveryPut, Died, Ended)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._held: dict[str, tuple[str, int]] = {}
        self._gone: set[str] = set()

    def see(self, fact: Fact) -> None:
        """Follow each lease from its claim to its end."""
        match fact:
            case Claimed():
                self._claim(fact)
            case Released(_, claim):
                if self._held.get(claim.delivery.delivery_id, ("", 0))[0] == claim.owner:
                    del self._held[claim.delivery.delivery_id]
            case TakenBack(_, delivery_id, owner):
                self._held.pop(delivery_id, None)
                if sender_of(owner) not in self._gone:
                    self.blame(f"{delivery_id} was taken from {owner}, which lives")
            case Died(process) | Ended(process):
                self._gone.add(process.name)
            case Recorded():
                self._record(fact)
            case DeliveryPut(DeliveryRow() as old, new):
                if new is None or (old.delivery.status.is_final and not new.delivery.status.is_final):
                    self._held.pop(old.delivery.delivery_id, None)
            case _:
                pass

    def _claim(self, fact: Claimed) -> None:
        delivery, owner = fact.claim.delivery, fact.claim.owner
        held_by, until_ms = self._held.get(delivery.delivery_id, ("", fact.now_ms))
        if fact.now_ms < until_ms:
            self.blame(
                f"{owner} was given {delivery.delivery_id}, which {held_by} holds for {until_ms - fact.now_ms} ms"
            )
        if delivery.status.is_final:
            self.blame(f"{owner} was given {delivery.delivery_id}, which is {delivery.status}")
        self._held[delivery.delivery_id] = (owner, fact.now_ms + fact.lease_ms)

    def _record(self, fact: Recorded) -> None:
        claim = fact.outcome.claim
        delivery_id = claim.delivery.delivery_id
        held_by, _ = self._held.get(delivery_id, ("", 0))
        if held_by == claim.owner:
            del self._held[delivery_id]
        elif fact.moved:
            if fact.outcome.event is not DeliveryEvent.ACCEPTED:
                self.blame(f"{claim.owner} moved {delivery_id} by {fact.outcome.event}, which is not its own any more")
            self._held.pop(delivery_id, None)
