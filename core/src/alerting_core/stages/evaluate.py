"""From alerts to matches: one per alert and client that has at least one matching rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.domain.alert import Alert
from alerting_core.domain.match import Match
from alerting_core.matching.index import RuleIndex


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a batch of alerts came to.

    Attributes:
        matches: In the order of the alerts.
        alerts_taken: How many alerts, from the first on, *matches* is about; the others are for the next batch.
        alerts_matched: How many of those at least one rule wanted.
    """

    matches: list[Match]
    alerts_taken: int
    alerts_matched: int

    @property
    def alerts_unmatched(self) -> int:
        """How many of the alerts taken no rule wanted. Nothing is published for them."""
        return self.alerts_taken - self.alerts_matched


def evaluate(
    index: RuleIndex, alerts: Sequence[Alert], *, matches_max: int = limits.OUTPUTS_PER_COMMIT_MAX
) -> Evaluation:
    """Match as many of *alerts* as make at most *matches_max* matches.

    An alert is taken whole or not at all: its matches are committed together with its offset. The first that matches
    is always taken, however many clients it has, so that a popular alert cannot stop the stream.
    """
    matches: list[Match] = []
    taken = matched = 0
    for alert in alerts:
        found = index.match(alert.severity, alert.source, alert.name)
        if matches and found and len(matches) + len(found) > matches_max:
            break
        matches.extend([Match(alert, client_id, rule_ids) for client_id, rule_ids in found.items()])
        taken += 1
        matched += bool(found)
    return Evaluation(matches, alerts_taken=taken, alerts_matched=matched)


def match_alerts(index: RuleIndex, alerts: Sequence[Alert]) -> list[Match]:
    """Return the matches of all *alerts*, in their order, however many there are."""
    return [
        Match(alert, client_id, rule_ids)
        for alert in alerts
        for client_id, rule_ids in index.match(alert.severity, alert.source, alert.name).items()
    ]
