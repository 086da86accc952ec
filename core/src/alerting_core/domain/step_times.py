"""How long steps took, counted in buckets: what many processes measured can be added, and read as percentiles.

The counts of a process are added to those of the others; a percentile of all follows from the sum, which could not be
said of percentiles.
"""

from dataclasses import dataclass
from typing import Final

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
