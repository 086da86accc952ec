"""How the stages of the pipeline are doing, for dashboards and alerts about ourselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class StageState(StrEnum):
    """What can be said of one instance of a stage."""

    HEALTHY = "healthy"
    """It reports, and its latest step succeeded."""
    UNHEALTHY = "unhealthy"
    """It reports, and its latest step failed."""
    OFFLINE = "offline"
    """It has not reported for `limits.STAGE_OFFLINE_MS`."""


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One stage in one process, since that process started.

    Attributes:
        stage: Name of the conductor, for example `evaluator`.
        instance: Names the process.
        received: Records or claims whose work is committed.
        published: Records written to the next topic.
        rejected: Poison records, which went to the dead-letter topic.
        errors: Steps that failed and were tried again.
        counts: What the stage counts beside, by stable name.
        rate_per_s: Received a second, mean of the last `limits.STAGE_RATE_WINDOW_MS`.
        lag: Records that wait for it, as last measured; None where nothing can wait or nothing was measured.
        last_seen_ms: When it last reported a step, idle or not.
        last_error: Code of the latest failure, if any; never its text, which may hold what nobody should see.
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

    @property
    def processed(self) -> int:
        """Records that were used: received, and not poison."""
        return self.received - self.rejected


class StageMetrics(Protocol):
    """Read side of the figures."""

    async def read(self, *, now_ms: int) -> Sequence[StageFigures]:
        """Return the figures of every instance that ever reported, by stage in pipeline order, then instance."""
        ...
