"""The obvious way to match, one rule after the other. It defines what the index has to return."""

from collections.abc import Iterable

from alerting_core.domain.alert import WILDCARD, Severity
from alerting_core.domain.rule import Catches, Rule


def match_by_nested_loop(
    rules: Iterable[Rule], severity: Severity, source: str, name: str, owner: str = ""
) -> dict[str, tuple[str, ...]]:
    """Return client_id → that client's matching rule ids, most specific first; the cost grows with all rules.

    An *owner*, of a private alert, is the only client whose rules count.
    """
    matching = [r for r in rules if owner in {"", r.client_id} and _matches(r, severity, source, name)]
    if any(r.catches is Catches.PATTERN for r in matching):
        matching = [r for r in matching if r.catches is not Catches.UNMATCHED]
    found: dict[str, tuple[str, ...]] = {}
    for rule in sorted(matching, key=_wildcards):
        found[rule.client_id] = (*found.get(rule.client_id, ()), rule.rule_id)
    return found


def _matches(rule: Rule, severity: Severity, source: str, name: str) -> bool:
    return (
        rule.enabled
        and rule.severity in (WILDCARD, severity.name)
        and rule.source in (WILDCARD, source)
        and rule.name in (WILDCARD, name)
    )


def _wildcards(rule: Rule) -> tuple[int, bool, bool, bool, bool]:
    """Sort fewer wildcards first, then an exact severity before an exact source before an exact name; last what meets
    everything, after what is unmatched."""
    wild = (rule.severity == WILDCARD, rule.source == WILDCARD, rule.name == WILDCARD)
    return (sum(wild), *wild, rule.catches is not Catches.UNMATCHED)
