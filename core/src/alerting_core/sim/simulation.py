"""What all parts of a simulated world share: time, chance, faults, tables, the record of what happens, and checkers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, ClassVar, Final

from alerting_core.codec.records import decode_alert, decode_match, decode_notification_ready, decode_rule_changed
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.alert import Alert
from alerting_core.domain.episode import Episode, EpisodeKey
from alerting_core.domain.notification import Notification
from alerting_core.memory.database import DeliveryRow, DeliveryTable, EpisodeTable, MemoryDatabase, NotificationTable
from alerting_core.memory.log import MemoryLog
from alerting_core.sim import facts
from alerting_core.sim.engine import SimLoop
from alerting_core.sim.facts import ClaimBook, DeliveryPut, EpisodePut, Fact, NotificationPut, Process
from alerting_core.sim.faults import Faults, KillSchedule, Resource, dice_for
from alerting_core.sim.report import Trace
from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.loop import Failure


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a checker may look at beside the facts.

    Attributes:
        accepted: The alerts for which the log has answered.
        poison: (topic, value) of the records made to be undecodable.
        blame: Takes the name of a promise and how it was broken.
        now_ms: Virtual time.
        distributed: Whether evaluators have the rules from the shared snapshot, later than they are edited.
    """

    database: MemoryDatabase
    log: MemoryLog
    schedule: RetrySchedule
    accepted: Sequence[Alert]
    poison: Sequence[tuple[str, bytes]]
    blame: Callable[[str, str], None]
    now_ms: Callable[[], int]
    distributed: bool = False


class Checker:
    """Watches over one promise.

    Attributes:
        name: Of the promise, stable: reports carry it.
        sees: The kinds of facts that it looks at.
    """

    name: ClassVar[str]
    sees: ClassVar[tuple[type[Fact], ...]] = ()

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    def see(self, fact: Fact) -> None:
        """Take in one fact of a kind in `sees`."""

    def finish(self) -> None:
        """Say the last word when the world is still."""

    def blame(self, message: str) -> None:
        """Report that the promise was broken."""
        self.evidence.blame(self.name, message)


_VALUES_MAX: Final = 4_096
"""More than one world has."""

read_alert = lru_cache(maxsize=_VALUES_MAX)(decode_alert)
read_match = lru_cache(maxsize=_VALUES_MAX)(decode_match)
read_ready = lru_cache(maxsize=_VALUES_MAX)(decode_notification_ready)
read_rule_changed = lru_cache(maxsize=_VALUES_MAX)(decode_rule_changed)


Observe = Callable[[NotificationPut | DeliveryPut | EpisodePut], None]


class WatchedNotifications(NotificationTable):
    """Notifications."""

    def __init__(self, emit: Observe) -> None:
        super().__init__()
        self._emit = emit

    def __setitem__(self, notification_id: str, row: Notification) -> None:
        old = self.get(notification_id)
        super().__setitem__(notification_id, row)
        self._emit(NotificationPut(old, row))

    def __delitem__(self, notification_id: str) -> None:
        old = self[notification_id]
        super().__delitem__(notification_id)
        self._emit(NotificationPut(old, None))


class WatchedDeliveries(DeliveryTable):
    """Deliveries."""

    def __init__(self, emit: Observe) -> None:
        super().__init__()
        self._emit = emit

    def __setitem__(self, delivery_id: str, row: DeliveryRow) -> None:
        old = self.get(delivery_id)
        super().__setitem__(delivery_id, row)
        self._emit(DeliveryPut(old, row))

    def __delitem__(self, delivery_id: str) -> None:
        old = self[delivery_id]
        super().__delitem__(delivery_id)
        self._emit(DeliveryPut(old, None))


class WatchedEpisodes(EpisodeTable):
    """Episodes."""

    def __init__(self, emit: Observe) -> None:
        super().__init__()
        self._emit = emit

    def __setitem__(self, key: EpisodeKey, row: Episode) -> None:
        old = self.get(key)
        super().__setitem__(key, row)
        self._emit(EpisodePut(old, row))

    def __delitem__(self, key: EpisodeKey) -> None:
        old = self[key]
        super().__delitem__(key)
        self._emit(EpisodePut(old, None))


def watched_database(emit: Observe) -> MemoryDatabase:
    """Return an empty database that tells of its notifications, deliveries and episodes."""
    return MemoryDatabase(
        notifications=WatchedNotifications(emit), deliveries=WatchedDeliveries(emit), episodes=WatchedEpisodes(emit)
    )


EPOCH_MS: Final = 1_767_225_600_000
"""What every wall clock shows at the beginning: the first of January 2026."""

PEOPLE: Final = "people"
"""Whose clock shows the time of those who use the API."""

RESTART_MS_MEAN: Final = 2_000.0


class Simulation:
    """The basis of a world; it knows nothing of workers and of what they are wired to.

    Args:
        seed: Decides everything.
        faults: What goes wrong by chance.
        machines: Each has a wall clock of its own.
        trace_lines_max: How much of the trace is kept; None for all.

    Attributes:
        kill_schedule: Kills that were ordered.
        hidden_until_ms: (topic, partition) → until when no consumer sees its records.
        frozen_until_ms: Process name → until when it stands still, at the next call that it makes.
        is_quiet: No fault happens by itself any more.
        is_over: Nothing may happen any more.
    """

    def __init__(self, seed: int, faults: Faults, *, machines: Sequence[str], trace_lines_max: int | None) -> None:
        self.seed, self.faults, self.machines = seed, faults, machines
        self.loop = SimLoop()
        self.counts: Counter[str] = Counter()
        self.is_over = self.is_quiet = False
        self.away_until_ms: dict[Resource, int] = {}
        self.claims = ClaimBook()
        self.kill_schedule = KillSchedule()
        self.hidden_until_ms: dict[tuple[str, int], int] = {}
        self.frozen_until_ms: dict[str, int] = {}
        self.skew_ms = dict.fromkeys((*machines, PEOPLE), 0)
        self.database = watched_database(self.emit)
        self._dice: dict[str, Random] = {}
        self._trace = Trace(lines_max=trace_lines_max)
        self._number = 0
        self._outside: list[asyncio.Task[None]] = []
        self._listeners: dict[type[facts.Fact], list[Callable[[facts.Fact], None]]] = {}

    def watch(self, checkers: Sequence[Checker]) -> None:
        """Let *checkers* see each fact of the kinds that they look at."""
        for checker in checkers:
            for kind in checker.sees:
                self._listeners.setdefault(kind, []).append(checker.see)

    def outside(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what is no process of the platform: sources, people, faults."""
        self._outside.append(self.loop.create_task(coroutine))

    def check_outside(self) -> None:
        """Raise what went wrong in the world itself: then the world is wrong, not the platform."""
        for task in self._outside:
            if task.done() and not task.cancelled():
                task.result()
        self._outside = [task for task in self._outside if not task.done()]

    def dice(self, purpose: str) -> Random:
        """Return the dice of one purpose."""
        found = self._dice.get(purpose)
        if found is None:
            found = self._dice[purpose] = dice_for(self.seed, purpose)
        return found

    def wall_ms(self, machine: str) -> int:
        """Return what the clock of a machine shows."""
        return EPOCH_MS + self.loop.now_ms() + self.skew_ms[machine]

    def set_clock(self, machine: str, *, by_ms: int) -> None:
        """Let the clock of a machine jump."""
        if by_ms:
            self.skew_ms[machine] += by_ms
            self.trace(f"the clock of {machine} jumps by {by_ms} ms")
            self.emit(facts.ClockJumped(machine, by_ms))

    def next_number(self) -> int:
        """Return a number that was not given out before."""
        self._number += 1
        return self._number

    def is_away(self, resource: Resource) -> bool:
        """Whether there is an outage of *resource*."""
        return self.loop.now_ms() < self.away_until_ms.get(resource, 0)

    def emit(self, fact: facts.Fact) -> None:
        """Show a fact to those checkers that look at its kind."""
        if not self.is_over:
            for see in self._listeners.get(type(fact), ()):
                see(fact)

    def trace(self, text: str) -> None:
        """Take down a line."""
        self._trace.note(self.loop.now_ms(), text)

    def trace_routine(self, text: str) -> None:
        """Take down a line about what happens all the time."""
        self.trace(text)

    def trace_lines(self) -> Sequence[str]:
        """Return what is kept of the trace."""
        return self._trace.last(self._trace.count)

    def digest(self) -> str:
        """Return the hash of all that happened so far: the same in equal runs."""
        return self._trace.digest()

    def count(self, what: str) -> None:
        """Count one more of *what*."""
        self.counts[what] += 1

    def kill(self, process: Process, *, why: str) -> None:
        """Kill a process."""
        self.trace(f"{process.name} is killed {why}")
        self.loop.kill(process)
        self.emit(facts.Died(process))

    def reported(self, worker: str, report: BatchReport) -> None:
        """Take note of a step that a stage of *worker* made."""

    def failed(self, worker: str, stage: StageName, failure: Failure) -> None:
        """Take note of a step that failed and will be made again."""

    def restart_ms(self, worker: str) -> float | None:
        """Return after how long another process takes the place of one of *worker* that died; None for never."""
        del worker
        return self.dice("supervisor").expovariate(1.0) * RESTART_MS_MEAN
