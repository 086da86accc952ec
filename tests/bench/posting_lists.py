"""The other way to index rules: a list of rules per value of each field, intersected for each alert."""

from collections import defaultdict
from collections.abc import Iterable

from alerting_core.domain.alert import WILDCARD, Severity
from alerting_core.domain.rule import Rule
from alerting_core.matching.index import MASKS


class PostingLists:
    """Sets of rule numbers per severity, source and name. The severity is intersected last: its sets are largest."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._severity: dict[str, set[int]] = defaultdict(set)
        self._source: dict[str, set[int]] = defaultdict(set)
        self._name: dict[str, set[int]] = defaultdict(set)
        for number, rule in enumerate(self._rules):
            self._severity[rule.severity].add(number)
            self._source[rule.source].add(number)
            self._name[rule.name].add(number)

    def match(self, severity: Severity, source: str, name: str) -> dict[str, tuple[str, ...]]:
        by_source = self._source.get(source, set()) | self._source[WILDCARD]
        by_name = self._name.get(name, set()) | self._name[WILDCARD]
        exact, anything = self._severity.get(severity.name, set()), self._severity[WILDCARD]
        numbers = [number for number in by_source & by_name if number in exact or number in anything]
        found: dict[str, tuple[str, ...]] = {}
        for rule in sorted((self._rules[number] for number in numbers), key=_rank):
            found[rule.client_id] = (*found.get(rule.client_id, ()), rule.rule_id)
        return found


def _rank(rule: Rule) -> int:
    return MASKS.index((rule.severity != WILDCARD, rule.source != WILDCARD, rule.name != WILDCARD))
