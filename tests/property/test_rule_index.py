"""The index answers as the nested loop does, whatever was done to it."""

from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.rule import Catches, Rule, from_record, recorded
from alerting_core.matching.explain import MatchReason, explain
from alerting_core.matching.index import RuleIndex
from alerting_core.matching.reference import match_by_nested_loop
from alerting_core.ports.rule_distribution import rules_checksum
from tests.property.strategies import TEXTS, alerts, client_ids, rule_ids, rules

WATCHED = ((Severity.HIGH, "api", "api"), (Severity.UNSPECIFIED, "*", "0"), (Severity.LOW, "API", "é"))
"""Asked after every edit, so that a result remembered from before it would show."""


class EditedIndex(RuleBasedStateMachine):
    """Edits an index and a plain dict of rules alike, and asks both all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.index = RuleIndex(cache_entries_max=8, cache_clients_max=12)
        self.known: dict[str, Rule] = {}

    def _keep(self, new: Rule) -> None:
        """Put a rule into the model; one that changed its place counts as added last."""
        old = self.known.get(new.rule_id)
        if old is None or not old.enabled or (old.client_id, old.pattern) != (new.client_id, new.pattern):
            self.known.pop(new.rule_id, None)
        self.known[new.rule_id] = new

    @rule(new=rules())
    def add(self, new: Rule) -> None:
        before = self.index.checksum()
        assert self.index.add(new) == (self.index.checksum() != before)
        self._keep(new)

    @rule(rule_id=rule_ids)
    def remove(self, rule_id: str) -> None:
        old = self.known.pop(rule_id, None)
        assert self.index.remove(rule_id) == (old is not None and old.enabled)

    @rule(rule_id=rule_ids)
    def switch(self, rule_id: str) -> None:
        if rule_id in self.known:
            old = self.known.pop(rule_id)
            self.known[rule_id] = replace(old, enabled=not old.enabled)
            self.index.add(self.known[rule_id])

    @rule(client_id=client_ids, new=st.lists(rules(), max_size=6, unique_by=lambda r: r.rule_id))
    def replace_client(self, client_id: str, new: list[Rule]) -> None:
        theirs = [replace(r, client_id=client_id) for r in new]
        before = self.index.checksum()
        assert bool(self.index.replace_client(client_id, theirs)) == (self.index.checksum() != before)
        kept = {r.rule_id for r in theirs}
        for rule_id in [r.rule_id for r in self.known.values() if r.client_id == client_id]:
            if rule_id not in kept:
                del self.known[rule_id]
        for r in theirs:
            # The rule of another client may have had this id; disabled, it does not disturb that one.
            if r.enabled or r.rule_id not in self.known or self.known[r.rule_id].client_id == client_id:
                self._keep(r)

    @rule(new=st.lists(rules(), max_size=12, unique_by=lambda r: r.rule_id))
    def load(self, new: list[Rule]) -> None:
        self.index.load(new)
        self.known = {r.rule_id: r for r in new}

    @rule(alert=alerts())
    def match(self, alert: Alert) -> None:
        wanted = match_by_nested_loop(self.known.values(), alert.severity, alert.source, alert.name)
        for _ in range(2):  # The second time it may come from the cache.
            assert self.index.match(alert.severity, alert.source, alert.name) == wanted

    @rule(alert=alerts(), client_id=client_ids)
    def match_of_one_client(self, alert: Alert, client_id: str) -> None:
        wanted = match_by_nested_loop(self.known.values(), alert.severity, alert.source, alert.name, client_id)
        for _ in range(2):
            assert self.index.match_of(client_id, alert.severity, alert.source, alert.name) == wanted

    @invariant()
    def answers_as_the_nested_loop_does(self) -> None:
        for severity, source, name in WATCHED:
            wanted = match_by_nested_loop(self.known.values(), severity, source, name)
            assert self.index.match(severity, source, name) == wanted
            for client_id in {r.client_id for r in self.known.values()}:
                own = match_by_nested_loop(self.known.values(), severity, source, name, client_id)
                assert self.index.match_of(client_id, severity, source, name) == own

    @invariant()
    def is_the_index_of_the_enabled_rules(self) -> None:
        fresh = RuleIndex(self.known.values())
        assert self.index.checksum() == fresh.checksum()
        assert len(self.index) == len(fresh) == sum(r.enabled for r in self.known.values())
        assert replace(self.index.stats, cache_entries=0, cache_hits=0, cache_misses=0) == fresh.stats
        assert self.index.stats.cache_entries <= 8


TestEditedIndex = EditedIndex.TestCase


@given(st.lists(rules(), max_size=40, unique_by=lambda r: r.rule_id))
def test_the_index_finds_what_the_nested_loop_finds_for_every_alert(known: list[Rule]) -> None:
    index = RuleIndex(known)
    for severity, source, name in product(Severity, TEXTS[:8], TEXTS[:8]):
        assert index.match(severity, source, name) == match_by_nested_loop(known, severity, source, name)


@given(st.lists(rules(), max_size=12, unique_by=lambda r: r.rule_id), alerts())
def test_records_of_rules_decide_without_what_they_catch(known: list[Rule], alert: Alert) -> None:
    read = [from_record(replace(recorded(one), catches=Catches.PATTERN)) for one in known]
    assert read == known
    assert rules_checksum(read) == rules_checksum(known)


@given(st.lists(rules(), max_size=12, unique_by=lambda r: r.rule_id), alerts())
def test_whoever_does_not_know_catch_alls_finds_all_but_what_is_unmatched(known: list[Rule], alert: Alert) -> None:
    older = [replace(recorded(one), catches=Catches.PATTERN) for one in known]
    wanted = [one for one in known if one.catches is not Catches.UNMATCHED]
    found = match_by_nested_loop(older, alert.severity, alert.source, alert.name)
    assert found == match_by_nested_loop(wanted, alert.severity, alert.source, alert.name)


@given(st.lists(rules(), max_size=12, unique_by=lambda r: r.rule_id), alerts())
def test_explanations_agree_with_the_index(known: list[Rule], alert: Alert) -> None:
    found = RuleIndex(known).match(alert.severity, alert.source, alert.name)
    explained = explain(alert, known)
    assert [e.rule_id for e in explained] == [r.rule_id for r in known]
    matched = {(e.client_id, e.rule_id) for e in explained if e.matched}
    assert matched == {(client_id, rule_id) for client_id, ids in found.items() for rule_id in ids}


@given(st.lists(rules(), max_size=12, unique_by=lambda r: r.rule_id), alerts(), client_ids)
def test_explanations_of_private_alerts_agree_with_the_index(known: list[Rule], alert: Alert, owner: str) -> None:
    found = RuleIndex(known).match_of(owner, alert.severity, alert.source, alert.name)
    matched = [(e.client_id, e.rule_id) for e in explain(replace(alert, owner=owner), known) if e.matched]
    assert sorted(matched) == sorted((owner, rule_id) for rule_id in found.get(owner, ()))


@given(rules(), alerts())
def test_mending_each_finding_makes_the_rule_match(known: Rule, alert: Alert) -> None:
    (explanation,) = explain(alert, [known])
    repaired = known
    for finding in explanation.findings:
        if finding.reason is MatchReason.SEVERITY_UNKNOWN:
            repaired = replace(repaired, severity="*")
        elif finding.reason is MatchReason.DISABLED:
            repaired = replace(repaired, enabled=True)
        elif finding.reason is not MatchReason.MATCHED:
            assert getattr(known, finding.field) == finding.expected != finding.actual
            change: dict[str, Any] = {finding.field: finding.actual}
            repaired = replace(repaired, **change)
    assert explain(alert, [repaired])[0].matched


@given(rules())
def test_an_alert_that_repeats_a_rule_word_for_word_meets_it(known: Rule) -> None:
    severity = Severity.UNSPECIFIED if known.severity == "*" else Severity[known.severity]
    found = RuleIndex([replace(known, enabled=True)]).match(severity, known.source, known.name)
    assert found == {known.client_id: (known.rule_id,)}
