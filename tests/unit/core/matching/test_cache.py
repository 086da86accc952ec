"""Remembered results: true to the index, and bounded."""

from alerting_core.domain.alert import Severity
from alerting_core.matching.index import MatchCache, Question, RuleIndex
from tests.unit.core.matching.build import make_rule

H = Severity.HIGH


def _question(number: int) -> Question:
    return (0, 1, "source", str(number))


def test_results_of_before_a_change_are_never_returned() -> None:
    index = RuleIndex([make_rule("one")])
    assert index.match(H, "api", "timeout") == {"client-1": ("one",)}
    index.add(make_rule("two", "*"))
    assert index.match(H, "api", "timeout") == {"client-1": ("one", "two")}
    index.remove("one")
    assert index.match(H, "api", "timeout") == {"client-1": ("two",)}
    index.replace_client("client-1", [])
    assert index.match(H, "api", "timeout") == {}
    index.load([make_rule("three")])
    assert index.match(H, "api", "timeout") == {"client-1": ("three",)}


def test_that_nothing_matches_is_remembered_too() -> None:
    index = RuleIndex([make_rule()])
    for _ in range(5):
        assert index.match(H, "api", "never") == {}
    assert index.stats.cache_hits == 4


def test_the_cache_never_holds_more_entries_than_allowed() -> None:
    cache = MatchCache(entries_max=10, clients_max=1_000)
    for number in range(1_000):
        cache.put(_question(number), {})
        assert len(cache) <= 10


def test_the_cache_never_holds_more_clients_than_allowed() -> None:
    cache = MatchCache(entries_max=1_000, clients_max=40)
    for number in range(200):
        cache.put(_question(number), {f"client-{n}": ("rule",) for n in range(number % 23)})
        held = [cache.get(_question(n)) or {} for n in range(number + 1)]
        assert sum(len(found) for found in held) <= 40
    assert len(cache) > 1


def test_a_result_too_large_for_the_cache_is_found_each_time_anew() -> None:
    rules = [make_rule(f"rule-{n}", client_id=f"client-{n}") for n in range(8)]
    index = RuleIndex(rules, cache_clients_max=10)
    assert len(index.match(H, "api", "timeout")) == len(index.match(H, "api", "timeout")) == 8
    assert index.stats.cache_misses == 2


def test_what_is_asked_for_often_stays_while_the_rest_goes() -> None:
    cache = MatchCache(entries_max=10, clients_max=1_000)
    cache.put(_question(-1), {"client": ("rule",)})
    for number in range(1_000):
        cache.put(_question(number), {})
        assert cache.get(_question(-1)) == {"client": ("rule",)}
    assert cache.get(_question(0)) is None


def test_a_bound_of_zero_remembers_nothing() -> None:
    index = RuleIndex([make_rule()], cache_entries_max=0)
    assert index.match(H, "api", "timeout") == index.match(H, "api", "timeout") == {"client-1": ("rule-1",)}
    assert index.stats.cache_hits == index.stats.cache_entries == 0
