"""The stages that read new alerts: they are recorded, and matched against the rules.

Each commits the offsets of a batch once its work is durable: a crash loses none of it, and what is repeated after one
leads to the same notifications and deliveries, which `stages.notify` makes of the matches.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from alerting_core import limits
from alerting_core.codec import records as codec
from alerting_core.domain.alert import AlertStatus
from alerting_core.errors import PortContractBroken, PortUnavailable
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.clock import Clock
from alerting_core.ports.history import AlertLog
from alerting_core.ports.metrics import Gauge
from alerting_core.ports.rule_distribution import RuleSource
from alerting_core.ports.stream import ALERTS_MATCHED, Outgoing, Record, dead_letter
from alerting_core.stages.batch import (
    BatchReport,
    Consumer,
    Count,
    StageName,
    decode_batch,
    headers_from,
    offsets_after,
)


class RuleFeed:
    """An index and the version of the rules in it."""

    def __init__(self, source: RuleSource, clock: Clock) -> None:
        self.index = RuleIndex()
        self._source = source
        self._clock = clock
        self._version: int | None = None
        self._confirmed_at_ms: int | None = None

    @property
    def version(self) -> int | None:
        """The version of the rules in the index; None before the first load."""
        return self._version

    def age_ms(self) -> int | None:
        """Return how long ago the rules were last known to be current; None before the first load."""
        if self._confirmed_at_ms is None:
            return None
        return max(0, self._clock.now_ms() - self._confirmed_at_ms)

    def gauges(self) -> Mapping[Gauge, int]:
        """Return how many rules there are, and how old they may be."""
        age_ms = self.age_ms()
        age = {} if age_ms is None else {Gauge.RULES_AGE_MS: age_ms}
        return {Gauge.RULES_INDEXED: len(self.index), **age}

    async def refresh(self) -> Mapping[Count, int]:
        """Bring the index up to date; return what was done.

        Raises:
            PortUnavailable: The source is away and no rules have ever been loaded.
        """
        if self._version is None:
            return await self._reload()
        try:
            return await self._follow(self._version)
        except PortUnavailable:
            return {Count.RULE_SOURCE_AWAY: 1}

    async def _follow(self, version: int) -> Mapping[Count, int]:
        asked_at_ms = self._clock.now_ms()
        changes = await self._source.changes(version)
        if changes is None:
            return await self._reload()
        for client_id, rules in changes.by_client.items():
            self.index.replace_client(client_id, rules)
        if changes.checksum not in {None, self.index.checksum()}:
            return {Count.RULES_DIFFERED: 1, **await self._reload()}
        self._version, self._confirmed_at_ms = changes.version, asked_at_ms
        return {Count.RULE_CLIENTS_UPDATED: len(changes.by_client)} if changes.by_client else {}

    async def _reload(self) -> Mapping[Count, int]:
        asked_at_ms = self._clock.now_ms()
        snapshot = await self._source.snapshot()
        # In parts, so that a million rules do not stop the process; they count all at once, so that no alert ever meets
        # a part of them.
        for _ in self.index.loading(snapshot.rules):
            await asyncio.sleep(0)  # noqa: TID251 - it gives way, it waits for no time
        if snapshot.checksum not in {None, self.index.checksum()}:
            raise PortContractBroken("a snapshot of the rules does not have the checksum that it came with")
        self._version, self._confirmed_at_ms = snapshot.version, asked_at_ms
        return {Count.RULES_RELOADED: 1}


_TAILS_MAX: Final = 65_536
"""Encoded (client, rules) tails kept: the same clients match again and again, and a tail has about 100 bytes."""

_tail_of = lru_cache(maxsize=_TAILS_MAX)(codec.encode_match_tail)
_private_tail_of = lru_cache(maxsize=_TAILS_MAX)(codec.encode_private_tail)


@dataclass(slots=True)
class _Work:
    """What matching a prefix of a batch led to."""

    done: list[Record] = field(default_factory=list[Record])
    outputs: list[Outgoing] = field(default_factory=list[Outgoing])
    dead_letters: list[Outgoing] = field(default_factory=list[Outgoing])
    matched: int = 0
    unmatched: int = 0
    resolved: int = 0


@dataclass(frozen=True, slots=True)
class Evaluator(Consumer):
    """alerts.new → alerts.matched, one message per alert and client with at least one matching rule.

    A private alert meets the rules of its owner alone. One that is resolved is passed over: the end is told to those
    who were told of the firing, whatever the rules are by now.

    Attributes:
        outputs_max: How many messages one commit publishes. A batch with a larger fan-out is done in parts; an alert
            that alone matches more clients is published whole.
    """

    rules: RuleFeed
    outputs_max: int = limits.OUTPUTS_PER_COMMIT_MAX

    async def step(self) -> BatchReport:
        """Match one batch, or as much of it as one commit may publish."""
        records = await self.poll()
        # After the poll, so that an alert published after an edit meets the edited rule.
        counts = Counter(await self.rules.refresh())
        if not records:
            return BatchReport(StageName.EVALUATOR, counts=counts)
        work = match_records(self.rules.index, records, outputs_max=self.outputs_max)
        await self.stream.commit([*work.outputs, *work.dead_letters], offsets_after(work.done))
        counts[Count.ALERTS_MATCHED] += work.matched
        counts[Count.ALERTS_UNMATCHED] += work.unmatched
        counts[Count.ALERTS_RESOLVED] += work.resolved
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
        alert = codec.decode_alert(record.value)
        if isinstance(alert, codec.Rejected):
            work.dead_letters.append(dead_letter(record, alert.reason))
            work.done.append(record)
            continue
        if alert.life is not None and alert.life.status is AlertStatus.RESOLVED:
            work.done.append(record)
            work.resolved += 1
            continue
        if alert.owner:
            matches = index.match_of(alert.owner, alert.severity, alert.source, alert.name)
        else:
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
        head, headers = codec.encode_alert(alert), headers_from(record)
        if alert.owner:
            tail = _private_tail_of(matches[alert.owner])
            work.outputs.append(Outgoing(ALERTS_MATCHED, alert.owner.encode(), head + tail, headers))
            continue
        work.outputs += [
            Outgoing(ALERTS_MATCHED, client_id.encode(), head + _tail_of(client_id, rule_ids), headers)
            for client_id, rule_ids in matches.items()
        ]
    return work


@dataclass(frozen=True, slots=True)
class Recorder(Consumer):
    """alerts.new → the log of recent alerts."""

    alerts: AlertLog
    clock: Clock

    async def step(self) -> BatchReport:
        """Record one batch. Poison is passed over here: the evaluator dead-letters it, and once is enough."""
        records = await self.poll()
        if not records:
            return BatchReport(StageName.RECORDER)
        intake = decode_batch(records, codec.decode_alert)
        if intake.good:
            await self.alerts.record(intake.values, now_ms=self.clock.now_ms())
        await self.stream.commit((), offsets_after(records))
        return BatchReport(StageName.RECORDER, received=len(records), rejected=len(intake.dead_letters))
