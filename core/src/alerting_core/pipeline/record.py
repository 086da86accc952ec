"""Recorder: keeps the recent alerts, so that people can ask why an alert did or did not notify them.

It reads alerts.new in a consumer group of its own, so that it never slows matching.
"""

from dataclasses import dataclass

from alerting_core import limits
from alerting_core.codec.alert import decode_alert
from alerting_core.pipeline.intake import offsets_after, take_in
from alerting_core.pipeline.report import BatchReport, StageName
from alerting_core.ports.alerts import AlertLog
from alerting_core.ports.clock import Clock
from alerting_core.ports.stream import Stream


@dataclass(frozen=True, slots=True)
class Recorder:
    """alerts.new → the log of recent alerts."""

    stream: Stream
    alerts: AlertLog
    clock: Clock
    records_max: int = limits.POLL_RECORDS_MAX
    wait_ms: int = limits.POLL_WAIT_MS

    async def step(self) -> BatchReport:
        """Record one batch. Poison is passed over here: the evaluator dead-letters it, and once is enough."""
        records = await self.stream.poll(records_max=self.records_max, wait_ms=self.wait_ms)
        if not records:
            return BatchReport(StageName.RECORDER)
        intake = take_in(records, decode_alert)
        if intake.good:
            await self.alerts.record(intake.values, now_ms=self.clock.now_ms())
        await self.stream.commit((), offsets_after(records))
        return BatchReport(StageName.RECORDER, received=len(records), rejected=len(intake.dead_letters))
