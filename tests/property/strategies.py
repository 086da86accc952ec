"""What hypothesis draws rules and alerts from: few different values, so that they often meet, and odd ones."""

from hypothesis import strategies as st

from alerting_core.domain.alert import SEVERITY_NAMES, Alert, Severity
from alerting_core.domain.rule import Catches, Rule

TEXTS = ("api", "API", "api ", "é", "e\u0301", "警報", "*", "**", "None", "0")
"""Alike to a careless eye or a careless comparison; a rule can hold all but `*`, which is the wildcard there."""

severities = st.sampled_from(list(Severity))
texts = st.sampled_from(TEXTS)
client_ids = st.sampled_from(("a", "A", "b"))
rule_ids = st.integers(0, 11).map("rule-{}".format)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a rule; one with three wildcards catches everything, or what is unmatched."""
    severity, source = draw(st.sampled_from((*SEVERITY_NAMES, "*"))), draw(texts | st.just("*"))
    name = draw(texts | st.just("*"))
    catches = Catches.PATTERN
    if severity == source == name == "*" or draw(st.integers(0, 7)) == 0:
        severity = source = name = "*"
        catches = draw(st.sampled_from((Catches.EVERYTHING, Catches.UNMATCHED)))
    return Rule(
        rule_id=draw(rule_ids),
        client_id=draw(client_ids),
        severity=severity,
        source=source,
        name=name,
        catches=catches,
        enabled=draw(st.sampled_from((True, True, True, False))),
        version=1,
        created_at_ms=0,
        updated_at_ms=0,
    )


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    """Draw an alert, of unknown severity too."""
    return Alert("alert-1", draw(severities), draw(texts), draw(texts), event_ts=0)
