"""From alerts to matches: one per alert and client that has at least one matching rule."""

from collections.abc import Sequence

from alerting_core.domain.alert import Alert
from alerting_core.domain.match import Match
from alerting_core.matching.index import RuleIndex


def match_alerts(index: RuleIndex, alerts: Sequence[Alert]) -> list[Match]:
    """Return the matches of all *alerts*, in their order; an alert that no rule wants has none."""
    return [
        Match(alert, client_id, rule_ids)
        for alert in alerts
        for client_id, rule_ids in index.match(alert.severity, alert.source, alert.name).items()
    ]
