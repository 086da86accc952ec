"""Counts what the stages of this process report, and answers for the port `StageMetrics`."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from alerting_core import limits
from alerting_core.pipeline.report import BatchReport, Count, Stage
from alerting_core.ports.metrics import StageFigures, StageState

_SLOT_MS: Final = 1_000
"""Received records are summed by the second, so that the window holds a bounded number of sums."""

_SLOTS_MAX: Final = limits.STAGE_RATE_WINDOW_MS // _SLOT_MS

_ORDER: Final = {stage: place for place, stage in enumerate(Stage)}


@dataclass(slots=True)
class _Tally:
    """What one instance of one stage has reported."""

    since_ms: int
    received: int = 0
    published: int = 0
    rejected: int = 0
    errors: int = 0
    counts: Counter[Count] = field(default_factory=Counter[Count])
    by_slot: deque[tuple[int, int]] = field(default_factory=deque[tuple[int, int]])
    last_seen_ms: int = 0
    failing: bool = False
    last_error: str | None = None
    lag: int | None = None


class StageMeter:
    """Takes in each step's report, and gives out sums and rates. For one event loop: it takes no locks."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[Stage, str], _Tally] = {}

    def step_done(self, report: BatchReport, *, instance: str, now_ms: int) -> None:
        """Count a step that succeeded."""
        tally = self._seen(report.stage, instance, now_ms)
        tally.failing = False
        tally.received += report.received
        tally.published += report.published
        tally.rejected += report.rejected
        tally.counts.update(report.counts)
        if report.received:
            _add_to_slot(tally.by_slot, report.received, slot=now_ms // _SLOT_MS)

    def step_failed(self, stage: Stage, error_code: str, *, instance: str, now_ms: int) -> None:
        """Count a step that failed and will be tried again."""
        tally = self._seen(stage, instance, now_ms)
        tally.failing = True
        tally.errors += 1
        tally.last_error = error_code

    def lag_measured(self, stage: Stage, lag: int, *, instance: str, now_ms: int) -> None:
        """Note how many records wait for the stage. That is no sign of life: it is asked beside the stage."""
        self._tallies.setdefault((stage, instance), _Tally(since_ms=now_ms, last_seen_ms=now_ms)).lag = lag

    async def read(self, *, now_ms: int) -> Sequence[StageFigures]:
        """Return the figures of every instance that ever reported, by stage in pipeline order, then instance."""
        by_place = sorted(self._tallies.items(), key=lambda item: (_ORDER[item[0][0]], item[0][1]))
        return [_figures(stage, instance, tally, now_ms) for (stage, instance), tally in by_place]

    def _seen(self, stage: Stage, instance: str, now_ms: int) -> _Tally:
        tally = self._tallies.setdefault((stage, instance), _Tally(since_ms=now_ms))
        tally.last_seen_ms = now_ms
        return tally


def _add_to_slot(by_slot: deque[tuple[int, int]], received: int, *, slot: int) -> None:
    if by_slot and by_slot[-1][0] >= slot:  # The same second, or a clock set back: rates stay rough for a moment.
        last, before = by_slot.pop()
        by_slot.append((last, before + received))
    else:
        by_slot.append((slot, received))
    if len(by_slot) > _SLOTS_MAX + 1:
        by_slot.popleft()


def _figures(stage: Stage, instance: str, tally: _Tally, now_ms: int) -> StageFigures:
    offline = now_ms - tally.last_seen_ms >= limits.STAGE_OFFLINE_MS
    state = StageState.OFFLINE if offline else StageState.UNHEALTHY if tally.failing else StageState.HEALTHY
    oldest_slot = (now_ms - limits.STAGE_RATE_WINDOW_MS) // _SLOT_MS
    recent = sum(received for slot, received in tally.by_slot if slot > oldest_slot)
    # A process younger than the window has worked for less than it; one second is the least that gives a rate.
    window_ms = max(_SLOT_MS, min(limits.STAGE_RATE_WINDOW_MS, now_ms - tally.since_ms))
    return StageFigures(
        stage=stage,
        instance=instance,
        state=state,
        received=tally.received,
        published=tally.published,
        rejected=tally.rejected,
        errors=tally.errors,
        rate_per_s=recent * 1_000 / window_ms,
        last_seen_ms=tally.last_seen_ms,
        lag=tally.lag,
        last_error=tally.last_error,
        counts={count.value: number for count, number in tally.counts.items()},
    )
