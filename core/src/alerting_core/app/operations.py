"""What operators look at and start: the platform's own figures, its readiness, jobs of the alert generator."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from alerting_core.domain.delivery import DeliveryStatus
from alerting_core.errors import AlertingError, InvalidInput, PortUnavailable
from alerting_core.generator.config import GeneratorConfig, check_config, choose_seed
from alerting_core.ports.catalog import Page, PageRequest, Scope
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.history import NotificationHistory, Totals
from alerting_core.ports.metrics import Circuit, StageFigures, StageMetrics, StageSeries, StageState, StepTimes
from alerting_core.ports.operations import GeneratorJob, JobStatus, JobStore

CHECK_S_MAX: Final = 3.0
"""A dependency that takes longer is as good as away: probes are given up after a few seconds."""

TIMED_OUT: Final = "timed-out"

ReadinessCheck: TypeAlias = Callable[[], Awaitable[None]]
"""Returns when the dependency answers; raises an AlertingError, whose code is shown, when it does not."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One dependency; `reason` is the stable code of what is wrong, None when nothing is."""

    name: str
    ok: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """All dependencies, in the order of their checks."""

    checks: Sequence[CheckResult]

    @property
    def ready(self) -> bool:
        """Whether everything that the process needs answers."""
        return all(check.ok for check in self.checks)


async def check_readiness(checks: Mapping[str, ReadinessCheck]) -> ReadinessReport:
    """Make all *checks* side by side."""
    return ReadinessReport(await asyncio.gather(*(_check(name, check) for name, check in checks.items())))


async def _check(name: str, check: ReadinessCheck) -> CheckResult:
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            await check()
    except TimeoutError:
        return CheckResult(name, ok=False, reason=TIMED_OUT)
    except AlertingError as error:
        return CheckResult(name, ok=False, reason=error.code)
    return CheckResult(name, ok=True)


@dataclass(frozen=True, slots=True)
class GeneratorJobs:
    """What may be done with jobs. All of it is for operators: the caller sees to that."""

    store: JobStore
    clock: Clock
    ids: IdSource

    async def start(self, config: GeneratorConfig) -> GeneratorJob:
        """Store a job for the runner. Raises InvalidInput, LimitExceeded."""
        if problems := check_config(config):
            raise InvalidInput(problems)
        job_id, now_ms = self.ids.new_uuid(), self.clock.now_ms()
        config = choose_seed(config, now_ms=now_ms, job=job_id)
        return await self.store.create(GeneratorJob(job_id, JobStatus.PENDING, config, created_at_ms=now_ms))

    async def get(self, job_id: str) -> GeneratorJob:
        """Return one job. Raises NotFound."""
        return await self.store.get(job_id)

    async def list(self, page: PageRequest, *, status: JobStatus | None = None) -> Page[GeneratorJob]:
        """Return a page of jobs, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(page, status=status)

    async def stop(self, job_id: str) -> GeneratorJob:
        """Cancel a job that waits, let one that runs end soon, leave one that has ended. Raises NotFound."""
        return await self.store.ask_stop(job_id, now_ms=self.clock.now_ms())


COUNTS_KEPT_TIMES: Final = 20
"""A count is good for this many times what it took: counting a large table takes a twentieth of the time at most."""

COUNT_MS_CHEAP: Final = 50
"""A count that took less is made anew each time."""

SCOPES_MAX: Final = 1_000
"""Clients whose counts are kept; a small object each."""

_DELIVERER: Final = "deliverer"


@dataclass(frozen=True, slots=True)
class StageSummary:
    """One stage in all processes together.

    Attributes:
        state: Healthy when one instance is, offline when all are, else unhealthy.
        instances: How many have each state; those that are offline are forgotten after a while.
        rate_per_s: Of those that are not offline.
        lag: What waits for the stage: records of its topic; for the deliverer, deliveries that were never tried.
        step_times: Of those that are not offline.
        gauges: The largest of those that are not offline.
        last_error: Of the instance that is unhealthy, or else of the one that was heard of last.
    """

    stage: str
    state: StageState
    instances: Mapping[StageState, int]
    received: int
    published: int
    rejected: int
    errors: int
    rate_per_s: float
    lag: int | None
    step_times: StepTimes
    gauges: Mapping[str, int]
    last_error: str | None

    @property
    def processed(self) -> int:
        """Records that were used: received, and not poison."""
        return self.received - self.rejected


@dataclass(frozen=True, slots=True)
class HeldCircuit:
    """A host that one sender leaves alone."""

    instance: str
    circuit: Circuit


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a moment.

    Attributes:
        stages: By stage in pipeline order, then instance; empty for a client.
        pipeline: The same stage by stage.
        unavailable: Whether the stages' figures could not be had: what keeps them is away.
    """

    at_ms: int
    totals: Totals
    stages: Sequence[StageFigures] = ()
    pipeline: Sequence[StageSummary] = ()
    circuits: Sequence[HeldCircuit] = ()
    unavailable: bool = False


class Dashboard:
    """Gives out figures. What takes long to count is counted once for all who ask meanwhile, and kept for a while."""

    def __init__(self, history: NotificationHistory, stages: StageMetrics, clock: Clock) -> None:
        self._history, self._stages, self._clock = history, stages, clock
        self._kept: OrderedDict[Scope, tuple[Totals, float]] = OrderedDict()
        self._counting: dict[Scope, asyncio.Future[Totals]] = {}

    async def totals(self, scope: Scope) -> Totals:
        """Return the counts of one client or of all, as of `counted_at_ms`."""
        kept = self._kept.get(scope)
        if kept is not None and self._clock.monotonic_ms() < kept[1]:
            return kept[0]
        counting = self._counting.get(scope)
        if counting is None:
            counting = self._counting[scope] = asyncio.ensure_future(self._count(scope))
            counting.add_done_callback(lambda counted: self._counted(scope, counted))
        # Whoever asked first may leave; the others still want the answer.
        return await asyncio.shield(counting)

    async def read(self, scope: Scope) -> Figures:
        """Return the figures: a client's own counts; for an operator all counts, and how the stages are doing."""
        totals, now_ms = await self.totals(scope), self._clock.now_ms()
        if scope is not None:
            return Figures(now_ms, totals)
        try:
            stages = await self._stages.read(now_ms=now_ms)
        except PortUnavailable:
            return Figures(now_ms, totals, unavailable=True)
        untried = totals.deliveries_by_status.get(DeliveryStatus.PENDING, 0)
        return Figures(
            now_ms,
            totals,
            stages,
            [_summary(stage, list(of_stage), untried) for stage, of_stage in groupby(stages, lambda one: one.stage)],
            [HeldCircuit(one.instance, circuit) for one in _living(stages) for circuit in one.circuits],
        )

    async def series(self, scope: Scope) -> tuple[int, Sequence[StageSeries]]:
        """Return the time, and for an operator what each stage did in the last hour. Raises PortUnavailable."""
        now_ms = self._clock.now_ms()
        return now_ms, () if scope is not None else await self._stages.series(now_ms=now_ms)

    def _counted(self, scope: Scope, counted: asyncio.Future[Totals]) -> None:
        self._counting.pop(scope, None)
        if not counted.cancelled():
            counted.exception()  # Seen, also when nobody is left who asked.

    async def _count(self, scope: Scope) -> Totals:
        begun_ms = self._clock.monotonic_ms()
        totals = await self._history.totals(scope, now_ms=self._clock.now_ms())
        ended_ms = self._clock.monotonic_ms()
        if (took_ms := ended_ms - begun_ms) >= COUNT_MS_CHEAP:
            self._kept[scope] = (totals, ended_ms + took_ms * COUNTS_KEPT_TIMES)
            self._kept.move_to_end(scope)
            if len(self._kept) > SCOPES_MAX:
                self._kept.popitem(last=False)
        return totals


def _living(stages: Sequence[StageFigures]) -> Sequence[StageFigures]:
    return [one for one in stages if one.state is not StageState.OFFLINE]


def _summary(stage: str, of_stage: Sequence[StageFigures], untried: int) -> StageSummary:
    living = _living(of_stage)
    instances = {state: sum(one.state is state for one in of_stage) for state in StageState}
    gauges: dict[str, int] = {}
    for one in living:
        for name, number in one.gauges.items():
            gauges[name] = max(number, gauges.get(name, 0))
    lags = [one.lag for one in living or of_stage if one.lag is not None]
    step_times = StepTimes()
    for one in living:
        step_times += one.step_times
    latest = max(of_stage, key=lambda one: (one.state is StageState.UNHEALTHY, one.last_seen_ms))
    return StageSummary(
        stage=stage,
        state=next((state for state in StageState if instances[state]), StageState.OFFLINE),
        instances=instances,
        received=sum(one.received for one in of_stage),
        published=sum(one.published for one in of_stage),
        rejected=sum(one.rejected for one in of_stage),
        errors=sum(one.errors for one in of_stage),
        rate_per_s=sum(one.rate_per_s for one in living),
        lag=untried if stage == _DELIVERER else max(lags, default=None),
        step_times=step_times,
        gauges=gauges,
        last_error=latest.last_error,
    )
