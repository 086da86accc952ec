"""One seeded world: clients and their rules, alerts, workers, endpoints, and everything that goes wrong."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from alerting_core import limits
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.notification import NotificationKind
from alerting_core.sim import facts
from alerting_core.sim.checkers.attempts import Attempts, GoneDisables, Leases, RetryTimes
from alerting_core.sim.checkers.lives import EndsTold, Episodes, Telling
from alerting_core.sim.checkers.matching import FreshRules, NothingCrosses, NothingLost, OnlyMatches
from alerting_core.sim.checkers.records import AllowedMoves, FinalState, NoBugs, Offsets, OneNotification, Poison
from alerting_core.sim.checkers.rules import RulesArrive, WholeRules
from alerting_core.sim.checkers.sending import AtLeastOnce, OwnClient, PracticallyOnce
from alerting_core.sim.facts import Process
from alerting_core.sim.faults import Faults, dice_for
from alerting_core.sim.lives import Monitors, draw_lives
from alerting_core.sim.platform import FaultInjector, Parts, Platform, rules_changed_fact
from alerting_core.sim.report import RunReport, Violation
from alerting_core.sim.simulation import PEOPLE, Checker, Evidence
from alerting_core.sim.tenants import HOSTS_MAX, Source, Tenants
from alerting_core.sim.workers import Size, WorkerSpec, draw_rule_workers, draw_tuning, draw_workers
from alerting_core.stages.batch import BatchReport, Count
from alerting_core.stages.wiring import Tuning

SETTLED: Final = "settled"
"""The promise that the world itself watches over: within a bounded time after the last fault everything has ended."""

CHECKERS: Final[tuple[type[Checker], ...]] = (
    NoBugs,
    NothingLost,
    OnlyMatches,
    NothingCrosses,
    FreshRules,
    WholeRules,
    RulesArrive,
    OneNotification,
    AllowedMoves,
    Episodes,
    Telling,
    EndsTold,
    Offsets,
    Poison,
    OwnClient,
    Leases,
    PracticallyOnce,
    AtLeastOnce,
    Attempts,
    RetryTimes,
    GoneDisables,
    FinalState,
)


def make_checkers(evidence: Evidence) -> Sequence[Checker]:
    """Return one of each."""
    return [checker(evidence) for checker in CHECKERS]


def unsettled(platform: Platform, source: Source, monitors: Monitors, *, behind: Sequence[str]) -> list[str]:
    """Return what is still under way, in words; nothing when the world is still.

    Args:
        platform: Looked at.
        source: Of its events.
        monitors: They report its alerts with a life.
        behind: Processes that have older rules than are in force.
    """
    found: list[str] = []
    if not source.is_done:
        found.append("not every alert is accepted")
    if not monitors.is_done:
        found.append("not every report is made")
    if ending := monitors.ending():
        found.append(f"{ending} alerts fire which nobody reports any more")
    if unpublished := len(platform.database.episodes.unpublished):
        found.append(f"{unpublished} episodes are not published")
    for group, topic in platform.groups.items():
        if lag := platform.lag(group, topic):
            found.append(f"{group} lags {lag} records behind")
    if received := len(platform.database.notifications.received):
        found.append(f"{received} notifications are RECEIVED")
    if waiting := platform.database.deliveries.open:
        found.append(f"{waiting} deliveries are not final")
    if under_way := platform.claims.under_way():
        found.append(f"{under_way} attempts are not recorded")
    found += [f"{name} has older rules than are in force" for name in behind]
    return found


STEPS_MS: Final = (2_000, 8_000, 30_000)
"""Retry schedule of drawn worlds: short, so that a world lasts minutes. The real one has tests of its own."""

SETTLE_MS_MAX: Final = limits.RETRY_AFTER_MS_MAX + 45 * 60_000
"""Within this time after the last fault everything has ended: the schedule with its longest Retry-After, a clock that
was ten minutes ahead, leases, sweeps and cooling breakers, one after the other."""

LOOK_EVERY_MS: Final = 1_000
TRACE_SHOWN_LINES: Final = 60


class World(Platform):
    """Everything there is.

    Args:
        seed: Decides everything.
        faults: What goes wrong; drawn by the seed when None.
        size: How much there is; drawn by the seed when None.
        worker_specs: Who works in it; drawn by the seed when None.
        tuning: How they go about it; drawn by the seed when None.
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
        worker_specs: Sequence[WorkerSpec] | None = None,
        tuning: Tuning | None = None,
        parts: Parts | None = None,
        schedule: RetrySchedule | None = None,
        trace_lines_max: int | None = TRACE_SHOWN_LINES,
    ) -> None:
        shape = dice_for(seed, "shape")
        self.drawn_faults = Faults.drawn(shape) if faults is None else faults
        self.size = Size.drawn(shape) if size is None else size
        if size is None and (lives := draw_lives(dice_for(seed, "lives"))):
            self.size = replace(self.size, lives=lives)
        self.schedule = schedule or RetrySchedule(STEPS_MS)
        drawn_tuning = draw_tuning(shape, self.schedule)
        if worker_specs is None:
            drawn = draw_workers(shape)
            worker_specs = [*drawn, *draw_rule_workers(shape, sorted({spec.machine for spec in drawn}))]
        super().__init__(
            seed,
            self.drawn_faults,
            worker_specs=worker_specs,
            tuning=tuning or drawn_tuning,
            parts=parts,
            trace_lines_max=trace_lines_max,
        )
        self.violations: list[Violation] = []
        self.tenants = Tenants(self.database, dice=self.dice("tenants"), seed=seed, now_ms=lambda: self.wall_ms(PEOPLE))
        self.source = Source(self, self.log)
        self.monitors = Monitors(self)
        evidence = Evidence(
            self.database,
            self.log,
            self.schedule,
            self.source.accepted,
            self.source.poison,
            self._blame,
            self.loop.now_ms,
            distributed=self.distributes_rules,
        )
        self.checkers: Sequence[Checker] = make_checkers(evidence)
        self.watch(self.checkers)
        self.rules_arrive = next(checker for checker in self.checkers if isinstance(checker, RulesArrive))

    def run(self) -> RunReport:
        """Run the world from its beginning to its end, or to the first broken promise."""
        self.start()
        self.run_until(self.quiet_at_ms)
        self.end_faults()
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
        FaultInjector(self, self.tenants, self.rules_changed).start()
        self.outside(self.source.run(alerts=size.alerts, clients=size.clients, over_ms=size.traffic_ms))
        self.monitors.start(lives=size.lives, over_ms=size.traffic_ms)

    def run_until(self, at_ms: int) -> None:
        """Let time pass up to *at_ms*, or until a promise is broken."""
        if not self.violations:
            self.loop.run_until(at_ms)
            self.check_outside()

    def step(self) -> bool:
        """Let the next thing happen; False when there is nothing more."""
        more = self.loop.step()
        self.check_outside()
        return more

    def end_faults(self) -> None:
        """End all faults: from now on everything works, and clocks are right."""
        self.faults, self.is_quiet = Faults(), True
        self.away_until_ms.clear()
        self.receivers.down_until_ms.clear()
        self.trace("the world is quiet from now on")
        for machine, skew_ms in self.skew_ms.items():
            self.set_clock(machine, by_ms=-skew_ms)
        self.emit(facts.FaultsEnded())

    def settle(self) -> None:
        """Let time pass until everything has come to its end, or should have."""
        end_ms = self.loop.now_ms() + SETTLE_MS_MAX
        while not self.violations and self._unsettled() and self.loop.now_ms() < end_ms:
            self.run_until(self.loop.now_ms() + LOOK_EVERY_MS)

    def finish(self) -> RunReport:
        """Ask every checker for its last word, and end the world."""
        if not self.violations:
            for checker in self.checkers:
                checker.finish()
            for what in self._unsettled():
                self._blame(SETTLED, f"{what} long after the last fault")
        self._count_ends()
        report = RunReport(
            seed=self.seed,
            faults=self.drawn_faults,
            violations=tuple(self.violations),
            counts=self.counts,
            digest=self.digest(),
            virtual_ms=self.loop.now_ms(),
            last_lines=tuple(self._trace.last(TRACE_SHOWN_LINES)),
        )
        self.is_over = True
        self.loop.discard()
        return report

    def kill(self, process: Process, *, why: str) -> None:
        """Kill a process; another takes its place after a while."""
        super().kill(process, why=why)
        self.monitors.on_death(process)

    def reported(self, worker: str, report: BatchReport) -> None:
        """Count what silence has ended."""
        super().reported(worker, report)
        if expired := report.counts.get(Count.EPISODES_EXPIRED, 0):
            self.counts["episode timed out"] += expired

    def rules_changed(self) -> None:
        """Note what the rules are now."""
        self.emit(rules_changed_fact(self.database))

    def _unsettled(self) -> list[str]:
        return unsettled(self, self.source, self.monitors, behind=self.rules_arrive.behind())

    def _count_ends(self) -> None:
        for one in self.database.notifications.values():
            if one.kind is NotificationKind.RESOLVED:
                self.count("end told")
            elif one.ends_at is not None:
                self.count("end told with the firing")

    def _blame(self, checker: str, message: str) -> None:
        self.violations.append(Violation(checker, message, self.loop.now_ms()))
        self.trace(f"BROKEN {checker}: {message}")
        self.loop.stop()
