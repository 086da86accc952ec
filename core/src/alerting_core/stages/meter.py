"""Counts what the stages of this process report, and answers for the port `StageMetrics`."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alerting_core import limits
from alerting_core.ports import metrics
from alerting_core.stages.batch import BatchReport, Count, StageName

_SLOT_MS: Final = 1_000
"""Received records are summed by the second, so that the window holds a bounded number of sums."""

_SLOTS_MAX: Final = limits.STAGE_RATE_WINDOW_MS // _SLOT_MS

_ORDER: Final = {stage: place for place, stage in enumerate(StageName)}


@dataclass(slots=True)
class _Slot:
    """One second."""

    number: int
    received: int = 0
    step_times: list[int] = field(default_factory=lambda: [0] * (len(metrics.STEP_MS_BOUNDS) + 1))


@dataclass(slots=True)
class _Bucket:
    """One span of the series."""

    number: int
    received: int = 0
    published: int = 0
    rejected: int = 0
    errors: int = 0
    lag: int | None = None
    counts: Counter[Count] = field(default_factory=Counter[Count])


@dataclass(slots=True)
class _Tally:
    """What one instance of one stage has reported."""

    since_ms: int
    last_seen_ms: int
    received: int = 0
    published: int = 0
    rejected: int = 0
    errors: int = 0
    counts: Counter[Count] = field(default_factory=Counter[Count])
    slots: deque[_Slot] = field(default_factory=deque[_Slot])
    buckets: deque[_Bucket] = field(default_factory=deque[_Bucket])
    failing: bool = False
    last_error: str | None = None
    lag: int | None = None
    gauges: Mapping[metrics.Gauge, int] = field(default_factory=dict[metrics.Gauge, int])
    circuits: Sequence[metrics.Circuit] = ()

    def slot(self, now_ms: int) -> _Slot:
        """Return the present second. A clock that was set back: the latest, so that rates stay rough for a moment."""
        number = now_ms // _SLOT_MS
        if not self.slots or self.slots[-1].number < number:
            self.slots.append(_Slot(number))
            if len(self.slots) > _SLOTS_MAX + 1:
                self.slots.popleft()
        return self.slots[-1]

    def bucket(self, now_ms: int) -> _Bucket:
        """Return the present span, in the same manner."""
        number = now_ms // limits.SERIES_BUCKET_MS
        if not self.buckets or self.buckets[-1].number < number:
            self.buckets.append(_Bucket(number))
            if len(self.buckets) > limits.SERIES_BUCKETS_MAX:
                self.buckets.popleft()
        return self.buckets[-1]


class StageMeter:
    """Takes in each step's report, and gives out sums and rates. For one event loop: it takes no locks."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[StageName, str], _Tally] = {}

    def step_done(self, report: BatchReport, *, instance: str, now_ms: int) -> None:
        """Count a step that succeeded."""
        tally = self._seen(report.stage, instance, now_ms)
        tally.failing = False
        if report.is_idle and not report.rejected:
            return
        bucket, slot = tally.bucket(now_ms), tally.slot(now_ms)
        for sums in (tally, bucket):
            sums.received += report.received
            sums.published += report.published
            sums.rejected += report.rejected
            sums.counts.update(report.counts)
        slot.received += report.received
        if report.took_ms is not None:
            slot.step_times[_bucket_of(report.took_ms)] += 1

    def step_failed(self, stage: StageName, error_code: str, *, instance: str, now_ms: int) -> None:
        """Count a step that failed and will be tried again."""
        tally = self._seen(stage, instance, now_ms)
        tally.failing = True
        tally.errors += 1
        tally.last_error = error_code
        tally.bucket(now_ms).errors += 1

    def lag_measured(self, stage: StageName, lag: int, *, instance: str, now_ms: int) -> None:
        """Note how many records wait for the stage. That is no sign of life: it is asked beside the stage."""
        tally = self._known(stage, instance, now_ms)
        tally.lag = lag
        tally.bucket(now_ms).lag = lag

    def gauges_measured(
        self,
        stage: StageName,
        gauges: Mapping[metrics.Gauge, int],
        *,
        instance: str,
        now_ms: int,
        circuits: Sequence[metrics.Circuit] = (),
    ) -> None:
        """Note what the stage has at this moment. That is no sign of life either."""
        tally = self._known(stage, instance, now_ms)
        tally.gauges, tally.circuits = gauges, circuits[: limits.CIRCUITS_SHOWN_MAX]

    async def read(self, *, now_ms: int) -> Sequence[metrics.StageFigures]:
        """Return the figures of every instance that ever reported, by stage in pipeline order, then instance."""
        return [_figures(stage, instance, tally, now_ms) for (stage, instance), tally in self._in_order()]

    async def series(self, *, now_ms: int) -> Sequence[metrics.StageSeries]:
        """Return what each stage did lately, in pipeline order."""
        oldest = now_ms // limits.SERIES_BUCKET_MS - limits.SERIES_BUCKETS_MAX
        return metrics.merged([_series(stage, tally, oldest) for (stage, _), tally in self._in_order()])

    def _in_order(self) -> Sequence[tuple[tuple[StageName, str], _Tally]]:
        return sorted(self._tallies.items(), key=lambda item: (place_of(item[0][0]), item[0]))

    def _seen(self, stage: StageName, instance: str, now_ms: int) -> _Tally:
        tally = self._known(stage, instance, now_ms)
        tally.last_seen_ms = now_ms
        return tally

    def _known(self, stage: StageName, instance: str, now_ms: int) -> _Tally:
        return self._tallies.setdefault((stage, instance), _Tally(since_ms=now_ms, last_seen_ms=now_ms))


def in_pipeline_order(figures: Sequence[metrics.StageFigures]) -> Sequence[metrics.StageFigures]:
    """Return *figures* by stage in pipeline order, then instance; stages that are not known here come last."""
    return sorted(figures, key=lambda one: (place_of(one.stage), one.stage, one.instance))


def place_of(stage: str) -> int:
    """Return the place of a stage in the pipeline; of one that is not known here, the end."""
    return next((place for known, place in _ORDER.items() if known == stage), len(_ORDER))


def _bucket_of(took_ms: float) -> int:
    return next(
        (place for place, up_to_ms in enumerate(metrics.STEP_MS_BOUNDS) if took_ms <= up_to_ms),
        len(metrics.STEP_MS_BOUNDS),
    )


def _figures(stage: StageName, instance: str, tally: _Tally, now_ms: int) -> metrics.StageFigures:
    oldest_slot = (now_ms - limits.STAGE_RATE_WINDOW_MS) // _SLOT_MS
    recent = [slot for slot in tally.slots if slot.number > oldest_slot]
    # A process younger than the window has worked for less than it; one second is the least that gives a rate.
    step_times = map(sum, zip(*(slot.step_times for slot in recent), strict=True))
    window_ms = max(_SLOT_MS, min(limits.STAGE_RATE_WINDOW_MS, now_ms - tally.since_ms))
    return metrics.StageFigures(
        stage=stage,
        instance=instance,
        state=metrics.state_of(last_seen_ms=tally.last_seen_ms, is_failing=tally.failing, now_ms=now_ms),
        received=tally.received,
        published=tally.published,
        rejected=tally.rejected,
        errors=tally.errors,
        rate_per_s=sum(slot.received for slot in recent) * 1_000 / window_ms,
        last_seen_ms=tally.last_seen_ms,
        lag=tally.lag,
        last_error=tally.last_error,
        counts={count.value: number for count, number in tally.counts.items()},
        step_times=metrics.StepTimes(tuple(step_times)) if recent else metrics.StepTimes(),
        gauges={gauge.value: number for gauge, number in tally.gauges.items()},
        circuits=tally.circuits,
    )


def _series(stage: StageName, tally: _Tally, oldest: int) -> metrics.StageSeries:
    buckets = [
        metrics.SeriesBucket(
            begins_at_ms=bucket.number * limits.SERIES_BUCKET_MS,
            received=bucket.received,
            published=bucket.published,
            rejected=bucket.rejected,
            errors=bucket.errors,
            lag=bucket.lag,
            counts={count.value: number for count, number in bucket.counts.items()},
        )
        for bucket in tally.buckets
        if bucket.number > oldest
    ]
    return metrics.StageSeries(stage, buckets)
