"""Clears away what is no longer needed, in small batches: tables that only grow end in a full disk."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from alerting_backend.settings import Settings
from alerting_core import limits
from alerting_core.errors import PortUnavailable
from alerting_core.ports.clock import Clock
from alerting_core.ports.history import Old, RetentionStore
from alerting_core.stages.loop import pause

EVERY_MS: Final = 60_000
"""Between two rounds. What has become old is minutes late at most."""

BATCH_ROWS_MAX: Final = 5_000
"""Rows of one transaction: it holds nobody up for longer than some hundred milliseconds."""

BETWEEN_BATCHES_MS: Final = 50
"""A breath between two batches, so that clearing away never takes the disk from the pipeline."""

CHANGES_KEEP_MS: Final = 24 * 3_600_000
"""Changes of rules. An evaluator that was away for longer takes a snapshot."""

ALERTS_KEEP_MAX: Final = 1_000_000
"""Alerts kept, whatever their age: a flood must not fill the disk before a day has passed."""

JOBS_KEEP_MS: Final = 30 * 24 * 3_600_000
"""Generator jobs that have ended: long enough to look a load test up."""

_log = structlog.get_logger("alerting.janitor")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in milliseconds; 0 for notifications is for ever."""

    alerts_ms: int
    records_ms: int
    notifications_ms: int

    @classmethod
    def of(cls, settings: Settings) -> "Retention":
        """Return what *settings* say."""
        return cls(
            alerts_ms=settings.keep_alerts,
            records_ms=settings.keep_records,
            notifications_ms=settings.keep_notifications,
        )


class Janitor:
    """Goes round now and then. One is enough; two do no harm."""

    def __init__(self, tables: RetentionStore, clock: Clock, retention: Retention) -> None:
        """Clear *tables*."""
        self._tables = tables
        self._clock = clock
        self._retention = retention

    async def run(self, stop: asyncio.Event) -> None:
        """Go round until *stop* is set. While Postgres is away nothing is cleared, and nothing is lost."""
        while not stop.is_set():
            try:
                cleared = await self.clear(stop)
            except PortUnavailable as error:
                _log.warning("clearing_postponed", code=error.code, reason=error.detail)
            else:
                if cleared:
                    _log.info("old_rows_cleared", **cleared)
            await pause(stop, EVERY_MS)

    async def clear(self, stop: asyncio.Event) -> Mapping[str, int]:
        """Go round once, or until *stop* is set; return how many rows of what were cleared away."""
        now_ms, keep, tables = self._clock.now_ms(), self._retention, self._tables
        before: dict[Old, int] = {
            Old.ALERTS: max(now_ms - keep.alerts_ms, await tables.alerts_beyond_ms(ALERTS_KEEP_MAX)),
            Old.IDEMPOTENCY_KEYS: now_ms - limits.IDEMPOTENCY_KEEP_MS,
            Old.JOBS: now_ms - JOBS_KEEP_MS,
        }
        if keep.notifications_ms:
            before[Old.NOTIFICATIONS] = now_ms - keep.notifications_ms
        cleared = Counter[str]()
        for what, before_ms in before.items():
            cleared[what] += await _in_batches(partial(tables.clear, what, before_ms=before_ms), stop)
        for partition, below in (await tables.readable_partitions()).items():
            batch = partial(tables.clear_records, partition, below=below, before_ms=now_ms - keep.records_ms)
            cleared["records"] += await _in_batches(batch, stop)
        await tables.forget_changes(before_ms=now_ms - CHANGES_KEEP_MS)
        return {what: rows for what, rows in cleared.items() if rows}


async def _in_batches(clear: Callable[..., Awaitable[int]], stop: asyncio.Event) -> int:
    total = 0
    while not stop.is_set():
        rows = await clear(rows_max=BATCH_ROWS_MAX)
        total += rows
        if rows < BATCH_ROWS_MAX:
            break
        await pause(stop, BETWEEN_BATCHES_MS)
    return total
