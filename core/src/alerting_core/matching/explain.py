"""Why a rule matched an alert or did not, for people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize

from alerting_core.domain.alert import WILDCARD, Alert, Severity
from alerting_core.domain.rule import Rule, pattern_warnings


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


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that decided.

    Attributes:
        field: severity, source, name, enabled or client_id; empty when the rule matched.
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


def explain(alert: Alert, rules: Iterable[Rule]) -> list[RuleExplanation]:
    """Say for each of *rules*, in their order, whether it matched *alert* or all that stood against it."""
    return [
        RuleExplanation(rule.rule_id, rule.client_id, tuple(_against(alert, rule)) or (_matched(rule),))
        for rule in rules
    ]


def _matched(rule: Rule) -> Finding:
    pairs = (("severity", rule.severity), ("source", rule.source), ("name", rule.name))
    exact = [field for field, expected in pairs if expected != WILDCARD]
    detail = f"the rule matched by {_listed(exact)}" if exact else "the rule matches every alert"
    return Finding(MatchReason.MATCHED, "", "", "", detail)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _against(alert: Alert, rule: Rule) -> Iterator[Finding]:
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
