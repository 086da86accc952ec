"""Explanations: all that stood against a rule, with stable codes."""

from dataclasses import replace

from alerting_core.domain.alert import Severity
from alerting_core.domain.rule import Catches, Rule, pattern_of
from alerting_core.matching.explain import (
    NOT_SHOWN,
    Elsewhere,
    Finding,
    MatchReason,
    RuleExplanation,
    explain,
    patterns_that_meet,
)
from tests.unit.core.matching.build import make_alert, make_catch_all, make_rule


def _explain_one(rule: Rule, severity: Severity = Severity.HIGH, source: str = "api") -> RuleExplanation:
    (explanation,) = explain(make_alert(severity, source), [rule])
    return explanation


def _codes(explanation: RuleExplanation) -> list[str]:
    return [str(finding.reason) for finding in explanation.findings]


def test_a_matching_rule_is_explained_by_matched_alone() -> None:
    explanation = _explain_one(make_rule("r", "*", "api", "timeout", client_id="c"))
    assert explanation.matched
    assert (explanation.rule_id, explanation.client_id) == ("r", "c")
    assert explanation.findings == (
        Finding(MatchReason.MATCHED, "", "", "", "the rule matched by source and name"),
    )  # fmt: skip


def test_all_that_differs_is_told_at_once_with_expected_and_actual_values() -> None:
    explanation = _explain_one(make_rule("r", "LOW", "db", "crash", enabled=False))
    assert not explanation.matched
    assert _codes(explanation) == ["disabled", "severity-differs", "source-differs", "name-differs"]
    assert [(f.field, f.expected, f.actual) for f in explanation.findings] == [
        ("enabled", "true", "false"),
        ("severity", "LOW", "HIGH"),
        ("source", "db", "api"),
        ("name", "crash", "timeout"),
    ]


def test_a_disabled_rule_that_would_match_is_only_disabled() -> None:
    assert _codes(_explain_one(make_rule(enabled=False))) == ["disabled"]


def test_an_unknown_severity_is_told_apart_from_another_severity() -> None:
    assert _codes(_explain_one(make_rule(), Severity.UNSPECIFIED)) == ["severity-unknown"]
    assert _explain_one(make_rule(severity="*"), Severity.UNSPECIFIED).matched


def test_an_asterisk_in_the_alert_differs_from_an_exact_rule() -> None:
    explanation = _explain_one(make_rule(), source="*")
    assert _codes(explanation) == ["source-differs"]
    assert explanation.findings[0].actual == "*"


def test_differences_that_are_hard_to_see_are_named() -> None:
    def detail(source: str, actual: str) -> str:
        return _explain_one(make_rule(source=source), source=actual).findings[0].detail

    assert detail("API", "api").endswith("they differ in upper and lower case")
    assert detail("api ", "api").endswith("they differ in white space before or after the text")
    assert detail("é", "e\u0301").endswith("they look the same, but are different Unicode characters")
    assert detail("db", "api") == "the rule asks for the source 'db', the alert has 'api'"


def test_explanations_come_in_the_order_of_the_rules() -> None:
    rules = [make_rule("z"), make_rule("a", "LOW"), make_rule("m", "*")]
    assert [(e.rule_id, e.matched) for e in explain(make_alert(), rules)] == [("z", True), ("a", False), ("m", True)]


def test_the_reason_codes_are_stable() -> None:
    assert {reason.value for reason in MatchReason} == {
        "matched", "disabled", "severity-differs", "severity-unknown", "source-differs", "name-differs",
        "owner-differs", "met-by-another-rule", "others-not-shown",
    }  # fmt: skip


def test_a_private_alert_meets_no_rule_of_another_client() -> None:
    rules = [make_rule("theirs", client_id="globex"), make_rule("own", client_id="acme")]
    theirs, own = explain(replace(make_alert(), owner="acme"), rules)
    assert own.matched
    assert _codes(theirs) == ["owner-differs"]
    assert (theirs.findings[0].expected, theirs.findings[0].actual) == ("globex", "acme")


EVERYTHING = make_catch_all("all", Catches.EVERYTHING)
UNMATCHED = make_catch_all("rest", Catches.UNMATCHED)


def test_a_rule_that_catches_everything_is_explained_as_one() -> None:
    assert [f.detail for f in _explain_one(EVERYTHING).findings] == ["the rule matches every alert"]


def test_what_no_ordinary_rule_meets_is_explained_by_what_met_it() -> None:
    rules = [make_rule("low", "LOW"), EVERYTHING, UNMATCHED]
    assert [one.matched for one in explain(make_alert(), rules)] == [False, True, True]
    *_, rest = explain(make_alert(), [make_rule("theirs", client_id="globex"), *rules])
    assert not rest.matched
    assert rest.findings == (
        Finding(
            MatchReason.MET_BY_ANOTHER_RULE,
            "catches",
            "unmatched",
            "theirs",
            "the rule matches what no ordinary rule meets, and the rule theirs of globex meets the alert",
        ),
    )


def test_a_rule_elsewhere_counts_as_one_that_is_at_hand() -> None:
    theirs = Elsewhere(rule=make_rule("theirs", client_id="globex"))
    (rest,) = explain(make_alert(), [UNMATCHED], theirs)
    assert [finding.actual for finding in rest.findings] == ["theirs"]
    (private,) = explain(replace(make_alert(), owner="operators"), [UNMATCHED], theirs)
    assert private.matched


def test_a_client_is_not_told_what_rules_of_others_meet() -> None:
    (shared,) = explain(make_alert(), [UNMATCHED], NOT_SHOWN)
    assert _codes(shared) == ["others-not-shown"]
    own = make_rule("own", client_id="operators")
    assert [_codes(one) for one in explain(make_alert(), [own, UNMATCHED], NOT_SHOWN)] == [
        ["matched"],
        ["met-by-another-rule"],
    ]
    (private,) = explain(replace(make_alert(), owner="operators"), [UNMATCHED], NOT_SHOWN)
    assert private.matched


def test_the_patterns_that_meet_an_alert_are_those_of_ordinary_rules() -> None:
    found = patterns_that_meet(make_alert())
    assert len(found) == 7
    assert pattern_of("*", "*", "*") not in found
    assert patterns_that_meet(make_alert(Severity.UNSPECIFIED)) == {one for one in found if one[0] is None}
