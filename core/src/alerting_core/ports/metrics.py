"""How the stages of the pipeline are doing, now and lately, and how long steps took, for dashboards and alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from alerting_core import limits

STEP_MS_BOUNDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""Upper ends of the buckets that steps are sorted into by how long they took; one more bucket holds the rest."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """How long the latest steps took that had something to do, from the records in hand to their work committed.

    Attributes:
        counts: One per bucket of `STEP_MS_BOUNDS`, and one for what took longer.
    """

    counts: tuple[int, ...] = (0,) * (len(STEP_MS_BOUNDS) + 1)

    def __add__(self, other: "StepTimes") -> "StepTimes":
        """Return the steps of both."""
        return StepTimes(tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    def quantile_ms(self, share: float) -> float | None:
        """Return the time that *share* of the steps did not exceed, estimated within its bucket; None without any."""
        total = sum(self.counts)
        if not total:
            return None
        wanted, below_ms = share * total, 0
        for count, up_to_ms in zip(self.counts, STEP_MS_BOUNDS, strict=False):
            if count and wanted <= count:
                return below_ms + (up_to_ms - below_ms) * wanted / count
            wanted, below_ms = wanted - count, up_to_ms
        return float(STEP_MS_BOUNDS[-1])


@dataclass(frozen=True, slots=True)
class SeriesBucket:
    """What one stage did in one span of time.

    Attributes:
        begins_at_ms: A multiple of `limits.SERIES_BUCKET_MS`.
        lag: As last measured in it; None when it was not.
        counts: What the stage counts beside, by stable name.
    """

    begins_at_ms: int
    received: int = 0
    published: int = 0
    rejected: int = 0
    errors: int = 0
    lag: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class StageSeries:
    """What one stage did lately in all processes together, the oldest first; spans in which it did nothing left out."""

    stage: str
    buckets: Sequence[SeriesBucket]


def merged(series: Sequence[StageSeries]) -> Sequence[StageSeries]:
    """Return one series per stage of *series*, which may hold several of a stage; stages in the order they come up.

    What was done is added up. A lag is that of all processes already: the largest of those measured counts.
    """
    by_stage: dict[str, dict[int, SeriesBucket]] = {}
    for one in series:
        buckets = by_stage.setdefault(one.stage, {})
        for bucket in one.buckets:
            known = buckets.get(bucket.begins_at_ms)
            buckets[bucket.begins_at_ms] = bucket if known is None else _added(known, bucket)
    return [StageSeries(stage, [found[at_ms] for at_ms in sorted(found)]) for stage, found in by_stage.items()]


def _added(one: SeriesBucket, other: SeriesBucket) -> SeriesBucket:
    counts = dict(one.counts)
    for name, number in other.counts.items():
        counts[name] = counts.get(name, 0) + number
    lags = [lag for lag in (one.lag, other.lag) if lag is not None]
    return SeriesBucket(
        begins_at_ms=one.begins_at_ms,
        received=one.received + other.received,
        published=one.published + other.published,
        rejected=one.rejected + other.rejected,
        errors=one.errors + other.errors,
        lag=max(lags, default=None),
        counts=counts,
    )


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
    """A host, or some targets there, that a sender leaves alone, or tries out, because they failed.

    Attributes:
        state: `open` or `half-open`.
        targets: How many targets at that host; 0 when it is the host as a whole.
    """

    host: str
    state: str
    targets: int = 0


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
