"""Alerts with a life: what is wrong, and from when to when; the monitors that report it; the API that takes it in.

A monitor behaves as a Prometheus does, or as a script that gives no times. It says the same again and again, drops what
could not be taken in, and forgets what it saw when it is started anew. Two that watch the same are a pair.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from alerting_core.app.episodes import EpisodeIntake, ReportResult
from alerting_core.domain.alert import SEVERITY_NAMES, WILDCARD, Severity
from alerting_core.domain.episode import fingerprint_of_labels
from alerting_core.domain.episode_report import Report
from alerting_core.domain.rule import Rule
from alerting_core.errors import PortUnavailable
from alerting_core.sim.facts import Process, Raised, ReportsAnswered, ReportsSent
from alerting_core.sim.faults import Resource, dice_for, happens, wait_ms
from alerting_core.sim.observations import Gate, gated
from alerting_core.sim.platform import MINUTE_MS, MachineClock, Platform
from alerting_core.sim.simulation import PEOPLE, RESTART_MS_MEAN
from alerting_core.sim.streams import open_sink
from alerting_core.sim.tenants import NAMES, PRIVATE_SHARE, SOURCES

LIVES_MAX: Final = 5
"""What fires and ends in one world, several times each."""

LASTING_MS: Final = 24 * 3_600_000
"""For how long a monitor says that what does not end will fire on: longer than any world lasts."""

_ENDING_MS: Final = LASTING_MS // 2

CUT_OFF_MS_MEAN: Final = 15_000.0
"""Of a monitor that reaches nobody: often for longer than what it said last holds."""

_SAYS_END: Final = 3
"""How often a monitor says that something is over, which it saw fire."""


def draw_lives(dice: Random) -> int:
    """Draw how much fires and ends in a world: in every other one, nothing."""
    return dice.randint(1, LIVES_MAX) if dice.random() < 0.5 else 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now and then.

    Attributes:
        spans: From when to when, in virtual milliseconds, one after the other; None: to the end of the world.
    """

    owner: str
    labels: tuple[tuple[str, str], ...]
    severity: Severity
    source: str
    name: str
    spans: tuple[tuple[int, int | None], ...]

    @classmethod
    def drawn(cls, dice: Random, number: int, rules: Sequence[Rule], *, over_ms: int) -> "Trouble":
        """Draw what happens within about *over_ms*, and what one of *rules* meets, so that somebody is told of it."""
        spans: list[tuple[int, int | None]] = []
        at_ms = round(dice.random() * over_ms * 0.4)
        for _ in range(dice.randint(1, 3)):
            ends_at_ms = at_ms + round(dice.random() * over_ms * 0.5)
            spans.append((at_ms, ends_at_ms))
            at_ms = ends_at_ms + round(dice.random() * over_ms * 0.3)
        if dice.random() < 0.2:
            spans[-1] = (spans[-1][0], None)
        rule = dice.choice(rules)
        owner = rule.client_id if dice.random() < PRIVATE_SHARE else ""
        severity = dice.choice(SEVERITY_NAMES) if rule.severity == WILDCARD else rule.severity
        source = dice.choice(SOURCES) if rule.source == WILDCARD else rule.source
        name = dice.choice(NAMES[:3]) if rule.name == WILDCARD else rule.name
        return cls(owner, (("number", f"life-{number}"),), Severity[severity], source, name, tuple(spans))

    @property
    def fingerprint(self) -> str:
        """What its reports are known by."""
        return fingerprint_of_labels(dict(self.labels))

    @property
    def is_over_at_ms(self) -> int:
        """When nothing of it changes any more."""
        from_ms, to_ms = self.spans[-1]
        return from_ms if to_ms is None else to_ms

    def span_at(self, at_ms: int) -> tuple[int, int | None] | None:
        """Return since when and until when it is wrong at *at_ms*; None when it is not."""
        return next((one for one in self.spans if one[0] <= at_ms and (one[1] is None or at_ms < one[1])), None)

    def report(self, *, is_resolved: bool, starts_at_ms: int | None, ends_at_ms: int | None) -> Report:
        """Return what a monitor says of it, in unix milliseconds."""
        return Report(
            owner=self.owner,
            fingerprint=self.fingerprint,
            is_resolved=is_resolved,
            starts_at_ms=starts_at_ms,
            ends_at_ms=ends_at_ms,
            severity=self.severity,
            source=self.source,
            name=self.name,
            context=dict(self.labels),
        )


@dataclass(slots=True)
class _Seen:
    """What a monitor has seen: since when something fires, or how often it still says that it is over."""

    starts_at_ms: int
    ended_at_ms: int | None = None
    says_end: int = _SAYS_END


@dataclass(slots=True)
class Monitor:
    """One monitor.

    Attributes:
        every_ms: Between two of its reports.
        gives_times: Whether it says since when and until when; else it leaves that to the platform.
        gives_status: Whether it names the state; else an end that has passed says that it is over.
        says_end: Whether it says that something is over; else it falls silent.
    """

    every_ms: int
    gives_times: bool
    gives_status: bool
    says_end: bool
    troubles: Sequence[Trouble]
    _seen: dict[Trouble, _Seen] = field(default_factory=dict[Trouble, _Seen])

    @classmethod
    def drawn(cls, dice: Random, troubles: Sequence[Trouble]) -> "Monitor":
        """Draw one of those that watch *troubles*."""
        gives_times = dice.random() < 0.7
        gives_status = not gives_times or dice.random() < 0.5
        return cls(dice.randint(1_500, 6_000), gives_times, gives_status, dice.random() < 0.75, troubles)

    def forget(self) -> None:
        """Be started anew."""
        self._seen.clear()

    def look(self, at_ms: int, *, epoch_ms: int, is_cut_off: bool, is_last: bool) -> Sequence[Report]:
        """Return what it says at *at_ms* of virtual time, which is counted from *epoch_ms*.

        Args:
            at_ms: When it looks.
            epoch_ms: Unix milliseconds.
            is_cut_off: Whether it can only look: what it sees it says later.
            is_last: Whether it will not say any more.
        """
        found: list[Report] = []
        for trouble in self.troubles:
            span, seen = trouble.span_at(at_ms), self._seen.get(trouble)
            if span is not None:
                if seen is None or seen.ended_at_ms is not None:
                    seen = self._seen[trouble] = _Seen(at_ms)
                if is_cut_off:
                    continue
                until_ms = at_ms + (LASTING_MS if is_last else 4 * self.every_ms)
                starts_at_ms = epoch_ms + seen.starts_at_ms if self.gives_times else None
                ends_at_ms = epoch_ms + until_ms if self.gives_times or is_last else None
                found.append(trouble.report(is_resolved=False, starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms))
            elif seen is not None and self.says_end and seen.says_end:
                seen.ended_at_ms = seen.ended_at_ms or at_ms
                if is_cut_off:
                    continue
                seen.says_end -= 1
                starts_at_ms = epoch_ms + seen.starts_at_ms if self.gives_times else None
                ends_at_ms = epoch_ms + seen.ended_at_ms if self.gives_times else None
                is_resolved = self.gives_status
                found.append(trouble.report(is_resolved=is_resolved, starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms))
            elif seen is not None:
                del self._seen[trouble]
        return found


class ReportApi:
    """The API on one machine: a process that takes reports in, and another one when it was killed."""

    def __init__(self, world: Platform, name: str, machine: str, *, life_ms: int) -> None:
        self._world, self._name, self._machine, self._life_ms = world, name, machine, life_ms
        self._incarnation = 0
        self._process: Process | None = None
        self._back_at_ms = 0
        self._waiting: dict[asyncio.Future[Sequence[ReportResult] | None], Process] = {}

    async def report(self, reports: Sequence[Report]) -> Sequence[ReportResult] | None:
        """Report over HTTP; return the answer, None when there is none or it is that something is away."""
        world = self._world
        if world.loop.now_ms() < self._back_at_ms:
            return None
        if self._process is None:
            self._incarnation += 1
            self._process = Process(f"{self._name}.{self._incarnation}")
        answer: asyncio.Future[Sequence[ReportResult] | None] = world.loop.create_future()
        self._waiting[answer] = self._process
        sent = ReportsSent(world.next_number(), reports)
        world.emit(sent)
        world.loop.start(self._process, self._serve(self._process, reports, answer))
        results = await answer
        world.emit(ReportsAnswered(sent.number, reports, results))
        return results

    def on_death(self, process: Process) -> None:
        """Let those who wait for an answer of *process* see that none will come."""
        if process is not self._process:
            return
        self._process = None
        self._back_at_ms = self._world.loop.now_ms() + round(self._world.dice(self._name).random() * RESTART_MS_MEAN)
        for answer in [one for one, of in self._waiting.items() if of is process]:
            self._answer(answer, None)

    async def _serve(
        self, process: Process, reports: Sequence[Report], answer: "asyncio.Future[Sequence[ReportResult] | None]"
    ) -> None:
        world, gate = self._world, Gate(self._world, process)
        intake = EpisodeIntake(
            gated(gate, world.parts.episodes(world.database), "episodes", Resource.STORE),
            open_sink(gate, world.log),
            MachineClock(world, self._machine),
            self._life_ms,
        )
        try:
            self._answer(answer, await intake.report(reports))
        except PortUnavailable:
            self._answer(answer, None)
        except Exception as error:
            if not world.is_over:
                world.emit(Raised(process, error))
            self._answer(answer, None)

    def _answer(
        self, answer: "asyncio.Future[Sequence[ReportResult] | None]", results: Sequence[ReportResult] | None
    ) -> None:
        if self._waiting.pop(answer, None) is not None and not answer.done():
            answer.set_result(results)


class Monitors:
    """All monitors of a world, and the API that they report to.

    Attributes:
        is_done: None of them says anything any more.
    """

    def __init__(self, world: Platform) -> None:
        self._world, self._dice = world, dice_for(world.seed, "monitors")
        life_ms = self._dice.randint(5_000, 20_000)
        names = [f"api-{number}" for number in range(self._dice.randint(1, 2))]
        self.apis = [ReportApi(world, name, self._dice.choice(world.machines), life_ms=life_ms) for name in names]
        self._running = 0

    @property
    def is_done(self) -> bool:
        """Whether none of them will say anything more."""
        return not self._running

    def start(self, *, lives: int, over_ms: int) -> None:
        """Let *lives* troubles begin and end within about *over_ms*, each watched by one monitor, or by a pair."""
        dice, rules = self._dice, list(self._world.database.rules.values())
        troubles = [Trouble.drawn(dice, number, rules, over_ms=over_ms) for number in range(lives)]
        for watched in (troubles[::2], troubles[1::2]):
            for _ in range(dice.randint(1, 2) if watched else 0):
                self._running += 1
                self._world.outside(self._watch(Monitor.drawn(dice, watched), self._running))

    def ending(self) -> int:
        """Return how many alerts fire that will not for long, since nobody says any more that they do."""
        now_ms, rows = self._world.wall_ms(PEOPLE), self._world.database.episodes
        return sum(rows[key].ends_at_ms < now_ms + _ENDING_MS for key in rows.open)

    def on_death(self, process: Process) -> None:
        """Let the API of that process be away for a while, if it was one's."""
        for api in self.apis:
            api.on_death(process)

    async def _watch(self, monitor: Monitor, number: int) -> None:
        """Report until nothing changes any more, and what has ended is told."""
        world, dice = self._world, dice_for(self._world.seed, f"monitor {number}")
        over_at_ms = max(trouble.is_over_at_ms for trouble in monitor.troubles) + (_SAYS_END + 1) * monitor.every_ms
        cut_off_until_ms = 0.0
        await world.loop.pause(dice.random() * monitor.every_ms)
        while world.loop.now_ms() < max(over_at_ms, cut_off_until_ms):
            if happens(dice, world.faults.outages_per_minute * monitor.every_ms / MINUTE_MS):
                world.count("monitor cut off")
                cut_off_until_ms = world.loop.now_ms() + wait_ms(dice, mean_ms=CUT_OFF_MS_MEAN)
            if happens(dice, world.faults.stops_per_minute * monitor.every_ms / MINUTE_MS):
                world.count("monitor restarted")
                monitor.forget()
            is_cut_off = world.loop.now_ms() < cut_off_until_ms
            if reports := self._look(monitor, is_cut_off=is_cut_off):
                await self._send(dice, reports)
            await world.loop.pause(monitor.every_ms)
        if reports := self._look(monitor, is_last=True):
            await self._send(dice, reports)
        self._running -= 1

    def _look(self, monitor: Monitor, *, is_cut_off: bool = False, is_last: bool = False) -> Sequence[Report]:
        # By the clock of people, which does not jump.
        epoch_ms = self._world.wall_ms(PEOPLE) - self._world.loop.now_ms()
        return monitor.look(self._world.loop.now_ms(), epoch_ms=epoch_ms, is_cut_off=is_cut_off, is_last=is_last)

    async def _send(self, dice: Random, reports: Sequence[Report]) -> None:
        """Report once; what is not taken in is said again by the next report. It may come twice, or late."""
        world = self._world
        api = dice.choice(self.apis)
        if happens(dice, world.faults.delays_per_poll):
            world.count("report late")
            world.outside(self._late(dice.random() * 20_000, api, reports))
            return
        results = await api.report(reports)
        if results is None:
            world.count("report not answered")
        for result in results or ():
            world.count(f"report {result.outcome}")
        if happens(dice, world.faults.duplicates_per_record):
            world.count("report repeated")
            await api.report(reports)

    async def _late(self, after_ms: float, api: ReportApi, reports: Sequence[Report]) -> None:
        self._running += 1
        await self._world.loop.pause(after_ms)
        await api.report(reports)
        self._running -= 1
