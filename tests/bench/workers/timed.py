"""Timing a worker by what it has brought about, from its first batches to its last."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.bench.workers.processor_time import Processes, Reading, read

WARM_PERCENT: Final = 5
"""Done before the clock starts: connections are made, and statements prepared."""

_LOOK_SECONDS: Final = 0.02
_STUCK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Timed:
    """One measured stretch.

    Attributes:
        items: Done in it.
        used: Processor seconds by process name.
        others: Processors that were busy with other things.
    """

    items: int
    seconds: float
    used: Mapping[str, float]
    others: float

    @property
    def per_second(self) -> float:
        """Items a second."""
        return self.items / self.seconds

    def micros(self, name: str) -> float:
        """Return the processor time of one item, in microseconds."""
        return self.used.get(name, 0.0) * 1e6 / self.items

    @property
    def micros_in_all(self) -> float:
        """Processor time of one item over all processes."""
        return sum(map(self.micros, self.used))


def time_work(count: Callable[[], int], total: int, parts: Mapping[str, Processes], *, warm: bool = True) -> Timed:
    """Time until *count* is *total*, from the moment that it was at `WARM_PERCENT` of it; from now on if not *warm*.

    Raises:
        TimeoutError: It does not go on.
    """
    if warm:
        _wait(count, total * WARM_PERCENT // 100)
    began, before, used_before = time.perf_counter(), count(), read(parts)
    _wait(count, total)
    seconds = time.perf_counter() - began
    used: Reading = read(parts).since(used_before)
    return Timed(total - before, seconds, used.used, used.others / seconds)


def _wait(count: Callable[[], int], wanted: int) -> None:
    last, moved_at = -1, time.monotonic()
    while (done := count()) < wanted:
        if done != last:
            last, moved_at = done, time.monotonic()
        elif time.monotonic() - moved_at > _STUCK_SECONDS:
            raise TimeoutError(f"stuck at {done:,} of {wanted:,}")
        time.sleep(_LOOK_SECONDS)
