"""What moves: the last movements of records for the picture, and sums of what was done by status."""

from collections import Counter, deque
from typing import Any, ClassVar

from alerting_core.domain.notification import DeliveryStatus, NotificationStatus
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX
from alerting_core.sim.checkers.checker import Checker, Evidence
from alerting_core.sim.facts import Appended, Committed, DeliveryPut, Fact, NotificationPut, Polled, Sent
from alerting_core.sim.process import current_process
from alerting_playground.session import limits


class Movements(Checker):
    """Remembers the last batches that moved, records of one instant and partition together."""

    name: ClassVar[str] = "movements"
    sees = (Appended, Polled, Committed)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._number = 0
        self._last: deque[list[Any]] = deque(maxlen=limits.MOVEMENTS_SHOWN)
        self._now: dict[tuple[str, int, str], list[Any]] = {}
        self._now_ms = -1
        self.in_hand: dict[str, int] = {}

    def see(self, fact: Fact) -> None:
        """Note a movement."""
        match fact:
            case Appended(record):
                process = current_process()
                name = None if process is None else process.name
                self._move("append", record.topic, record.partition, record.offset, 1, name)
            case Polled(process, _, topic, records):
                self.in_hand[process.name] = len(records)
                for record in records:
                    self._move("poll", topic, record.partition, record.offset, 1, process.name)
            case Committed(process, _, topic, before, after):
                self.in_hand.pop(process.name, None)
                for partition, end in after.items():
                    start = before[partition]
                    self._move("commit", topic, partition, start, end - start, process.name)
            case _:
                pass

    def _move(self, kind: str, topic: str, partition: int, offset: int, count: int, who: str | None) -> None:
        now_ms = self.evidence.now_ms()
        if now_ms != self._now_ms:
            self._now_ms = now_ms
            self._now.clear()
        key = (topic, partition, kind)
        same = self._now.get(key)
        if same is not None and same[6] == who:
            same[5] += count
            return
        self._number += 1
        self._now[key] = moved = [self._number, now_ms, topic, partition, offset, count, who, kind]
        self._last.append(moved)

    def shown(self) -> list[dict[str, Any]]:
        """Return the last movements, oldest first."""
        names = ("n", "at_ms", "topic", "partition", "offset", "count", "process", "kind")
        return [dict(zip(names, moved, strict=True)) for moved in self._last]


class Tallies(Checker):
    """Counts what was done. Rows that are forgotten stay counted."""

    name: ClassVar[str] = "tallies"
    sees = (Appended, NotificationPut, DeliveryPut, Sent)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self.notifications: Counter[NotificationStatus] = Counter()
        self.deliveries: Counter[DeliveryStatus] = Counter()
        self.records: Counter[str] = Counter()
        self.created = 0
        self.attempts = 0

    def see(self, fact: Fact) -> None:
        """Count."""
        if isinstance(fact, Appended):
            self.records[fact.record.topic] += 1
        elif isinstance(fact, DeliveryPut):
            if fact.new is not None:
                status = fact.new.delivery.status
                before = None if fact.old is None else fact.old.delivery.status
                if status is not before:
                    self.deliveries[status] += 1
                    if before is not None:
                        self.deliveries[before] -= 1
        elif isinstance(fact, NotificationPut):
            if fact.new is not None:
                state = fact.new.status
                was = None if fact.old is None else fact.old.status
                self.created += was is None
                if state is not was:
                    self.notifications[state] += 1
                    if was is not None:
                        self.notifications[was] -= 1
        else:
            self.attempts += 1

    @property
    def alerts(self) -> int:
        """Alerts that the log has taken."""
        return self.records[ALERTS_NEW]

    @property
    def matches(self) -> int:
        """Matches published."""
        return self.records[ALERTS_MATCHED]

    @property
    def dead_letters(self) -> int:
        """Records in dead-letter topics."""
        return sum(count for topic, count in self.records.items() if topic.endswith(DLQ_SUFFIX))
