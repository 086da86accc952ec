"""From alerts to matches."""

from alerting_core.domain.match import Match
from alerting_core.domain.severity import Severity
from alerting_core.matching.index import RuleIndex
from alerting_core.stages.evaluate import match_alerts
from tests.unit.core.matching.build import make_alert, make_rule

INDEX = RuleIndex(
    [
        make_rule("a1", client_id="a"),
        make_rule("a2", "*", client_id="a"),
        make_rule("b1", client_id="b"),
        make_rule("c1", name="crash", client_id="c"),
    ]
)
TIMEOUT = make_alert(alert_id="timeout")
CRASH = make_alert(name="crash", alert_id="crash")
UNWANTED = make_alert(Severity.LOW, "db", "slow", alert_id="unwanted")


def test_each_client_gets_one_match_per_alert_with_all_its_rules() -> None:
    assert match_alerts(INDEX, [TIMEOUT, UNWANTED, CRASH]) == [
        Match(TIMEOUT, "a", ("a1", "a2")),
        Match(TIMEOUT, "b", ("b1",)),
        Match(CRASH, "c", ("c1",)),
    ]


def test_alerts_that_no_rule_wants_make_nothing() -> None:
    assert match_alerts(INDEX, [UNWANTED, UNWANTED]) == match_alerts(INDEX, []) == []
