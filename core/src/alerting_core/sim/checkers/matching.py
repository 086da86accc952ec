"""Alerts and matches: nothing accepted is lost, nothing is made up, and edits of rules take effect.

While rules are edited, what an alert has to match depends on when it is evaluated. It is stated so. Between the poll
that brought an alert and the commit that ended it, an evaluator knows one or several versions of the rules. A client
must be told if its rules match under each of them, and by then its match is published. Whatever is published must be
what the reference says under some version in force since the alert was first polled.
"""

from typing import ClassVar

from alerting_core.codec.records import Rejected
from alerting_core.domain.alert import Alert, Match
from alerting_core.domain.notification import derive_notification_id
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, Group
from alerting_core.sim.checkers.rules import RuleHistory
from alerting_core.sim.facts import Appended, Committed, Fact, Polled, Process, Refused, RulesChanged, RulesRead
from alerting_core.sim.simulation import Checker, Evidence, read_alert, read_match


class NothingLost(Checker):
    """Every client whose rules match an accepted alert has one notification of it, unless it was deleted."""

    name: ClassVar[str] = "nothing-lost"
    sees = (RulesChanged, RulesRead, Polled, Committed, Appended)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._history = RuleHistory(distributed=evidence.distributed)
        self._version: dict[Process, int] = {}
        self._known_since_poll: dict[Process, list[int]] = {}
        self._published: set[tuple[str, str]] = set()
        self._in_log: set[str] = set()
        self._expected: dict[tuple[str, str], None] = {}

    def see(self, fact: Fact) -> None:
        """Collect what evaluators know, and hold each of their commits against it."""
        match fact:
            case RulesChanged():
                self._history.add(fact)
            case RulesRead(process):
                self._version[process] = version = self._history.read(fact)
                self._known_since_poll.setdefault(process, []).append(version)
            case Polled(process) if fact.group == Group.EVALUATOR:
                self._known_since_poll[process] = [self._version[process]] if process in self._version else []
            case Appended(record) if record.topic == ALERTS_NEW:
                alert = read_alert(record.value)
                if isinstance(alert, Alert):
                    self._in_log.add(alert.alert_id)
            case Appended(record) if record.topic == ALERTS_MATCHED:
                match = read_match(record.value)
                if isinstance(match, Match):
                    self._published.add((match.client_id, match.alert.alert_id))
            case Committed() if fact.group == Group.EVALUATOR:
                self._check(fact)
            case _:
                pass

    def finish(self) -> None:
        """Every accepted alert is in the log, and every client that had to be told has its notification."""
        for alert in self.evidence.accepted:
            if alert.alert_id not in self._in_log:
                self.blame(f"{alert.alert_id} was accepted and is not in the log")
        for client_id, alert_id in self._expected:
            id_ = derive_notification_id(client_id, alert_id)
            if client_id in self.evidence.database.clients and id_ not in self.evidence.database.notifications:
                self.blame(f"{client_id} has no notification of {alert_id}")

    def _check(self, fact: Committed) -> None:
        versions = self._known_since_poll.get(fact.process) or [self._history.latest]
        for record in fact.records:
            alert = read_alert(record.value)
            if not isinstance(alert, Rejected):
                where = f"{fact.process.name} committed {record.partition}/{record.offset}"
                self._expect(alert, versions, where=where)

    def _expect(self, alert: Alert, versions: list[int], *, where: str) -> None:
        found = [self._history.matches(version, alert) for version in versions]
        for client_id in found[0]:
            if all(client_id in matches for matches in found):
                self._expected[client_id, alert.alert_id] = None
                if (client_id, alert.alert_id) not in self._published:
                    self.blame(f"{where} and never published that {alert.alert_id} matches {client_id}")


class OnlyMatches(Checker):
    """Nobody is told of an alert that none of its rules matches, and the rules named are those that do."""

    name: ClassVar[str] = "only-matches"
    sees = (RulesChanged, RulesRead, Polled, Appended)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._history = RuleHistory(distributed=evidence.distributed)
        self._version: dict[Process, int] = {}
        self._first_version: dict[str, int] = {}

    def see(self, fact: Fact) -> None:
        """Hold each published match against the reference."""
        match fact:
            case RulesChanged():
                self._history.add(fact)
            case RulesRead(process):
                self._version[process] = self._history.read(fact)
            case Polled(process) if fact.group == Group.EVALUATOR:
                version = self._version.get(process, self._history.latest)
                for record in fact.records:
                    key = record.key.decode()
                    self._first_version[key] = min(version, self._first_version.get(key, version))
            case Appended(record) if record.topic == ALERTS_MATCHED:
                match = read_match(record.value)
                if isinstance(match, Match):
                    self._check(match)
            case _:
                pass

    def _check(self, match: Match) -> None:
        first = self._first_version.get(match.alert.alert_id)
        if first is None:
            self.blame(f"a match of {match.alert.alert_id} was published, which nobody had polled")
            return
        possible = [self._history.matches(version, match.alert) for version in self._history.since(first)]
        if not any(matches.get(match.client_id) == match.rule_ids for matches in possible):
            self.blame(f"{match.client_id} was told that {match.alert.alert_id} matches {', '.join(match.rule_ids)}")


class FreshRules(Checker):
    """An alert that comes in after an edit is matched against the edited rules, or the evaluator knows that it may
    not have been: it was told that the rule source is away. (Where edits go through the shared snapshot they take their
    time: see `RulesArrive`.)"""

    name: ClassVar[str] = "fresh-rules"
    sees = (RulesChanged, RulesRead, Refused, Polled, Committed)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._latest = 0
        self._version: dict[Process, int] = {}
        self._wanted: dict[Process, int] = {}
        self._knows: dict[Process, bool] = {}

    def see(self, fact: Fact) -> None:
        """Compare what an evaluator knows when it commits with what the rules were when it polled."""
        match fact:
            case RulesChanged(version):
                self._latest = version
            case RulesRead(process, version):
                self._version[process] = version
            case Refused(process, operation) if operation.startswith("rules."):
                self._knows[process] = True
            case Polled(process) if fact.group == Group.EVALUATOR:
                self._wanted[process], self._knows[process] = self._latest, False
            case Committed(process) if fact.group == Group.EVALUATOR:
                has, wants = self._version.get(process, -1), self._wanted.get(process, 0)
                if not self.evidence.distributed and has < wants and not self._knows.get(process, False):
                    self.blame(f"{process.name} matched by version {has} of the rules, {wants} was in force")
            case _:
                pass
