"""Live checks, as things happen: what is lost, stored or told twice, committed too early or not accounted for.

Theory of operation. A pair of client and alert is owed a notification from the moment that an evaluator commits an
alert which the client's rules match, as that evaluator knows them. Until the notification is stored the work must
still be ahead of somebody's offset: of the aggregator's, once the match is published. Where an offset is committed and
the work behind it is not done, the pair is at risk: only the memory of the process that committed holds it. If that
process dies, the pair is lost; when the notification is stored after all, it is neither any more. Whatever is done is
forgotten, so that the books are as long as the work under way.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias

from alerting_core.codec.records import PRIVATE_END, Rejected, decode_alert, decode_match, decode_notification_ready
from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.notification import NotificationStatus, derive_notification_id
from alerting_core.domain.rule import Rule
from alerting_core.limits import LEASE_MS
from alerting_core.matching.reference import match_by_nested_loop
from alerting_core.ports.stream import ALERTS_MATCHED, DLQ_SUFFIX, Group, Record
from alerting_core.sim import facts
from alerting_core.sim.checkers.rules import KnownRules
from alerting_core.sim.checkers.sending import is_success
from alerting_core.sim.simulation import Checker, Evidence

Pair: TypeAlias = tuple[str, str, str]
"""(client_id, alert_id, owner of the alert), as the id of the notification is derived of them."""

Kind: TypeAlias = tuple[Severity, str, str, str]
"""What a rule looks at, and the owner of the alert."""

_KINDS_MAX: Final = 20_000
"""Kinds of alerts whose clients are remembered for one set of rules."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A pair that only the memory of one process holds."""

    process: facts.Process
    since_ms: int
    what: str
    committed_at_ms: int


class Expectation:
    """Which clients each evaluator has to tell of an alert, by the rules that it knows."""

    def __init__(self) -> None:
        self._known = KnownRules()
        self._rules: dict[facts.Process, tuple[object, list[Rule]]] = {}
        self._found: dict[facts.Process, dict[Kind, tuple[str, ...]]] = {}

    def read(self, fact: facts.RulesRead) -> None:
        """Take in what an evaluator was told."""
        known = self._known.read(fact)
        before = self._rules.get(fact.process)
        if before is None or before[0] is not known:
            self._rules[fact.process] = (known, [rule for rules in known.values() for rule in rules])
            self._found[fact.process] = {}

    def forget(self, process: facts.Process) -> None:
        """Forget what a process knew that is dead."""
        self._known.forget(process)
        self._rules.pop(process, None)
        self._found.pop(process, None)

    def of(self, process: facts.Process, kind: Kind) -> tuple[str, ...]:
        """Return the clients that *process* has to tell of an alert of a kind."""
        found = self._found.get(process)
        if found is None:
            return ()
        clients = found.get(kind)
        if clients is None:
            if len(found) >= _KINDS_MAX:
                found.clear()
            clients = found[kind] = tuple(match_by_nested_loop(self._rules[process][1], *kind))
        return clients


class Ledger(Checker):
    """Keeps the books.

    Attributes:
        lost: Pairs whose notification nobody will make, with what was at risk and when that process died.
        early: Records whose offset was committed before their work was done.
        at_risk: Pairs that would be lost if one process died now.
    """

    name: ClassVar[str] = "lost"
    sees = (facts.Appended, facts.Committed, facts.NotificationPut, facts.RulesRead, facts.Died, facts.Ended)

    def __init__(self, evidence: Evidence, fresh: dict[bytes, Kind]) -> None:
        super().__init__(evidence)
        self.lost: dict[Pair, AtRisk] = {}
        self.at_risk: dict[Pair, AtRisk] = {}
        self.early = 0
        self._fresh = fresh
        self._expectation = Expectation()
        self._published: dict[Pair, None] = {}
        self._stored: dict[Pair, None] = {}
        self._see: dict[type[facts.Fact], Callable[[Any], None]] = {
            facts.Appended: self._append,
            facts.Committed: self._commit,
            facts.NotificationPut: self._put,
            facts.RulesRead: self._expectation.read,
            facts.Died: self._end,
            facts.Ended: self._end,
        }
        self._commits: dict[str, Callable[[facts.Committed, Iterable[Record]], None]] = {
            Group.RECORDER: self._recorded,
            Group.EVALUATOR: self._evaluated,
            Group.AGGREGATOR: self._aggregated,
            Group.SENDER: self._dispatched,
        }

    def see(self, fact: facts.Fact) -> None:
        """Enter one fact."""
        self._see[type(fact)](fact)

    def _append(self, fact: facts.Appended) -> None:
        record = fact.record
        if record.topic == ALERTS_MATCHED and (pair := pair_of(record)) is not None:
            self._published[pair] = None
            if self.at_risk:
                self.at_risk.pop(pair, None)

    def _put(self, fact: facts.NotificationPut) -> None:
        new = fact.new
        if fact.old is None and new is not None:
            pair = (new.client_id, new.alert_id, new.owner)
            self._stored[pair] = None
            if self.at_risk:
                self.at_risk.pop(pair, None)
            if self.lost:
                self.lost.pop(pair, None)

    def _commit(self, fact: facts.Committed) -> None:
        enter = self._commits.get(fact.group)
        if enter is not None:
            enter(fact, fact.records)

    def _recorded(self, fact: facts.Committed, records: Iterable[Record]) -> None:
        alerts = self.evidence.database.alerts
        oldest_ms = next(iter(alerts.values())).received_at_ms if alerts else 0
        for record in records:
            if ("", record.key.decode(errors="replace")) not in alerts and record.timestamp_ms > oldest_ms:
                alert = decode_alert(record.value)
                if isinstance(alert, Rejected) or alert.key in alerts:
                    continue
                if alert.owner and alert.owner not in self.evidence.database.clients:
                    continue
                self._too_early(fact, record, "the alert was kept for people to look at")

    def _evaluated(self, fact: facts.Committed, records: Iterable[Record]) -> None:
        for record in records:
            alert_id = record.key.decode(errors="replace")
            kind = self._fresh.pop(record.value, None) or _kind_of(record)
            if kind is None:
                continue
            owner = kind[-1]
            for client_id in self._expectation.of(fact.process, kind):
                pair = (client_id, alert_id, owner)
                if pair not in self._published and pair not in self._stored and not self._is_stored(pair):
                    self._risk(pair, fact, record, "its match was published")

    def _aggregated(self, fact: facts.Committed, records: Iterable[Record]) -> None:
        for record in records:
            pair = pair_of(record)
            if pair is None:
                continue
            self._published.pop(pair, None)
            if pair in self._stored:
                del self._stored[pair]
            elif pair[0] in self.evidence.database.clients and not self._is_stored(pair):
                self._risk(pair, fact, record, "its notification was stored")

    def _dispatched(self, fact: facts.Committed, records: Iterable[Record]) -> None:
        database = self.evidence.database
        for record in records:
            notification_id = first_text(record.value)
            if notification_id is None:
                ready = decode_notification_ready(record.value)
                notification_id = None if isinstance(ready, Rejected) else ready.notification_id
            stored = None if notification_id is None else database.notifications.get(notification_id)
            if stored is None or stored.status is not NotificationStatus.RECEIVED:
                continue
            if not database.deliveries_of_notification.get(stored.notification_id):
                self._too_early(fact, record, "its deliveries were planned")

    def _is_stored(self, pair: Pair) -> bool:
        return derive_notification_id(*pair) in self.evidence.database.notifications

    def _risk(self, pair: Pair, fact: facts.Committed, record: Record, what: str) -> None:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        text = f"{fact.process.name} committed {place} before {what}"
        now_ms = self.evidence.now_ms()
        self.at_risk[pair] = AtRisk(fact.process, now_ms, text, now_ms)
        self._too_early(fact, record, what)

    def _too_early(self, fact: facts.Committed, record: Record, what: str) -> None:
        self.early += 1
        if self.early == 1 or not self.early % 1_000:
            place = f"{record.topic}/{record.partition}/{record.offset}"
            self.evidence.blame("order", f"{fact.process.name} committed {place} before {what}")

    def _end(self, fact: facts.Died | facts.Ended) -> None:
        self._expectation.forget(fact.process)
        if not self.at_risk:
            return
        for pair in [pair for pair, risk in self.at_risk.items() if risk.process is fact.process]:
            risk = self.at_risk.pop(pair)
            self.lost[pair] = AtRisk(risk.process, self.evidence.now_ms(), risk.what, risk.committed_at_ms)
            self.evidence.blame("lost", f"{pair[0]} will never hear of {pair[1]}: {risk.what}, and then died")


def pair_of(record: Record) -> Pair | None:
    """Return whom a match is about; None for poison."""
    alert_id = first_text(record.value)
    if alert_id is not None:
        client_id = record.key.decode(errors="replace")
        return client_id, alert_id, client_id if record.value.endswith(PRIVATE_END) else ""
    match = decode_match(record.value)
    return None if isinstance(match, Rejected) else (match.client_id, match.alert.alert_id, match.alert.owner)


def first_text(value: bytes) -> str | None:
    """Return the text of field 1 where it is the first and shorter than 128 bytes: what our own messages begin with."""
    if len(value) < 3 or value[0] != 0x0A or value[1] >= 0x80 or len(value) < 2 + value[1]:
        return None
    return value[2 : 2 + value[1]].decode(errors="replace")


def _kind_of(record: Record) -> Kind | None:
    alert = decode_alert(record.value)
    return (alert.severity, alert.source, alert.name, alert.owner) if isinstance(alert, Alert) else None


class Repeats(Checker):
    """Watches for a second notification of a pair, and a second message about a delivery that was taken.

    A message is repeated for a reason when who sent the first one died or could not record it, or lost its lease by a
    clock that jumped or by standing still: at least once is promised of messages, exactly once of notifications.

    Attributes:
        doubled: Notifications stored twice, and messages repeated for no reason.
        explained: Messages repeated for a reason.
    """

    name: ClassVar[str] = "doubled"
    sees = (facts.NotificationPut, facts.DeliveryPut, facts.Sent, facts.Answered, facts.Refused, facts.ClockJumped)

    def __init__(self, evidence: Evidence, skew_ms: Callable[[], int]) -> None:
        """Watch a world in which *skew_ms* says how far the clocks of senders are apart."""
        super().__init__(evidence)
        self._skew_ms = skew_ms
        self.doubled = 0
        self.explained = 0
        self._ids: dict[Pair, str] = {}
        self._taken: dict[str, tuple[facts.Process, int, int]] = {}
        self._failed_records: dict[facts.Process, int] = {}
        self._excuses = 0

    def excuse(self) -> None:
        """Note that leases may run out by what was just done."""
        self._excuses += 1

    def see(self, fact: facts.Fact) -> None:
        """Look at rows and messages."""
        match fact:
            case facts.NotificationPut(None, new) if new is not None:
                key = (new.client_id, new.alert_id, new.owner)
                if self._ids.setdefault(key, new.notification_id) != new.notification_id:
                    self.doubled += 1
                    self.blame(f"{new.client_id} has a second notification of {new.alert_id}")
            case facts.NotificationPut(old, None) if old is not None:
                self._ids.pop((old.client_id, old.alert_id, old.owner), None)
            case facts.DeliveryPut(old, new) if old is not None and (new is None or new.delivery.attempts == 0):
                self._taken.pop(old.delivery.delivery_id, None)
            case facts.Sent():
                self._send(fact)
            case facts.Answered(sent, reply) if sent.claim is not None and is_success(reply):
                failed = self._failed_records.get(sent.process, 0)
                self._taken[sent.claim.delivery.delivery_id] = (sent.process, failed, self._excuses)
            case facts.Refused(process, "deliveries.record_outcomes"):
                self._failed_records[process] = self._failed_records.get(process, 0) + 1
            case facts.ClockJumped():
                self.excuse()
            case _:
                pass

    def _send(self, sent: facts.Sent) -> None:
        taken = None if sent.claim is None else self._taken.get(sent.claim.delivery.delivery_id)
        if taken is None:
            return
        first, failed, excuses = taken
        apart = self._skew_ms() >= LEASE_MS  # By one clock a lease has run out that by another has just begun.
        if apart or first.is_dead or failed != self._failed_records.get(first, 0) or excuses != self._excuses:
            self.explained += 1
            return
        self.doubled += 1
        self.blame(f"{sent.process.name} told {sent.target} again what {first.name} had told it, for no reason")


_PASS_POISON_OVER: Final = frozenset({Group.RECORDER, Group.RESOLVER})
"""Beside the evaluator, which reads the same topic and puts it aside."""


class PoisonBook(Checker):
    """Every record that cannot be read is in the dead-letter topic by the time that its offset is passed.

    Attributes:
        waiting: Place → key of those that nobody has come to yet.
        accounted: How many are in a dead-letter topic.
        dropped: How many were passed and are not.
    """

    name: ClassVar[str] = "poison"
    sees = (facts.Appended, facts.Committed)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self.waiting: dict[tuple[str, int, int], None] = {}
        self.accounted = 0
        self.dropped = 0

    def see(self, fact: facts.Fact) -> None:
        """Follow poison to its dead letter."""
        if isinstance(fact, facts.Appended):
            record = fact.record
            if record.topic.endswith(DLQ_SUFFIX):
                headers = dict(record.headers)
                where = (
                    headers["dlq-topic"].decode(),
                    int(headers["dlq-partition"]),
                    int(headers["dlq-offset"]),
                )
                self.accounted += where in self.waiting
                self.waiting.pop(where, None)
            elif record.key.startswith(b"poison-"):
                self.waiting[record.topic, record.partition, record.offset] = None
        elif isinstance(fact, facts.Committed) and self.waiting and fact.group not in _PASS_POISON_OVER:
            self._passed(fact)

    def _passed(self, fact: facts.Committed) -> None:
        for topic, partition, offset in list(self.waiting):
            if topic == fact.topic and offset < fact.after.get(partition, 0):
                del self.waiting[topic, partition, offset]
                self.dropped += 1
                self.evidence.blame("poison", f"{fact.process.name} passed {topic}/{partition}/{offset} and dropped it")
