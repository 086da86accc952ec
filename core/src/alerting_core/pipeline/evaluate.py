"""Evaluator: matches alerts against the rules of all clients."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from alerting_core import limits
from alerting_core.codec.alert import decode_alert, encode_alert, encode_match_tail
from alerting_core.codec.rejected import Rejected
from alerting_core.matching.index import RuleIndex
from alerting_core.pipeline.intake import headers_from, offsets_after
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.pipeline.rulefeed import RuleFeed
from alerting_core.ports.metrics import Gauge
from alerting_core.ports.records import dead_letter
from alerting_core.ports.stream import ALERTS_MATCHED, Outgoing, Record, Stream

_TAILS_MAX: Final = 65_536
"""Encoded (client, rules) tails kept: the same clients match again and again, and a tail has about 100 bytes."""

_tail_of = lru_cache(maxsize=_TAILS_MAX)(encode_match_tail)


@dataclass(slots=True)
class _Work:
    """What matching a prefix of a batch led to."""

    done: list[Record] = field(default_factory=list[Record])
    outputs: list[Outgoing] = field(default_factory=list[Outgoing])
    dead_letters: list[Outgoing] = field(default_factory=list[Outgoing])
    matched: int = 0
    unmatched: int = 0


@dataclass(frozen=True, slots=True)
class Evaluator:
    """alerts.new → alerts.matched, one message per alert and client with at least one matching rule.

    Attributes:
        outputs_max: How many messages one commit publishes. A batch with a larger fan-out is done in parts; an alert
            that alone matches more clients is published whole.
    """

    stream: Stream
    rules: RuleFeed
    records_max: int = limits.POLL_RECORDS_MAX
    wait_ms: int = limits.POLL_WAIT_MS
    outputs_max: int = limits.OUTPUTS_PER_COMMIT_MAX

    async def step(self) -> BatchReport:
        """Match one batch, or as much of it as one commit may publish."""
        records = await self.stream.poll(records_max=self.records_max, wait_ms=self.wait_ms)
        # After the poll, so that an alert published after an edit meets the edited rule.
        counts = Counter(await self.rules.refresh())
        if not records:
            return BatchReport(StageName.EVALUATOR, counts=counts)
        work = match_records(self.rules.index, records, outputs_max=self.outputs_max)
        await self.stream.commit([*work.outputs, *work.dead_letters], offsets_after(work.done))
        counts[Count.ALERTS_MATCHED] += work.matched
        counts[Count.ALERTS_UNMATCHED] += work.unmatched
        return BatchReport(
            StageName.EVALUATOR,
            received=len(work.done),
            published=len(work.outputs),
            rejected=len(work.dead_letters),
            counts=counts,
        )

    def gauges(self) -> Mapping[Gauge, int]:
        """Return how many rules there are, and how old they may be."""
        return self.rules.gauges()


def match_records(index: RuleIndex, records: Sequence[Record], *, outputs_max: int) -> _Work:
    """Match *records* in order, and stop before the one whose matches would make more than *outputs_max*."""
    work = _Work()
    for record in records:
        alert = decode_alert(record.value)
        if isinstance(alert, Rejected):
            work.dead_letters.append(dead_letter(record, alert.reason))
            work.done.append(record)
            continue
        matches = index.match(alert.severity, alert.source, alert.name)
        if work.outputs and len(work.outputs) + len(matches) > outputs_max:
            break
        work.done.append(record)
        if not matches:
            work.unmatched += 1
            continue
        work.matched += 1
        # The alert is encoded once for all its clients; written anew, so that fields that do not belong to an alert
        # cannot pass for a client or its rules.
        head, headers = encode_alert(alert), headers_from(record)
        work.outputs += [
            Outgoing(ALERTS_MATCHED, client_id.encode(), head + _tail_of(client_id, rule_ids), headers)
            for client_id, rule_ids in matches.items()
        ]
    return work
