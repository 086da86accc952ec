"""What an alert meets, and what edits do to it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from alerting_core.codec.records import Rejected, decode_alert, encode_alert
from alerting_core.domain.alert import Severity
from alerting_core.domain.rule import NO_NAME, Catches, Rule
from alerting_core.matching.index import RuleIndex
from alerting_core.matching.reference import match_by_nested_loop
from tests.unit.core.matching.build import make_alert, make_catch_all, make_rule

H = Severity.HIGH

ALL_MASKS = [
    make_rule("exact", "HIGH", "api", "timeout"),
    make_rule("any-name", "HIGH", "api", "*"),
    make_rule("any-source", "HIGH", "*", "timeout"),
    make_rule("any-severity", "*", "api", "timeout"),
    make_rule("severity-only", "HIGH", "*", "*"),
    make_rule("source-only", "*", "api", "*"),
    make_rule("name-only", "*", "*", "timeout"),
]


def test_matching_rules_come_most_specific_first_whatever_the_order_of_adding() -> None:
    wanted = {"client-1": tuple(rule.rule_id for rule in ALL_MASKS)}
    assert RuleIndex(ALL_MASKS).match(H, "api", "timeout") == wanted
    assert RuleIndex(reversed(ALL_MASKS)).match(H, "api", "timeout") == wanted
    assert match_by_nested_loop(reversed(ALL_MASKS), H, "api", "timeout") == wanted


def test_each_client_gets_its_own_rules_alone() -> None:
    index = RuleIndex(
        [
            make_rule("a1", client_id="a"),
            make_rule("a2", "*", client_id="a"),
            make_rule("b1", client_id="b"),
            make_rule("c1", "LOW", client_id="c"),
        ]
    )
    assert index.match(H, "api", "timeout") == {"a": ("a1", "a2"), "b": ("b1",)}


@pytest.mark.parametrize(
    ("severity", "source", "name"),
    [(Severity.LOW, "api", "timeout"), (H, "API", "timeout"), (H, "api", "Timeout"), (H, "api ", "timeout")],
)
def test_a_field_that_differs_in_anything_does_not_match(severity: Severity, source: str, name: str) -> None:
    assert RuleIndex([make_rule()]).match(severity, source, name) == {}


def test_an_asterisk_in_an_alert_is_plain_text() -> None:
    rules = [make_rule("exact"), make_rule("any-source", "HIGH", "*", "timeout")]
    index = RuleIndex(rules)
    assert index.match(H, "*", "timeout") == {"client-1": ("any-source",)}
    assert index.match(H, "*", "*") == {}
    assert index.match(H, "api", "*") == {}


def test_an_alert_of_unknown_severity_meets_only_wildcard_severities() -> None:
    assert RuleIndex(ALL_MASKS).match(Severity.UNSPECIFIED, "api", "timeout") == {
        "client-1": ("any-severity", "source-only", "name-only")
    }


def test_a_disabled_rule_is_never_in_the_index() -> None:
    off = make_rule(enabled=False)
    index = RuleIndex([off])
    assert (len(index), off.rule_id in index, index.match(H, "api", "timeout")) == (0, False, {})
    assert not index.add(off)
    index.add(make_rule())
    assert index.add(off)
    assert index.match(H, "api", "timeout") == {}


def test_adding_a_rule_again_with_other_fields_replaces_it() -> None:
    index = RuleIndex([make_rule()])
    assert index.add(make_rule(name="crash"))
    assert index.match(H, "api", "timeout") == {}
    assert index.match(H, "api", "crash") == {"client-1": ("rule-1",)}
    assert len(index) == 1


def test_adding_what_is_there_already_changes_nothing() -> None:
    index = RuleIndex([make_rule()])
    before = index.match(H, "api", "timeout")
    assert not index.add(make_rule())
    assert index.match(H, "api", "timeout") is before


def test_a_rule_that_comes_under_another_client_moves_to_it() -> None:
    index = RuleIndex([make_rule(client_id="a")])
    assert index.add(make_rule(client_id="b"))
    assert index.match(H, "api", "timeout") == {"b": ("rule-1",)}
    assert index.replace_client("a", []) == 0


def test_removing_says_whether_the_rule_was_there() -> None:
    index = RuleIndex([make_rule()])
    assert index.remove("rule-1")
    assert not index.remove("rule-1")
    assert index.match(H, "api", "timeout") == {}
    assert index.stats.masks == index.stats.patterns == index.stats.clients == 0


def test_replacing_a_client_touches_only_what_differs() -> None:
    index = RuleIndex([
        make_rule("kept"), make_rule("changed", name="crash"), make_rule("gone", name="slow"),
        make_rule("other", client_id="other"),
    ])  # fmt: skip
    changes = index.replace_client(
        "client-1",
        [make_rule("kept"), make_rule("changed", name="disk"), make_rule("new", name="crash"),
         make_rule("off", name="cpu", enabled=False)],
    )  # fmt: skip
    assert changes == 3
    assert index.match(H, "api", "timeout") == {"client-1": ("kept",), "other": ("other",)}
    assert index.match(H, "api", "crash") == {"client-1": ("new",)}
    assert index.match(H, "api", "disk") == {"client-1": ("changed",)}
    assert index.match(H, "api", "slow") == {}
    assert len(index) == 4


def test_replacing_a_client_by_the_same_rules_keeps_remembered_results() -> None:
    index = RuleIndex(ALL_MASKS)
    before = index.match(H, "api", "timeout")
    assert index.replace_client("client-1", ALL_MASKS) == 0
    assert index.match(H, "api", "timeout") is before


def test_replacing_a_client_refuses_another_clients_rule() -> None:
    with pytest.raises(AssertionError, match="another client"):
        RuleIndex().replace_client("a", [make_rule(client_id="b")])


def test_loading_forgets_what_was_there() -> None:
    index = RuleIndex([make_rule("old")])
    index.load([make_rule("new", name="crash")])
    assert "old" not in index
    assert index.match(H, "api", "timeout") == {}
    assert index.match(H, "api", "crash") == {"client-1": ("new",)}


def test_a_load_that_breaks_off_leaves_the_index_as_it_was() -> None:
    def half() -> Iterator[Rule]:
        yield make_rule("new", name="crash")
        raise ConnectionError

    index = RuleIndex([make_rule("old")])
    with pytest.raises(ConnectionError):
        index.load(half())
    assert index.match(H, "api", "timeout") == {"client-1": ("old",)}
    assert "new" not in index


def test_only_masks_that_occur_are_looked_up() -> None:
    index = RuleIndex([make_rule("exact"), make_rule("exact-too", name="crash")])
    assert index.stats.masks == 1
    index.add(make_rule("any-name", name="*"))
    assert index.stats.masks == 2
    index.remove("exact")
    assert index.stats.masks == 2
    index.remove("exact-too")
    assert index.stats.masks == 1
    assert index.match(H, "api", "timeout") == {"client-1": ("any-name",)}


def test_equal_rules_have_equal_checksums_however_they_came() -> None:
    forwards, backwards = RuleIndex(ALL_MASKS), RuleIndex()
    for rule in (make_rule("passing", "LOW"), *reversed(ALL_MASKS)):
        backwards.add(rule)
    assert forwards.checksum() != backwards.checksum()
    backwards.remove("passing")
    assert forwards.checksum() == backwards.checksum()
    assert RuleIndex().checksum() == "0" * 16


@pytest.mark.parametrize(
    "other",
    [make_rule("rule-2"), make_rule(client_id="x"), make_rule(severity="LOW"), make_rule(severity="*"),
     make_rule(source="x"), make_rule(name="*"), make_rule(source="timeout", name="api")],
)  # fmt: skip
def test_rules_that_differ_in_anything_that_matters_have_other_checksums(other: Rule) -> None:
    assert RuleIndex([make_rule()]).checksum() != RuleIndex([other]).checksum()


def test_the_checksum_can_be_computed_by_others_from_its_description() -> None:
    texts = ["rule-1\0client-1\0003\0api\0timeout", "rule-2\0client-1\0*\0größe\0*"]
    first, second = (int(hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), 16) for text in texts)
    assert RuleIndex([make_rule(), make_rule("rule-2", "*", "größe", "*")]).checksum() == f"{first ^ second:016x}"


def test_rules_with_the_same_fields_are_all_found_in_the_order_of_adding() -> None:
    index = RuleIndex([make_rule("second-by-name"), make_rule("first-by-name")])
    assert index.match(H, "api", "timeout") == {"client-1": ("second-by-name", "first-by-name")}


def test_stats_count_rules_clients_patterns_and_the_use_of_the_cache() -> None:
    index = RuleIndex([*ALL_MASKS, make_rule("theirs", client_id="other")])
    for _ in range(3):
        index.match(H, "api", "timeout")
    stats = index.stats
    assert (stats.rules, stats.clients, stats.patterns, stats.masks) == (8, 2, 7, 7)
    assert (stats.cache_entries, stats.cache_hits, stats.cache_misses) == (1, 2, 1)


def test_a_load_in_parts_counts_all_at_once_at_its_end() -> None:
    index = RuleIndex([make_rule("old")])
    many = [make_rule(f"r{number}", client_id=f"c{number}") for number in range(4_500)]
    parts = index.loading(many)
    next(parts)
    next(parts)
    assert len(index) == 1
    assert list(parts) == []
    assert len(index) == 4_500


EVERYTHING = make_catch_all("all", Catches.EVERYTHING)
UNMATCHED = make_catch_all("rest", Catches.UNMATCHED)
UNKNOWN = Severity.UNSPECIFIED


def test_what_catches_everything_comes_with_whatever_else_matches() -> None:
    index = RuleIndex([EVERYTHING, make_rule(), make_rule("own", client_id="operators")])
    assert index.match(H, "api", "timeout") == {"client-1": ("rule-1",), "operators": ("own", "all")}
    assert index.match(UNKNOWN, "db", "*") == {"operators": ("all",)}


def test_what_is_unmatched_is_what_no_ordinary_rule_of_anybody_meets() -> None:
    index = RuleIndex([UNMATCHED, make_rule(), make_catch_all("other", Catches.UNMATCHED, client_id="others")])
    assert index.match(H, "api", "timeout") == {"client-1": ("rule-1",)}
    assert index.match(UNKNOWN, "db", "*") == {"operators": ("rest",), "others": ("other",)}


def test_what_catches_everything_does_not_count_as_having_met_an_alert() -> None:
    index = RuleIndex([EVERYTHING, UNMATCHED, make_catch_all("other", Catches.EVERYTHING, client_id="others")])
    assert index.match(H, "api", "timeout") == {"operators": ("rest", "all"), "others": ("other",)}


def test_a_remembered_result_is_forgotten_when_a_rule_meets_what_was_unmatched() -> None:
    index = RuleIndex([UNMATCHED])
    assert index.match(H, "api", "timeout") == {"operators": ("rest",)}
    index.add(make_rule())
    assert index.match(H, "api", "timeout") == {"client-1": ("rule-1",)}
    index.remove("rule-1")
    assert index.match(H, "api", "timeout") == {"operators": ("rest",)}


def test_a_private_alert_meets_catch_alls_of_its_own_client_alone() -> None:
    index = RuleIndex([EVERYTHING, UNMATCHED, make_rule(), make_rule("own", source="db", client_id="operators")])
    assert index.match_of("client-1", H, "api", "timeout") == {"client-1": ("rule-1",)}
    assert index.match_of("client-1", H, "db", "timeout") == {}
    assert index.match_of("operators", H, "db", "timeout") == {"operators": ("own", "all")}
    # The rule of another client that meets shared alerts of this kind does not count: nobody else is asked.
    assert index.match_of("operators", H, "api", "timeout") == {"operators": ("rest", "all")}


def test_a_catch_all_costs_no_look_up_of_a_pattern_and_goes_without_a_trace() -> None:
    index = RuleIndex([EVERYTHING, UNMATCHED])
    assert (len(index), index.stats.masks) == (2, 0)
    assert index.remove("all")
    assert index.add(replace(UNMATCHED, enabled=False))
    assert index.match(H, "api", "timeout") == {}
    assert index.checksum() == RuleIndex().checksum()


def test_what_a_rule_catches_is_part_of_the_checksum() -> None:
    rest = replace(EVERYTHING, catches=Catches.UNMATCHED)
    index = RuleIndex([EVERYTHING])
    assert index.checksum() != RuleIndex([rest]).checksum()
    assert index.add(rest)
    assert index.checksum() == RuleIndex([rest]).checksum()


@pytest.mark.parametrize("name", [NO_NAME, " "])
def test_no_alert_has_the_name_that_what_is_unmatched_is_recorded_with(name: str) -> None:
    assert isinstance(decode_alert(encode_alert(make_alert(name=name))), Rejected)
