"""From alerts to matches, in bounded batches."""

from alerting_core.domain.match import Match
from alerting_core.domain.severity import Severity
from alerting_core.matching.index import RuleIndex
from alerting_core.stages.evaluate import evaluate, match_alerts
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


def test_unmatched_alerts_are_counted_and_make_nothing() -> None:
    evaluation = evaluate(INDEX, [UNWANTED, CRASH, UNWANTED])
    assert (evaluation.alerts_taken, evaluation.alerts_matched, evaluation.alerts_unmatched) == (3, 1, 2)
    assert evaluation.matches == match_alerts(INDEX, [CRASH])


def test_a_batch_takes_only_as_many_alerts_as_its_outputs_allow() -> None:
    alerts = [CRASH, TIMEOUT, UNWANTED, CRASH, CRASH]
    evaluation = evaluate(INDEX, alerts, matches_max=4)
    assert evaluation.alerts_taken == 4
    assert evaluation.matches == match_alerts(INDEX, alerts[:4])


def test_an_alert_is_taken_whole_or_not_at_all() -> None:
    assert evaluate(INDEX, [CRASH, TIMEOUT], matches_max=2).alerts_taken == 1


def test_the_first_alert_that_matches_is_taken_however_many_clients_it_has() -> None:
    evaluation = evaluate(INDEX, [TIMEOUT, TIMEOUT], matches_max=1)
    assert (evaluation.alerts_taken, len(evaluation.matches)) == (1, 2)


def test_unwanted_alerts_after_the_last_that_fits_are_taken_too() -> None:
    assert evaluate(INDEX, [UNWANTED, TIMEOUT, UNWANTED, UNWANTED], matches_max=1).alerts_taken == 4
    assert evaluate(INDEX, [TIMEOUT, UNWANTED, UNWANTED, CRASH], matches_max=2).alerts_taken == 3


def test_an_empty_batch_is_an_empty_evaluation() -> None:
    assert evaluate(INDEX, []).matches == []
