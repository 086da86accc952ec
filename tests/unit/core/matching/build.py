"""Rules and alerts with boring fields, for tests of matching."""

from dataclasses import replace

from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.rule import Catches, Rule


def make_rule(
    rule_id: str = "rule-1",
    severity: str = "HIGH",
    source: str = "api",
    name: str = "timeout",
    *,
    client_id: str = "client-1",
    enabled: bool = True,
) -> Rule:
    """Return a rule of version 1."""
    return Rule(rule_id, client_id, severity, source, name, enabled, version=1, created_at_ms=0, updated_at_ms=0)


def make_catch_all(rule_id: str, catches: Catches, *, client_id: str = "operators", enabled: bool = True) -> Rule:
    """Return a rule that catches more than a pattern."""
    return replace(make_rule(rule_id, "*", "*", "*", client_id=client_id, enabled=enabled), catches=catches)


def make_alert(
    severity: Severity = Severity.HIGH, source: str = "api", name: str = "timeout", *, alert_id: str = "alert-1"
) -> Alert:
    """Return an alert without context."""
    return Alert(alert_id, severity, source, name, event_ts=0)
