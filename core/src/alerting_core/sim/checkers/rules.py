"""Rules on their way to the evaluators, never a part of them; and what an alert has to match under each set."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, TypeAlias

from alerting_core.domain.alert import Alert
from alerting_core.domain.rule import Rule
from alerting_core.matching.reference import match_by_nested_loop
from alerting_core.ports.rule_distribution import RuleChanges, RuleSnapshot
from alerting_core.sim.facts import Fact, FaultsEnded, Process, RulesChanged, RulesRead
from alerting_core.sim.simulation import Checker, Evidence

Matches: TypeAlias = Mapping[str, tuple[str, ...]]
RulesOfClients: TypeAlias = dict[str, tuple[Rule, ...]]
"""client_id → its enabled rules by id; a client without any is not in it."""


def by_client(rules: Iterable[Rule]) -> RulesOfClients:
    """Return *rules* client by client."""
    found: dict[str, list[Rule]] = {}
    for rule in sorted(rules, key=lambda rule: rule.rule_id):
        found.setdefault(rule.client_id, []).append(rule)
    return {client_id: tuple(of_client) for client_id, of_client in found.items()}


class KnownRules:
    """What each evaluator was told."""

    def __init__(self) -> None:
        self._known: dict[Process, RulesOfClients] = {}

    def read(self, fact: RulesRead) -> RulesOfClients:
        """Take in what a process was told, and return all that it knows by now."""
        if isinstance(fact.answer, RuleSnapshot):
            known = by_client(fact.answer.rules)
        elif fact.answer.by_client:
            known = dict(self._known.get(fact.process, {}))
            for client_id, rules in fact.answer.by_client.items():
                known.pop(client_id, None)
                known.update(by_client(rules))
        else:
            return self._known.setdefault(fact.process, {})
        self._known[fact.process] = known
        return known

    def forget(self, process: Process) -> None:
        """Forget what a process was told."""
        self._known.pop(process, None)

    def of_the_living(self) -> Mapping[Process, RulesOfClients]:
        """Return what those know that are not dead."""
        return {process: known for process, known in self._known.items() if not process.is_dead}


class RuleHistory:
    """The rules by version.

    Args:
        distributed: Whether evaluators read the shared snapshot. It may hold one client's rules of an earlier moment
            than another's, so that the versions are those sets of rules that evaluators were told, one after the other.
    """

    def __init__(self, *, distributed: bool) -> None:
        self.latest = 0
        self._distributed = distributed
        self._told = KnownRules()
        self._rules: dict[int, tuple[Rule, ...]] = {}
        self._version_of: dict[int, int] = {}
        self._kept: list[RulesOfClients] = []
        self._found: dict[tuple[int, int, str, str, str], Matches] = {}

    def add(self, fact: RulesChanged) -> None:
        """Remember the rules as of a version."""
        if not self._distributed:
            self.latest = fact.version
            self._rules[fact.version] = tuple(fact.rules)

    def read(self, fact: RulesRead) -> int:
        """Return the version that a process was told of."""
        if not self._distributed:
            return fact.version
        known = self._told.read(fact)
        version = self._version_of.get(id(known))
        if version is None:
            version = self.latest = self._version_of[id(known)] = len(self._kept)
            self._kept.append(known)  # So that no other set gets its identity.
            self._rules[version] = tuple(rule for rules in known.values() for rule in rules)
        return version

    def since(self, version: int) -> list[int]:
        """Return *version* and all later ones."""
        return [known for known in self._rules if known >= version]

    def matches(self, version: int, alert: Alert) -> Matches:
        """Return client → rules that match *alert* under *version*."""
        key = (version, int(alert.severity), alert.source, alert.name, alert.owner)
        if key not in self._found:
            rules = self._rules[version]
            self._found[key] = match_by_nested_loop(rules, alert.severity, alert.source, alert.name, alert.owner)
        return self._found[key]


ARRIVE_MS_MAX: Final = 6 * 60_000
"""After the last fault every evaluator has the rules in force within this time: the slowest call that was under way,
the longest wait for alerts, the claim of a builder that died, and the pause before a snapshot is suspected again."""

DELAYS_KEPT_MAX: Final = 1_000


class WholeRules(Checker):
    """An evaluator has of each client all rules that were in force together at some time, and never older ones than it
    had before."""

    name: ClassVar[str] = "whole-rules"
    sees = (RulesChanged, RulesRead)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._known = KnownRules()
        self._states: dict[str, list[tuple[Rule, ...]]] = {}
        self._now: RulesOfClients = {}
        self._reached: dict[tuple[Process, str], int] = {}

    def see(self, fact: Fact) -> None:
        """Hold what evaluators are told against what there was."""
        match fact:
            case RulesChanged(_, rules):
                self._change(by_client(rules))
            case RulesRead(process, _, answer) if self.evidence.distributed:
                if isinstance(answer, RuleChanges) and not answer.by_client:
                    return
                known = self._known.read(fact)
                for client_id, states in self._states.items():
                    self._check(process, client_id, known.get(client_id, ()), states)
            case _:
                pass

    def _change(self, rules: RulesOfClients) -> None:
        for client_id in {**self._now, **rules}:
            states = self._states.setdefault(client_id, [] if not self._now else [()])
            after = rules.get(client_id, ())
            if not states or states[-1] != after:
                states.append(after)
        self._now = rules

    def _check(self, process: Process, client_id: str, known: tuple[Rule, ...], states: list[tuple[Rule, ...]]) -> None:
        reached = self._reached.get((process, client_id), 0)
        for number in range(reached, len(states)):
            if states[number] == known:
                self._reached[process, client_id] = number
                return
        was = "older rules than before" if known in states else "rules that were never in force together"
        self.blame(f"{process.name} has {was} of {client_id}: {len(known)} of them")


class RulesArrive(Checker):
    """Soon after the last fault every evaluator has the rules that are in force.

    Attributes:
        delays_ms: How long the latest edits took, each to reach the last evaluator.
        changed_at_ms: When the rules were edited last.
    """

    name: ClassVar[str] = "rules-arrive"
    sees = (RulesChanged, RulesRead, FaultsEnded)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self.delays_ms: deque[int] = deque(maxlen=DELAYS_KEPT_MAX)
        self._known = KnownRules()
        self._now: RulesOfClients = {}
        self.changed_at_ms = 0
        self._arrived_at_ms = 0
        self._faults_ended_at_ms: int | None = None

    def behind(self) -> list[str]:
        """Return the names of the evaluators that live and have other rules than are in force."""
        if not self.evidence.distributed:
            return []
        return [process.name for process, known in self._known.of_the_living().items() if known != self._now]

    def see(self, fact: Fact) -> None:
        """Note when the last evaluator has been told."""
        match fact:
            case RulesChanged(_, rules):
                self._now, self.changed_at_ms = by_client(rules), self.evidence.now_ms()
            case RulesRead():
                known = self._known.read(fact)
                if self._arrived_at_ms < self.changed_at_ms and known == self._now:
                    self._arrived()
            case FaultsEnded():
                self._faults_ended_at_ms = self.evidence.now_ms()
            case _:
                pass

    def finish(self) -> None:
        """Say that rules came late."""
        late_ms = self._arrived_at_ms - (self._faults_ended_at_ms or 0)
        if self.evidence.distributed and late_ms > ARRIVE_MS_MAX:
            self.blame(f"the last edit reached the evaluators {late_ms} ms after the last fault")

    def _arrived(self) -> None:
        if not self.behind():
            self._arrived_at_ms = self.evidence.now_ms()
            self.delays_ms.append(self._arrived_at_ms - self.changed_at_ms)
