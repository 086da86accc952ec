"""One seeded world: clients and their rules, alerts, workers, endpoints, and everything that goes wrong.

Theory of operation. The same seed makes the same world. While alerts come in, faults happen; from `quiet_at_ms` on
nothing goes wrong any more, and within a bounded time everything must have come to its end: nothing waits in a stream,
no delivery and no notification is unfinished. Checkers watch every effect from the first to the last and are asked
once more when all is still.

`World(seed).run()` does all of that. To watch a world instead: `start`, then `run_until` or `step` as often as wanted,
`calm` when nothing more shall go wrong, and `settle` and `finish` at the end.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from alerting_core.ports.stream import Record
from alerting_core.sim import facts
from alerting_core.sim.checkers.checker import Checker, Evidence
from alerting_core.sim.checkers.roster import SETTLED, make_checkers
from alerting_core.sim.claims import ClaimBook
from alerting_core.sim.dice import dice_for
from alerting_core.sim.engine import Process, SimLoop
from alerting_core.sim.faults import Faults
from alerting_core.sim.gate import Resource
from alerting_core.sim.receivers import Receivers
from alerting_core.sim.report import RunReport, Violation
from alerting_core.sim.settled import unsettled
from alerting_core.sim.shape import Place, Size, draw_habits, draw_places
from alerting_core.sim.tables import watched_database
from alerting_core.sim.tenants import HOSTS_MAX, Tenants
from alerting_core.sim.trace import Trace
from alerting_core.sim.traffic import Source
from alerting_core.sim.weather import Weather, rules_changed_fact
from alerting_core.sim.workers import Habits, Parts, Worker
from alerting_core.stages.retry import RetrySchedule

EPOCH_MS: Final = 1_767_225_600_000
"""What every wall clock shows at the beginning: the first of January 2026."""

STEPS_MS: Final = (2_000, 8_000, 30_000)
"""Retry schedule of drawn worlds: short, so that a world lasts minutes. The real one has tests of its own."""

SETTLE_MS_MAX: Final = 45 * 60_000
"""Within this time after the last fault everything has ended: the schedule with its longest Retry-After, a clock that
was ten minutes ahead, leases, sweeps and cooling breakers, one after the other."""

LOOK_EVERY_MS: Final = 1_000
TRACE_SHOWN_LINES: Final = 60


class World:
    """Everything there is.

    Args:
        seed: Decides everything.
        faults: What goes wrong; drawn by the seed when None.
        size: How much there is; drawn by the seed when None.
        places: Who works in it; drawn by the seed when None.
        habits: How they go about it; drawn by the seed when None.
        parts: What it is made of.
        schedule: When failed attempts are made again.
        trace_lines_max: How much of the trace is kept; None for all.
    """

    def __init__(
        self,
        seed: int,
        faults: Faults | None = None,
        *,
        size: Size | None = None,
        places: Sequence[Place] | None = None,
        habits: Habits | None = None,
        parts: Parts | None = None,
        schedule: RetrySchedule | None = None,
        trace_lines_max: int | None = TRACE_SHOWN_LINES,
    ) -> None:
        self.seed = seed
        self._dice: dict[str, Random] = {}
        shape = self.dice("shape")
        self.drawn_faults = Faults.drawn(shape) if faults is None else faults
        self.size = Size.drawn(shape) if size is None else size
        self.parts = parts or Parts()
        self.faults = self.drawn_faults
        self.loop = SimLoop()
        self.counts: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.is_quiet = self.is_over = False
        self.away_until_ms: dict[Resource, int] = {}
        self._trace = Trace(lines_max=trace_lines_max)
        self._number = 0
        self._outside: list[asyncio.Task[None]] = []
        self.claims = ClaimBook()
        self.schedule = schedule or RetrySchedule(STEPS_MS)
        drawn_habits = draw_habits(shape, self.schedule)
        self.habits = habits or drawn_habits
        places = draw_places(shape) if places is None else places
        self.workers = [Worker(self, place.name, place.machine, place.stages) for place in places]
        self.machines = list(dict.fromkeys(place.machine for place in places))
        self.skew_ms = dict.fromkeys((*self.machines, "people"), 0)

        self.database = watched_database(self.tell)
        self.log = self.parts.log(clock=_LogClock(self), on_append=self._appended)
        self.receivers = Receivers(self)
        self.tenants = Tenants(
            self.database, dice=self.dice("tenants"), seed=seed, now_ms=lambda: self.wall_ms("people")
        )
        self.source = Source(self)
        evidence = Evidence(
            self.database,
            self.log,
            self.schedule,
            self.source.accepted,
            self.source.poison,
            self._blame,
            self.loop.now_ms,
        )
        self.checkers: Sequence[Checker] = make_checkers(evidence)
        self._listeners: dict[type[facts.Fact], list[Callable[[facts.Fact], None]]] = {}
        for checker in self.checkers:
            for kind in checker.sees:
                self._listeners.setdefault(kind, []).append(checker.see)

    def run(self) -> RunReport:
        """Run the world from its beginning to its end, or to the first broken promise."""
        self.start()
        self.run_until(self.quiet_at_ms)
        self.calm()
        self.settle()
        return self.finish()

    @property
    def quiet_at_ms(self) -> int:
        """When the last fault may happen."""
        return self.size.traffic_ms + self.size.traffic_ms // 2 + 5_000

    def start(self) -> None:
        """Set the stage: nothing has happened yet."""
        size, shape = self.size, self.dice("hosts")
        self.loop.run(self.tenants.populate(clients=size.clients, rules=size.rules, endpoints=size.endpoints))
        self.rules_changed()
        if shape.random() < self.faults.dead_hosts:
            self.receivers.dead_hosts.add(f"h{shape.randrange(HOSTS_MAX)}.sim")
        urls = [e.value for e in self.database.endpoints.values() if e.value.startswith("https:")]
        self.receivers.gone.update(url for url in dict.fromkeys(urls) if shape.random() < self.faults.gone_endpoints)
        for worker in self.workers:
            worker.start()
        Weather(self).start()
        self.outside(self.source.run(alerts=size.alerts, over_ms=size.traffic_ms))

    def run_until(self, at_ms: int) -> None:
        """Let time pass up to *at_ms*, or until a promise is broken."""
        if not self.violations:
            self.loop.run_until(at_ms)
            self._check_outside()

    def step(self) -> bool:
        """Let the next thing happen; False when there is nothing more."""
        more = self.loop.step()
        self._check_outside()
        return more

    def outside(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what is no process of the platform: sources, people, the weather."""
        self._outside.append(self.loop.create_task(coroutine))

    def calm(self) -> None:
        """End all faults: from now on everything works, and clocks are right."""
        self.faults, self.is_quiet = Faults(), True
        self.away_until_ms.clear()
        self.receivers.down_until_ms.clear()
        self.trace("the world is quiet from now on")
        for machine, skew_ms in self.skew_ms.items():
            self.set_clock(machine, by_ms=-skew_ms)

    def settle(self) -> None:
        """Let time pass until everything has come to its end, or should have."""
        end_ms = self.loop.now_ms() + SETTLE_MS_MAX
        while not self.violations and unsettled(self) and self.loop.now_ms() < end_ms:
            self.run_until(self.loop.now_ms() + LOOK_EVERY_MS)

    def finish(self) -> RunReport:
        """Ask every checker for its last word, and end the world."""
        if not self.violations:
            for checker in self.checkers:
                checker.finish()
            for what in unsettled(self):
                self._blame(SETTLED, f"{what} long after the last fault")
        report = RunReport(
            seed=self.seed,
            faults=self.drawn_faults,
            violations=tuple(self.violations),
            counts=self.counts,
            digest=self._trace.digest(),
            virtual_ms=self.loop.now_ms(),
            last_lines=tuple(self._trace.last(TRACE_SHOWN_LINES)),
        )
        self.is_over = True
        self.loop.bury()
        return report

    def trace_lines(self) -> Sequence[str]:
        """Return what is kept of the trace."""
        return self._trace.last(self._trace.count)

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
            self.tell(facts.ClockJumped(machine, by_ms))

    def next_number(self) -> int:
        """Return a number that was not given out before."""
        self._number += 1
        return self._number

    def is_away(self, resource: Resource) -> bool:
        """Whether there is an outage of *resource*."""
        return self.loop.now_ms() < self.away_until_ms.get(resource, 0)

    def tell(self, fact: facts.Fact) -> None:
        """Show a fact to those checkers that look at its kind."""
        if not self.is_over:
            for see in self._listeners.get(type(fact), ()):
                see(fact)

    def trace(self, text: str) -> None:
        """Take down a line."""
        self._trace.note(self.loop.now_ms(), text)

    def count(self, what: str) -> None:
        """Count one more of *what*."""
        self.counts[what] += 1

    def kill(self, process: Process, *, why: str) -> None:
        """Kill a process; another takes its place after a while."""
        self.trace(f"{process.name} is killed {why}")
        self.loop.kill(process)
        self.database.senders_present.discard(process.name)
        self.tell(facts.Died(process))
        for worker in self.workers:
            if worker.process is process:
                worker.buried(restart=True)

    def rules_changed(self) -> None:
        """Note what the rules are now."""
        self.tell(rules_changed_fact(self))

    def _check_outside(self) -> None:
        """Raise what went wrong in the world itself: then the world is wrong, not the platform."""
        for task in self._outside:
            if task.done() and not task.cancelled():
                task.result()
        self._outside = [task for task in self._outside if not task.done()]

    def _appended(self, record: Record) -> None:
        self.tell(facts.Appended(record))

    def _blame(self, checker: str, message: str) -> None:
        self.violations.append(Violation(checker, message, self.loop.now_ms()))
        self.trace(f"BROKEN {checker}: {message}")
        self.loop.stop()


@dataclass(frozen=True, slots=True)
class _LogClock:
    world: World

    def now_ms(self) -> int:
        return EPOCH_MS + self.world.loop.now_ms()
