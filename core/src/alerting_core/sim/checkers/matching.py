"""Alerts and matches: nothing accepted is lost, nothing is made up, and edits of rules take effect.

While rules are edited, what an alert has to match depends on when it is evaluated. It is stated so. Between the poll
that brought an alert and the commit that ended it, an evaluator knows one or several versions of the rules. A client
must be told if its rules match under each of them, and by then its match is published. Whatever is published must be
what the reference says under some version in force since the alert was first polled.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from alerting_core.domain.alert import Alert, AlertKey, AlertStatus, Match
from alerting_core.domain.claim import Claim
from alerting_core.domain.notification import Notification, derive_notification_id
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, Group
from alerting_core.sim.checkers.rules import RuleHistory
from alerting_core.sim.facts import (
    Appended,
    Committed,
    Fact,
    NotificationPut,
    Polled,
    Process,
    Refused,
    RulesChanged,
    RulesRead,
    Sent,
)
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
        self._published: set[tuple[str, AlertKey]] = set()
        self._in_log: set[AlertKey] = set()
        self._expected: dict[tuple[str, AlertKey], None] = {}

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
                    self._in_log.add(alert.key)
            case Appended(record) if record.topic == ALERTS_MATCHED:
                match = read_match(record.value)
                if isinstance(match, Match):
                    self._published.add((match.client_id, match.alert.key))
            case Committed() if fact.group == Group.EVALUATOR:
                self._check(fact)
            case _:
                pass

    def finish(self) -> None:
        """Every accepted alert is in the log, and every client that had to be told has its notification."""
        for alert in self.evidence.accepted:
            if alert.key not in self._in_log:
                self.blame(f"{alert.alert_id} was accepted and is not in the log")
        for client_id, (owner, alert_id) in self._expected:
            id_ = derive_notification_id(client_id, alert_id, owner)
            if client_id in self.evidence.database.clients and id_ not in self.evidence.database.notifications:
                self.blame(f"{client_id} has no notification of {alert_id}")

    def _check(self, fact: Committed) -> None:
        versions = self._known_since_poll.get(fact.process) or [self._history.latest]
        for record in fact.records:
            alert = read_alert(record.value)
            if isinstance(alert, Alert) and alert.status is AlertStatus.FIRING:
                where = f"{fact.process.name} committed {record.partition}/{record.offset}"
                self._expect(alert, versions, where=where)

    def _expect(self, alert: Alert, versions: list[int], *, where: str) -> None:
        found = [self._history.matches(version, alert) for version in versions]
        for client_id in found[0]:
            if all(client_id in matches for matches in found):
                self._expected[client_id, alert.key] = None
                if (client_id, alert.key) not in self._published:
                    self.blame(f"{where} and never published that {alert.alert_id} matches {client_id}")


class OnlyMatches(Checker):
    """Nobody is told of an alert that none of its rules matches, and the rules named are those that do."""

    name: ClassVar[str] = "only-matches"
    sees = (RulesChanged, RulesRead, Polled, Appended)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._history = RuleHistory(distributed=evidence.distributed)
        self._version: dict[Process, int] = {}
        self._first_version: dict[AlertKey, int] = {}

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
                    alert = read_alert(record.value)
                    if isinstance(alert, Alert):
                        first = self._first_version.get(alert.key, version)
                        self._first_version[alert.key] = min(version, first)
            case Appended(record) if record.topic == ALERTS_MATCHED:
                match = read_match(record.value)
                if isinstance(match, Match):
                    self._check(match)
            case _:
                pass

    def _check(self, match: Match) -> None:
        first = self._first_version.get(match.alert.key)
        if first is None:
            self.blame(f"a match of {match.alert.alert_id} was published, which nobody had polled")
            return
        possible = [self._history.matches(version, match.alert) for version in self._history.since(first)]
        if not any(matches.get(match.client_id) == match.rule_ids for matches in possible):
            self.blame(f"{match.client_id} was told that {match.alert.alert_id} matches {', '.join(match.rule_ids)}")


class NothingCrosses(Checker):
    """Nothing of a private alert reaches a client that it does not belong to.

    An alert is known by what it says, its number, not by the owner that it carries later on: that may have been lost.
    """

    name: ClassVar[str] = "nothing-crosses"
    sees = (Appended, NotificationPut, Sent)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._owners: dict[str, str] = {}

    def see(self, fact: Fact) -> None:
        """Remember whose each alert is, and hold against it whom it reaches."""
        match fact:
            case Appended(record) if record.topic == ALERTS_NEW:
                alert = read_alert(record.value)
                if isinstance(alert, Alert) and _NUMBER in alert.context:
                    self._owners[alert.context[_NUMBER]] = alert.owner
            case Appended(record) if record.topic == ALERTS_MATCHED:
                match = read_match(record.value)
                if isinstance(match, Match):
                    self._check("a match", match.client_id, match.alert.context)
            case NotificationPut(None, Notification() as new):
                self._check("a notification", new.client_id, new.context)
            case Sent(claim=Claim() as claim):
                self._check("a message", claim.delivery.client_id, claim.notification.context)
            case _:
                pass

    def _check(self, what: str, client_id: str, context: Mapping[str, str]) -> None:
        owner = self._owners.get(context.get(_NUMBER, ""), "")
        if owner not in {"", client_id}:
            self.blame(f"{what} of alert number {context[_NUMBER]}, which is private to {owner}, is {client_id}'s")


_NUMBER: Final = "number"
"""The label by which the source numbers its alerts."""


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
