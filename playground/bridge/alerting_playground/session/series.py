"""Figures over time, and what moves: points of the last minutes, movements for the picture, and sums by status."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from alerting_core import topology
from alerting_core.domain import delivery, notification
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX
from alerting_core.sim import facts, platform, simulation
from alerting_core.stages import batch, wiring
from alerting_playground.session import limits


def worker_groups(
    *, rule_distribution: bool
) -> Mapping[batch.WorkerKind, Sequence[wiring.StageSpec[wiring.PlatformPorts]]]:
    """Return each group of workers and its stages; what carries edited rules is in one group."""
    return (
        {**topology.ALERT_WORKERS, batch.WorkerKind.RULE_UPDATER: topology.rule_stages()}
        if rule_distribution
        else {**topology.ALERT_WORKERS}
    )


def setting_of(kind: batch.WorkerKind) -> str:
    """Return the name of the setting that says how many workers of a group there are."""
    return kind.replace("-", "_") + "s"


def readers_on_path(stages: Sequence[wiring.StageSpec[Any]]) -> Sequence[wiring.StageSpec[Any]]:
    """Return those of *stages* that alerts wait for and that read a topic, in the order in which alerts meet them."""
    return [stage for stage in stages if stage.is_on_path and stage.topic is not None]


def topics_of(stages: Sequence[wiring.StageSpec[Any]]) -> Sequence[str]:
    """Return the topics that *stages* read, each once."""
    return list(dict.fromkeys(topology.groups_of(stages).values()))


class Movements(simulation.Checker):
    """Remembers the last batches that moved, records of one instant and partition together."""

    name: ClassVar[str] = "movements"
    sees = (facts.Appended, facts.Polled, facts.Committed)

    def __init__(self, evidence: simulation.Evidence) -> None:
        super().__init__(evidence)
        self._number = 0
        self._last: deque[list[Any]] = deque(maxlen=limits.MOVEMENTS_SHOWN)
        self._now: dict[tuple[str, int, str], list[Any]] = {}
        self._now_ms = -1
        self.in_hand: dict[str, int] = {}

    def see(self, fact: facts.Fact) -> None:
        """Note a movement."""
        match fact:
            case facts.Appended(record):
                process = facts.current_process()
                name = None if process is None else process.name
                self._move("append", record.topic, record.partition, record.offset, 1, name)
            case facts.Polled(process, _, topic, records):
                self.in_hand[process.name] = len(records)
                for record in records:
                    self._move("poll", topic, record.partition, record.offset, 1, process.name)
            case facts.Committed(process, _, topic, before, after):
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


class Tallies(simulation.Checker):
    """Counts what was done. Rows that are forgotten stay counted."""

    name: ClassVar[str] = "tallies"
    sees = (facts.Appended, facts.NotificationPut, facts.DeliveryPut, facts.Sent)

    def __init__(self, evidence: simulation.Evidence) -> None:
        super().__init__(evidence)
        self.notifications: Counter[notification.NotificationStatus] = Counter()
        self.deliveries: Counter[delivery.DeliveryStatus] = Counter()
        self.records: Counter[str] = Counter()
        self.created = 0
        self.attempts = 0

    def see(self, fact: facts.Fact) -> None:
        """Count."""
        if isinstance(fact, facts.Appended):
            self.records[fact.record.topic] += 1
        elif isinstance(fact, facts.DeliveryPut):
            if fact.new is not None:
                status = fact.new.delivery.status
                before = None if fact.old is None else fact.old.delivery.status
                if status is not before:
                    self.deliveries[status] += 1
                    if before is not None:
                        self.deliveries[before] -= 1
        elif isinstance(fact, facts.NotificationPut):
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


RATE_SECONDS: Final = 5
"""Rates are means of so many seconds: steady enough to read, quick enough to follow a fault."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The sums at one moment."""

    at_ms: int
    alerts: int
    matches: int
    created: int
    delivered: int
    stages: dict[tuple[batch.StageName, str], int]


class Series:
    """Takes points."""

    def __init__(self, world: platform.Platform, tallies: Tallies, done: Counter[tuple[batch.StageName, str]]) -> None:
        """Take points of *world*, of which *tallies* and *done* keep the sums."""
        self._world, self._tallies, self._done = world, tallies, done
        self._readers = readers_on_path(world.stage_specs)
        self._points: deque[tuple[int, ...]] = deque(maxlen=limits.SERIES_POINTS)
        self._marks: deque[Mark] = deque([self._mark()], maxlen=RATE_SECONDS)

    def take(self) -> None:
        """Take the point of the second that ends now."""
        world, before, now = self._world, self._marks[-1], self._mark()
        lags = (world.lag(group, topic) for group, topic in topology.groups_of(self._readers).items())
        self._points.append(
            (
                now.alerts - before.alerts,
                now.delivered - before.delivered,
                now.created - before.created,
                *lags,
                world.database.deliveries.open,
            )
        )
        self._marks.append(now)

    def shown(self) -> dict[str, Any]:
        """Return all points, each figure by itself."""
        names = (
            "alerts",
            "delivered",
            "notifications",
            *(f"lag_{reader.name}" for reader in self._readers),
            "waiting_deliveries",
        )
        first_s = self._marks[-1].at_ms // 1_000 - len(self._points) + 1
        columns = zip(*self._points, strict=True) if self._points else [()] * len(names)
        return {"from_s": first_s, **{name: list(column) for name, column in zip(names, columns, strict=True)}}

    def rates(self) -> tuple[dict[str, Any], dict[tuple[batch.StageName, str], float]]:
        """Return what was done a virtual second lately: of the whole, and of each stage."""
        now, then = self._mark(), self._marks[0]
        over_ms = max(1, now.at_ms - then.at_ms)
        whole = {
            "over_ms": over_ms,
            "alerts": _rate(now.alerts - then.alerts, over_ms),
            "matches": _rate(now.matches - then.matches, over_ms),
            "notifications": _rate(now.created - then.created, over_ms),
            "delivered": _rate(now.delivered - then.delivered, over_ms),
        }
        stages = {key: _rate(count - then.stages.get(key, 0), over_ms) for key, count in now.stages.items()}
        return whole, stages

    def _mark(self) -> Mark:
        tallies = self._tallies
        delivered = tallies.deliveries[delivery.DeliveryStatus.DELIVERED]
        return Mark(
            self._world.loop.now_ms(), tallies.alerts, tallies.matches, tallies.created, delivered, dict(self._done)
        )


def _rate(count: int, over_ms: int) -> float:
    return round(count * 1_000 / over_ms, 1)
