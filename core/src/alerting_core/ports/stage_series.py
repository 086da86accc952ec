"""What stages did lately, span of time by span of time: for charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
