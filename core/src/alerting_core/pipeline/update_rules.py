"""Rule updater: carries edited rules from the database of record into the shared snapshot."""

from collections import Counter
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.codec.rule import decode_rule_changed
from alerting_core.pipeline.intake import offsets_after, take_in
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.ports.rule_origin import RuleOrigin
from alerting_core.ports.rule_snapshot import RulePublisher
from alerting_core.ports.stream import Stream


@dataclass(frozen=True, slots=True)
class RuleUpdater:
    """rule.changed → the rules of the clients that it names, read anew and put into the snapshot.

    The message says who changed, not what: so order, repetition and two updaters with changes of the same client do
    no harm. What is read carries how new it is, and the snapshot keeps the newest.
    """

    stream: Stream
    origin: RuleOrigin
    publisher: RulePublisher
    records_max: int = limits.POLL_RECORDS_MAX
    wait_ms: int = limits.POLL_WAIT_MS
    clients_max: int = limits.RULE_CLIENTS_AT_ONCE_MAX

    async def step(self) -> BatchReport:
        """Update the clients of one batch, each once however many of its rules changed."""
        records = await self.stream.poll(records_max=self.records_max, wait_ms=self.wait_ms)
        if not records:
            return BatchReport(StageName.RULE_UPDATER)
        intake = take_in(records, decode_rule_changed)
        client_ids = list(dict.fromkeys(message.client_id for message in intake.values))
        changed = 0
        for start in range(0, len(client_ids), self.clients_max):
            rules = await self.origin.rules_of(client_ids[start : start + self.clients_max])
            changed += await self.publisher.replace(rules)
        await self.stream.commit(intake.dead_letters, offsets_after(records))
        return BatchReport(
            StageName.RULE_UPDATER,
            received=len(records),
            rejected=len(intake.dead_letters),
            counts=Counter({Count.RULE_CLIENTS_UPDATED: changed}),
        )
