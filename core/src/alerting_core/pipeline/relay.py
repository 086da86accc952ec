"""Relay: tells of the changes of rules that were committed."""

from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.pipeline.report import BatchReport, StageName
from alerting_core.ports.clock import Clock
from alerting_core.ports.outbox import Outbox
from alerting_core.ports.records import rule_record
from alerting_core.ports.stream import Sink

RELAY_EVERY_MS: Final = 100
"""Pause after a step that found nothing: a part of the time until an edit counts, at the price of one small read."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Outbox → rule.changed, at least once and in commit order.

    Several relays publish the same changes more than once, which costs a little and harms nothing: readers of
    rule.changed look the rules up.
    """

    outbox: Outbox
    sink: Sink
    clock: Clock
    batch_max: int = limits.RELAY_BATCH_MAX

    async def step(self) -> BatchReport:
        """Publish one batch, then mark it: after a crash in between it is published again."""
        rows = await self.outbox.unpublished(limit=self.batch_max)
        if not rows:
            return BatchReport(StageName.RELAY)
        await self.sink.publish([rule_record(row.message) for row in rows])
        await self.outbox.mark_published([row.change_id for row in rows], now_ms=self.clock.now_ms())
        return BatchReport(StageName.RELAY, received=len(rows), published=len(rows))
