"""Why a rule matched an alert or did not, for people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final
from unicodedata import normalize

from alerting_core.domain.alert import WILDCARD, Alert, Severity
from alerting_core.domain.rule import Catches, Pattern, Rule, pattern_of, pattern_warnings


class MatchReason(StrEnum):
    """Stable names of what decided about one rule. The API, the UI and the playground show them."""

    MATCHED = "matched"
    """The rule is enabled, and each field is equal or a wildcard."""
    DISABLED = "disabled"
    SEVERITY_DIFFERS = "severity-differs"
    SEVERITY_UNKNOWN = "severity-unknown"
    """The alert's severity is none that this version knows; only `*` meets it."""
    SOURCE_DIFFERS = "source-differs"
    NAME_DIFFERS = "name-differs"
    OWNER_DIFFERS = "owner-differs"
    """The alert is private to another client."""
    MET_BY_ANOTHER_RULE = "met-by-another-rule"
    """The rule catches what no ordinary rule meets, and one meets the alert."""
    OTHERS_NOT_SHOWN = "others-not-shown"
    """The rule catches what no ordinary rule meets, and whether other clients' rules meet it is not for the caller."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that decided.

    Attributes:
        field: severity, source, name, enabled, client_id or catches; empty when the rule matched.
        expected: What the rule asks for in that field; empty when it matched.
        actual: What is there; empty when it matched.
        detail: One sentence for people.
    """

    reason: MatchReason
    field: str
    expected: str
    actual: str
    detail: str


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """The decision about one rule.

    Attributes:
        findings: At least one: MATCHED alone, or everything that stood against it, `enabled` first.
    """

    rule_id: str
    client_id: str
    findings: tuple[Finding, ...]

    @property
    def matched(self) -> bool:
        """Whether the rule matched."""
        return self.findings[0].reason is MatchReason.MATCHED


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is known of the ordinary rules that are not among those to explain.

    Attributes:
        is_shown: Whether that may be said at all.
        rule: One that meets the alert; None when none does.
    """

    is_shown: bool = True
    rule: Rule | None = None


NOWHERE: Final = Elsewhere()
"""There are no other rules, or none of them meets the alert."""

NOT_SHOWN: Final = Elsewhere(is_shown=False)
"""The caller is a client, who learns nothing of what other clients' rules meet."""


def explain(alert: Alert, rules: Iterable[Rule], elsewhere: Elsewhere = NOWHERE) -> list[RuleExplanation]:
    """Say for each of *rules*, in their order, whether it matched *alert* or all that stood against it.

    Rules that catch what is unmatched depend on all others: on *rules*, and on what is *elsewhere*.
    """
    known = list(rules)
    decided = [(rule, tuple(_against(alert, rule, known, elsewhere))) for rule in known]
    return [RuleExplanation(rule.rule_id, rule.client_id, against or (_matched(rule),)) for rule, against in decided]


def patterns_that_meet(alert: Alert) -> frozenset[Pattern]:
    """Return the patterns of all ordinary rules that would meet *alert*."""
    severity = () if alert.severity is Severity.UNSPECIFIED else (alert.severity.name,)
    met = product((*severity, WILDCARD), (alert.source, WILDCARD), (alert.name, WILDCARD))
    return frozenset(pattern_of(*fields) for fields in met) - {pattern_of(WILDCARD, WILDCARD, WILDCARD)}


def _matched(rule: Rule) -> Finding:
    if rule.catches is Catches.UNMATCHED:
        return Finding(MatchReason.MATCHED, "", "", "", "the rule matches what no ordinary rule meets, and none does")
    pairs = (("severity", rule.severity), ("source", rule.source), ("name", rule.name))
    exact = [field for field, expected in pairs if expected != WILDCARD]
    detail = f"the rule matched by {_listed(exact)}" if exact else "the rule matches every alert"
    return Finding(MatchReason.MATCHED, "", "", "", detail)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _against(alert: Alert, rule: Rule, rules: Sequence[Rule], elsewhere: Elsewhere) -> Iterator[Finding]:
    if not rule.enabled:
        yield Finding(MatchReason.DISABLED, "enabled", "true", "false", "the rule is disabled")
    if rule.severity not in (WILDCARD, alert.severity.name):
        yield _severity_finding(alert, rule)
    if rule.source not in (WILDCARD, alert.source):
        detail = _text_detail("source", rule.source, alert.source)
        yield Finding(MatchReason.SOURCE_DIFFERS, "source", rule.source, alert.source, detail)
    if rule.name not in (WILDCARD, alert.name):
        detail = _text_detail("name", rule.name, alert.name)
        yield Finding(MatchReason.NAME_DIFFERS, "name", rule.name, alert.name, detail)
    if alert.owner not in ("", rule.client_id):
        detail = f"the alert is private to {alert.owner}: rules of other clients do not meet it"
        yield Finding(MatchReason.OWNER_DIFFERS, "client_id", rule.client_id, alert.owner, detail)
    elif rule.catches is Catches.UNMATCHED:
        yield from _met_finding(alert, rule, rules, elsewhere)


def _met_finding(alert: Alert, rule: Rule, rules: Sequence[Rule], elsewhere: Elsewhere) -> Iterator[Finding]:
    """Yield what stands against a rule that catches what no ordinary rule meets."""
    met_by = next((other for other in rules if _meets_as_ordinary(other, alert)), None)
    if met_by is None and not alert.owner:
        if not elsewhere.is_shown:
            detail = "the rule matches if no other client's rule does, which is not shown"
            yield Finding(MatchReason.OTHERS_NOT_SHOWN, "catches", rule.catches, "", detail)
        met_by = elsewhere.rule
    if met_by is not None:
        whose = "" if met_by.client_id == rule.client_id else f" of {met_by.client_id}"
        detail = f"the rule matches what no ordinary rule meets, and the rule {met_by.rule_id}{whose} meets the alert"
        yield Finding(MatchReason.MET_BY_ANOTHER_RULE, "catches", rule.catches, met_by.rule_id, detail)


def _meets_as_ordinary(rule: Rule, alert: Alert) -> bool:
    """Tell whether an ordinary rule meets *alert*; only its owner's rules meet a private one."""
    return not rule.is_catch_all and next(_against(alert, rule, (), NOWHERE), None) is None


def _severity_finding(alert: Alert, rule: Rule) -> Finding:
    if alert.severity is Severity.UNSPECIFIED:
        reason, detail = MatchReason.SEVERITY_UNKNOWN, "the alert's severity is unknown: only rules with * meet it"
    else:
        reason = MatchReason.SEVERITY_DIFFERS
        detail = f"the rule asks for {rule.severity}, the alert has {alert.severity.name}"
    return Finding(reason, "severity", rule.severity, alert.severity.name, detail)


def _text_detail(field: str, expected: str, actual: str) -> str:
    detail = f"the rule asks for the {field} {expected!r}, the alert has {actual!r}"
    if expected.strip() == actual.strip():
        return f"{detail}: they differ in white space before or after the text"
    if normalize("NFC", expected) == normalize("NFC", actual):
        return f"{detail}: they look the same, but are different Unicode characters"
    if expected.casefold() == actual.casefold():
        return f"{detail}: they differ in upper and lower case"
    if pattern_warnings(expected, WILDCARD):
        return f"{detail}: what looks like a pattern in a rule is compared as it is written"
    return detail
