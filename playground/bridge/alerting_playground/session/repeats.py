"""Live check: nothing is stored twice, and nobody is told twice without a reason."""

from collections.abc import Callable
from typing import ClassVar

from alerting_core.limits import LEASE_MS
from alerting_core.sim.checkers.sending import is_success
from alerting_core.sim.facts import Answered, ClockJumped, DeliveryPut, Fact, NotificationPut, Refused, Sent
from alerting_core.sim.process import Process
from alerting_core.sim.simulation import Checker, Evidence


class Repeats(Checker):
    """Watches for a second notification of a pair, and a second message about a delivery that was taken.

    A message is repeated for a reason when who sent the first one died or could not record it, or lost its lease by a
    clock that jumped or by standing still: at least once is
    promised of messages, exactly once of notifications.

    Attributes:
        doubled: Notifications stored twice, and messages repeated for no reason.
        explained: Messages repeated for a reason.
    """

    name: ClassVar[str] = "doubled"
    sees = (NotificationPut, DeliveryPut, Sent, Answered, Refused, ClockJumped)

    def __init__(self, evidence: Evidence, skew_ms: Callable[[], int]) -> None:
        """Watch a world in which *skew_ms* says how far the clocks of senders are apart."""
        super().__init__(evidence)
        self._skew_ms = skew_ms
        self.doubled = 0
        self.explained = 0
        self._ids: dict[tuple[str, str], str] = {}
        self._taken: dict[str, tuple[Process, int, int]] = {}
        self._failed_records: dict[Process, int] = {}
        self._excuses = 0

    def excuse(self) -> None:
        """Note that leases may run out by what was just done."""
        self._excuses += 1

    def see(self, fact: Fact) -> None:
        """Look at rows and messages."""
        match fact:
            case NotificationPut(None, new) if new is not None:
                key = (new.client_id, new.alert_id)
                if self._ids.setdefault(key, new.notification_id) != new.notification_id:
                    self.doubled += 1
                    self.blame(f"{new.client_id} has a second notification of {new.alert_id}")
            case NotificationPut(old, None) if old is not None:
                self._ids.pop((old.client_id, old.alert_id), None)
            case DeliveryPut(old, new) if old is not None and (new is None or new.delivery.attempts == 0):
                self._taken.pop(old.delivery.delivery_id, None)
            case Sent():
                self._send(fact)
            case Answered(sent, reply) if sent.claim is not None and is_success(reply):
                failed = self._failed_records.get(sent.process, 0)
                self._taken[sent.claim.delivery.delivery_id] = (sent.process, failed, self._excuses)
            case Refused(process, "deliveries.record_outcomes"):
                self._failed_records[process] = self._failed_records.get(process, 0) + 1
            case ClockJumped():
                self.excuse()
            case _:
                pass

    def _send(self, sent: Sent) -> None:
        taken = None if sent.claim is None else self._taken.get(sent.claim.delivery.delivery_id)
        if taken is None:
            return
        first, failed, excuses = taken
        apart = self._skew_ms() >= LEASE_MS  # By one clock a lease has run out that by another has just begun.
        if apart or first.is_dead or failed != self._failed_records.get(first, 0) or excuses != self._excuses:
            self.explained += 1
            return
        self.doubled += 1
        self.blame(f"{sent.process.name} told {sent.target} again what {first.name} had told it, for no reason")
