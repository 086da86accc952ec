"""How the stages of the pipeline are doing, for dashboards and alerts about ourselves.

A process counts what its stages do, and reports it every few seconds. Readers see the latest report of every process,
also of one that has ended, until it is forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from alerting_core import limits
from alerting_core.domain.step_times import StepTimes
from alerting_core.ports.stage_series import StageSeries


class StageState(StrEnum):
    """What can be said of one instance of a stage."""

    HEALTHY = "healthy"
    """It reports, and its latest step succeeded."""
    UNHEALTHY = "unhealthy"
    """It reports, and its latest step failed."""
    OFFLINE = "offline"
    """It has not reported for `limits.STAGE_OFFLINE_MS`."""


class Gauge(StrEnum):
    """What a stage has at a moment, beside its lag. Names are stable: metrics carry them."""

    RULES_INDEXED = "rules-indexed"
    RULES_AGE_MS = "rules-age-ms"
    DELIVERIES_HELD = "deliveries-held"
    CIRCUITS_OPEN = "circuits-open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A host that a sender leaves alone, or tries out, because it did not answer.

    Attributes:
        state: `open` or `half-open`.
    """

    host: str
    state: str


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One stage in one process, since that process started.

    Attributes:
        stage: Name of the stage, for example `evaluator`.
        instance: Names the process.
        received: Records or claims whose work is committed.
        published: Records written to the next topic.
        rejected: Poison records, which went to the dead-letter topic.
        errors: Steps that failed and were tried again.
        counts: What the stage counts beside, by stable name.
        rate_per_s: Received a second, mean of the last `limits.STAGE_RATE_WINDOW_MS`.
        lag: Records that wait for the stage, in all processes together, as last measured; None where nothing can wait
            or nothing was measured.
        last_seen_ms: When it last reported a step, idle or not.
        last_error: Code of the latest failure, if any; never its text, which may hold what nobody should see.
        step_times: Of the last `limits.STAGE_RATE_WINDOW_MS`.
        gauges: By stable name.
        circuits: Hosts in trouble, the latest first, at most `limits.CIRCUITS_SHOWN_MAX`.
    """

    stage: str
    instance: str
    state: StageState
    received: int
    published: int
    rejected: int
    errors: int
    rate_per_s: float
    last_seen_ms: int
    lag: int | None = None
    last_error: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    step_times: StepTimes = field(default_factory=StepTimes)
    gauges: Mapping[str, int] = field(default_factory=dict[str, int])
    circuits: Sequence[Circuit] = ()

    @property
    def processed(self) -> int:
        """Records that were used: received, and not poison."""
        return self.received - self.rejected


class StageMetrics(Protocol):
    """Read side of the figures."""

    async def read(self, *, now_ms: int) -> Sequence[StageFigures]:
        """Return the figures of every instance that is not forgotten, by stage in pipeline order, then instance.

        Raises:
            PortUnavailable: They are kept elsewhere, and that is away.
        """
        ...

    async def series(self, *, now_ms: int) -> Sequence[StageSeries]:
        """Return what each stage did in the last `limits.SERIES_BUCKETS_MAX` buckets, in pipeline order.

        Raises:
            PortUnavailable: As above.
        """
        ...


class StageReports(Protocol):
    """Write side of the figures, where processes report to one place."""

    async def report(self, instance: str, own: StageMetrics, *, now_ms: int) -> None:
        """Put the figures that the process *instance* has of its *own* in the place of its earlier ones.

        Raises:
            PortUnavailable: The place is away.
        """
        ...

    async def withdraw(self, instance: str) -> None:
        """Forget that the process is at work, for it ends in order; what it did stays in the series.

        Raises:
            PortUnavailable: The place is away.
        """
        ...


def state_of(*, last_seen_ms: int, is_failing: bool, now_ms: int) -> StageState:
    """Return the state of an instance that was last heard of at *last_seen_ms*."""
    if now_ms - last_seen_ms >= limits.STAGE_OFFLINE_MS:
        return StageState.OFFLINE
    return StageState.UNHEALTHY if is_failing else StageState.HEALTHY
