"""The sets of rules that there were, and what the reference makes of an alert under each."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from alerting_core.domain.alert import Alert
from alerting_core.domain.rule import Rule
from alerting_core.matching.reference import match_by_nested_loop
from alerting_core.ports.rules import RuleSnapshot
from alerting_core.sim.facts import RulesChanged, RulesRead
from alerting_core.sim.process import Process

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
        self._found: dict[tuple[int, int, str, str], Matches] = {}

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
        key = (version, int(alert.severity), alert.source, alert.name)
        if key not in self._found:
            rules = self._rules[version]
            self._found[key] = match_by_nested_loop(rules, alert.severity, alert.source, alert.name)
        return self._found[key]
