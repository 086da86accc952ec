"""The platform of a session: it goes on for as long as somebody watches, whatever is done to it.

One of its guarantees can be switched off: `EagerStream` commits before the work is done.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerting_core.memory import deliveries, history
from alerting_core.memory.log import MemoryLog
from alerting_core.ports.stream import Offsets, Outgoing, Record, Sink, Stream
from alerting_core.sim import facts, faults, platform, workers
from alerting_core.sim.checkers.rules import RulesArrive, WholeRules
from alerting_core.sim.simulation import Evidence
from alerting_core.stages import batch, loop, meter, send
from alerting_core.stages.wiring import StageSpec, Tuning, Wiring
from alerting_core.topology import groups_of
from alerting_playground.session import inputs, ledger, limits, series, surroundings
from alerting_playground.session.population import Population
from alerting_playground.session.scenario import Scenario


class EagerStream:
    """A stream whose order of commit and work is chosen while it runs.

    An eager one commits before the work is done, as a consumer with auto-commit does. What was polled and is not done
    yet stays in the memory of the process, so that nothing goes wrong for as long as it lives; when it dies, nobody
    does that work.

    Args:
        stream: The real one.
        sink: Where outputs go once the offsets are committed.
        is_eager: Whether offsets are committed at once; asked at every poll.
    """

    def __init__(self, stream: Stream, sink: Sink, is_eager: Callable[[], bool]) -> None:
        self._stream, self._sink, self._is_eager = stream, sink, is_eager
        self._held: list[Record] = []

    async def poll(self, *, records_max: int, wait_ms: int) -> Sequence[Record]:
        """Return what is still in hand, or else what waits; commit that first, if eager."""
        if not self._held:
            records = await self._stream.poll(records_max=records_max, wait_ms=wait_ms)
            if not records or not self._is_eager():
                return records
            await self._stream.commit((), batch.offsets_after(records))
            self._held = list(records)
        return self._held

    async def commit(self, outputs: Sequence[Outgoing], offsets: Offsets) -> None:
        """Publish *outputs*; the offsets are committed with them, or were before."""
        if not self._held:
            await self._stream.commit(outputs, offsets)
            return
        if outputs:
            await self._sink.publish(outputs)
        self._held = [record for record in self._held if record.offset >= offsets.get(record.partition, 0)]

    async def lag(self) -> Mapping[int, int]:
        """Return how much waits."""
        return await self._stream.lag()


SECOND_MS: Final = 1_000
RESTART_MS: Final = 2_000.0
"""How long a supervisor takes to start a process anew when nobody said otherwise."""

_SHOWN: Final = (" commit ", " sends ", " is told ")
"""What of the everyday events people see in the log."""

TUNING: Final = Tuning(
    records_max=250,
    outputs_max=1_000,
    wait_ms=500,
    sweep_after_ms=60_000,
    policy=send.DeliveryPolicy(idle_wait_ms=1_000),
    rule_clients_max=20,
)
"""As in production, but for batches: small enough that no single step keeps the page waiting."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was broken, in words."""

    number: int
    at_ms: int
    check: str
    what: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line for people."""

    number: int
    at_ms: int
    text: str
    tone: str


class LiveWorld(platform.Platform):
    """A platform that goes on.

    Attributes:
        settings: As they are now.
        fresh: Bytes of an alert → what a rule looks at, of those that no evaluator has committed: spares decoding them.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.settings = scenario.settings
        self.lines: deque[LogLine] = deque(maxlen=limits.LOG_LINES_SHOWN)
        self.broken: deque[Broken] = deque(maxlen=limits.VIOLATIONS_SHOWN)
        self.broken_counts: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.restarts: dict[str, float | None] = {}
        self.restart_at_ms: dict[str, float] = {}
        self.meter = meter.StageMeter()
        self.done: Counter[tuple[batch.StageName, str]] = Counter()
        self.fresh: dict[bytes, ledger.Kind] = {}
        self._lines = 0
        self._routine_second = self._routine_lines = 0
        self._last_change = 0
        super().__init__(
            scenario.seed,
            faults.Faults(),
            worker_specs=list(_worker_specs(self.settings)),
            tuning=TUNING,
            parts=_parts(self),
            trace_lines_max=0,
        )
        self._groups_on_path = groups_of(series.readers_on_path(self.stage_specs))
        evidence = Evidence(
            self.database,
            self.log,
            TUNING.policy.schedule,
            (),
            (),
            self.blame,
            self.loop.now_ms,
            distributed=self.distributes_rules,
        )
        self.ledger, self.poison = ledger.Ledger(evidence, self.fresh), ledger.PoisonBook(evidence)
        self.repeats = ledger.Repeats(evidence, self._apart_ms)
        self.rules_arrive, self.rules_whole = RulesArrive(evidence), WholeRules(evidence)
        self.movements, self.tallies = series.Movements(evidence), series.Tallies(evidence)
        checkers = (self.ledger, self.poison, self.repeats, self.rules_arrive, self.rules_whole)
        self.watch((*checkers, self.movements, self.tallies))
        population = Population(self.database, seed=self.seed, now_ms=self.wall_ms("people"))
        population.make(self.settings)
        population.add_own(scenario.catalog)
        self.source = surroundings.LiveSource(self, self.settings, fresh=self.fresh, under_way=self.under_way)
        self.series = series.Series(self, self.tallies, self.done)

    @property
    def endpoints(self) -> surroundings.LiveReceivers:
        """The hosts that are told."""
        assert isinstance(self.receivers, surroundings.LiveReceivers)
        return self.receivers

    def start(self) -> None:
        """Start everything, up to the first instant."""
        self.note_rules()
        self.use(self.settings)
        for worker in self.workers:
            worker.start()
        self.outside(self.source.run())
        self.outside(self._every_second())
        self.run_until(0)

    def run_until(self, at_ms: int) -> None:
        """Let time pass up to *at_ms*."""
        self.loop.run_until(at_ms)
        self.check_outside()

    def end(self) -> None:
        """Let go of everything."""
        self.is_over = True
        self.loop.discard()

    def use(self, settings: inputs.Settings) -> None:
        """Go on with other settings; as many workers as they ask for are started, or asked to stop."""
        self.settings = settings
        if hasattr(self, "source"):
            self.source.use(settings)
        for worker in self.workers:
            kind, _, number = worker.spec.name.rpartition("-")
            wanted = int(number) <= getattr(settings, series.setting_of(batch.WorkerKind(kind)))
            if worker.is_wanted and not wanted:
                worker.is_wanted = False
                if worker.is_alive:
                    worker.stop.set()
            elif wanted and not worker.is_wanted:
                worker.is_wanted = True
                if worker.incarnation or self.loop.now_ms():
                    worker.start()

    def note_rules(self) -> None:
        """Tell those who watch of rules that were changed."""
        change = self.database.outbox[-1].version if self.database.outbox else 0
        if change != self._last_change:
            self._last_change = change
            self.emit(platform.rules_changed_fact(self.database))

    def under_way(self) -> int:
        """Return how much work is under way, in records and notifications."""
        return sum(self.lag(group, topic) for group, topic in self._groups_on_path.items()) + len(
            self.database.notifications.received
        )

    def blame(self, check: str, what: str) -> None:
        """Note a broken promise; the world goes on."""
        self.broken_counts[check] += 1
        count = self.broken_counts[check]
        if count <= limits.EXAMPLES_KEPT or not count % 1_000:
            self.broken.append(Broken(sum(self.broken_counts.values()), self.loop.now_ms(), check, what))
            self.note(f"BROKEN {check}: {what}", tone="broken")

    def note(self, text: str, *, tone: str = "fault") -> None:
        """Take down a line that people are to see."""
        super().trace(text)
        self._show(text, tone)

    def trace(self, text: str) -> None:
        """Take down a line about something out of the ordinary."""
        self.note(text, tone="normal")

    def trace_routine(self, text: str) -> None:
        """Take down a line about what happens all the time; people see the first few of each second."""
        super().trace(text)
        if not any(word in text for word in _SHOWN):
            return
        second = self.loop.now_ms() // SECOND_MS
        if second != self._routine_second:
            self._routine_second, self._routine_lines = second, 0
        if self._routine_lines < limits.ROUTINE_LINES_PER_S:
            self._routine_lines += 1
            self._show(text, "normal")

    def reported(self, worker: str, report: batch.BatchReport) -> None:
        """Count what a step did."""
        self.meter.step_done(report, instance=worker, now_ms=self.wall_ms("people"))
        if report.received or report.published:
            self.done[report.stage, "in"] += report.received
            self.done[report.stage, "out"] += report.published

    def failed(self, worker: str, stage: batch.StageName, failure: loop.Failure) -> None:
        """Count a step that failed."""
        code, now_ms = failure.error.code, self.wall_ms("people")
        self.meter.step_failed(stage, code, instance=worker, now_ms=now_ms)
        self.done[stage, "failed"] += 1

    def kill(self, process: facts.Process, *, why: str) -> None:
        """Kill a process, for all to see."""
        self.kills[process.name.rpartition(".")[0]] += 1
        self.claims.forget(process)
        super().kill(process, why=why)

    def restart_ms(self, worker: str) -> float | None:
        """Say when another process takes the place of one that died."""
        ms = self.restarts.pop(worker, RESTART_MS)
        if ms is not None:
            self.restart_at_ms[worker] = self.loop.now_ms() + ms
        return ms

    def _apart_ms(self) -> int:
        skews = [self.skew_ms[machine] for machine in self.machines]
        return max(skews) - min(skews)

    def _show(self, text: str, tone: str) -> None:
        self._lines += 1
        self.lines.append(LogLine(self._lines, self.loop.now_ms(), text[: limits.LOG_CHARS_MAX], tone))

    async def _every_second(self) -> None:
        """Take a point of the series, and forget what is done."""
        while True:
            await self.loop.pause(SECOND_MS)
            self.series.take()
            history.forget_old(self.database, notifications_max=limits.NOTIFICATIONS_KEPT, changes_max=1_000)
            now_ms = self.loop.now_ms()
            self.frozen_until_ms = {name: at for name, at in self.frozen_until_ms.items() if at > now_ms}
            self.hidden_until_ms = {place: at for place, at in self.hidden_until_ms.items() if at > now_ms}


def _worker_specs(settings: inputs.Settings) -> Iterator[workers.WorkerSpec]:
    for kind, stages in series.worker_groups(rule_distribution=settings.rule_distribution).items():
        for number in range(1, limits.WORKERS_MAX + 1):
            yield workers.WorkerSpec(f"{kind}-{number}", f"node-{number}", stages)


def _parts(world: LiveWorld) -> platform.Parts:
    def log(**options: object) -> MemoryLog:
        kept = limits.RECORDS_KEPT
        return MemoryLog(partitions=world.settings.partitions, records_kept_max=kept, **options)  # type: ignore[arg-type]

    def stage(spec: StageSpec[platform.SimPorts]) -> StageSpec[platform.SimPorts]:
        def make(wiring: Wiring[platform.SimPorts]) -> loop.Stage:
            if wiring.stream is None:
                return spec.make(wiring)
            stream = EagerStream(wiring.stream, wiring.ports.sink, lambda: world.settings.commit_first)
            return spec.make(replace(wiring, stream=stream))

        return replace(spec, make=make)

    return platform.Parts(
        log=log,
        alerts=lambda database: history.MemoryAlertLog(database, alerts_max=limits.ALERTS_KEPT),
        deliveries=lambda database, _: deliveries.MemoryDeliveryStore(database),
        stage=stage,
        receivers=lambda simulation: surroundings.LiveReceivers(simulation, lambda: world.settings),
    )
