"""When edits of rules reach evaluators."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.rule_feed import RuleFeed

BATCH_SECONDS: Final = 0.005
"""How long a busy evaluator matches before it looks for edits again."""


class Watch:
    """Notes when the last of the evaluators has an edit."""

    def __init__(self, feeds: Sequence[RuleFeed]) -> None:
        self._feeds = feeds
        self._waiting: dict[str, float] = {}
        self.latencies_ms: list[float] = []
        self._none_waits = asyncio.Event()

    def committed(self, rule_id: str) -> None:
        """Begin to look for a rule."""
        self._waiting[rule_id] = time.perf_counter()
        self._none_waits.clear()
        self.look()

    def look(self, _report: BatchReport | None = None) -> None:
        """Look whether it is everywhere."""
        now = time.perf_counter()
        for rule_id in [r for r in self._waiting if all(r in feed.index for feed in self._feeds)]:
            self.latencies_ms.append((now - self._waiting.pop(rule_id)) * 1_000)
        if not self._waiting:
            self._none_waits.set()

    async def until_all(self) -> None:
        """Wait until none is left."""
        await self._none_waits.wait()


class Busy:
    """An evaluator that always has alerts to match, without the alerts."""

    def __init__(self, feed: RuleFeed) -> None:
        self.watch = Watch([feed])
        self._feed = feed

    async def step(self) -> BatchReport:
        """Do what comes before each batch."""
        counts = await self._feed.refresh()
        self.watch.look()
        await asyncio.sleep(BATCH_SECONDS)
        return BatchReport(StageName.EVALUATOR, received=1, counts=counts)
