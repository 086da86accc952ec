"""Matching in pure Python: the index beside the nested loop and beside posting lists, in the same run.

`make bench` runs this with all others; `python -m tests.bench.bench_matching --json` gives the figures to programs.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerting_core.domain.alert import Severity
from alerting_core.domain.rule import Rule
from alerting_core.matching.index import RuleIndex
from alerting_core.matching.reference import match_by_nested_loop
from tests.bench.by_size import measure_by_size, table
from tests.bench.growing_rules import Question, draw_questions, grow_rules, vocabulary_for
from tests.bench.measure import median_seconds
from tests.bench.posting_lists import PostingLists

SIZES: Final = (28_800, 288_000, 1_000_000)
QUESTIONS: Final = 100_000
EDITS: Final = 10_000
SHARE_MIN: Final = 1 / 3
"""What must be left at the largest size of the look-ups per second at the smallest."""
EDIT_US_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """What one size came to. Rates are per second, medians of three or more."""

    rules: int
    clients_per_alert: float
    load_s: float
    index_mb: float
    gc_ms: float
    cold: float
    cached: float
    nested_loop: float
    posting_lists: float
    add_us: float
    remove_us: float
    edit_us: float

    @property
    def over_nested_loop(self) -> float:
        return self.cold / self.nested_loop

    @property
    def over_posting_lists(self) -> float:
        return self.cold / self.posting_lists


def measure(rules: int) -> Figures:
    """Measure at one size; also compare the three ways' answers."""
    gc_ms = _gc_ms(rules)
    known, questions = list(grow_rules(rules)), draw_questions(vocabulary_for(rules), QUESTIONS)
    index = RuleIndex(cache_entries_max=0)
    load_s = median_seconds(lambda: index.load(known))
    cold = _rate(index.match, questions, times=5)
    clients = sum(len(index.match(*question)) for question in questions) / len(questions)
    index_mb = _index_bytes(index) / 1e6
    nested_loop, posting_lists = _others(known, questions, index)
    add_us, remove_us, edit_us = _edits(known)
    cached = _cached(known, questions)
    return Figures(
        rules=rules,
        clients_per_alert=clients,
        load_s=load_s,
        index_mb=index_mb,
        gc_ms=gc_ms,
        cold=cold,
        cached=cached,
        nested_loop=nested_loop,
        posting_lists=posting_lists,
        add_us=add_us,
        remove_us=remove_us,
        edit_us=edit_us,
    )


def _others(known: Sequence[Rule], questions: Sequence[Question], index: RuleIndex) -> tuple[float, float]:
    """Return the rates of the nested loop and of posting lists, which answer as *index* does."""

    def match_by_loop(severity: Severity, source: str, name: str) -> dict[str, tuple[str, ...]]:
        return match_by_nested_loop(known, severity, source, name)

    few, more = questions[: max(3, 3_000_000 // len(known))], questions[: 100_000_000 // len(known)]
    lists = PostingLists(known)
    for question in few:
        assert index.match(*question) == match_by_loop(*question) == lists.match(*question)
    return _rate(match_by_loop, few), _rate(lists.match, more)


def _rate(match: Callable[[Severity, str, str], object], questions: Sequence[Question], *, times: int = 3) -> float:
    def run() -> None:
        for severity, source, name in questions:
            match(severity, source, name)

    return len(questions) / median_seconds(run, times=times)


def _cached(known: Sequence[Rule], questions: Sequence[Question]) -> float:
    index, few = RuleIndex(known), questions[:4_000]
    for question in few:
        index.match(*question)
    rate = _rate(index.match, [*few] * 10)
    assert index.stats.cache_misses <= len(few), "some questions were not answered from the cache"
    return rate


def _edits(known: Sequence[Rule]) -> tuple[float, float, float]:
    """Return the µs of one add, of one remove, and of replacing a client of which one rule differs; cache full."""
    index = RuleIndex(known)
    for question in draw_questions(vocabulary_for(len(known)), 20_000):
        index.match(*question)
    some = known[:: max(1, len(known) // EDITS)][:EDITS]
    client_id = known[0].client_id
    theirs = [rule for rule in known if rule.client_id == client_id]
    switched = [replace(theirs[0], enabled=False), *theirs[1:]]
    adds, removes = list[float](), list[float]()
    for _ in range(3):
        started = time.perf_counter()
        for rule in some:
            index.remove(rule.rule_id)
        removed = time.perf_counter()
        for rule in some:
            index.add(rule)
        adds.append(time.perf_counter() - removed)
        removes.append(removed - started)
    edit_s = median_seconds(
        lambda: (index.replace_client(client_id, switched), index.replace_client(client_id, theirs))
    )
    assert index.checksum() == RuleIndex(known).checksum()
    return sorted(adds)[1] / len(some) * 1e6, sorted(removes)[1] / len(some) * 1e6, edit_s / 2 * 1e6


def _gc_ms(rules: int) -> float:
    """Return what an index adds to a full round of the garbage collector, its rules not kept."""
    empty = median_seconds(gc.collect)
    index = RuleIndex(grow_rules(rules))
    full = median_seconds(gc.collect)
    assert len(index) == rules
    return (full - empty) * 1e3


def _index_bytes(index: RuleIndex) -> int:
    """Return the bytes of all that only the index keeps alive once its rules are dropped, rule ids included."""
    table = index._table
    parts: list[object] = [table.buckets, table.keys, table.by_client]
    parts += [*table.buckets.values(), *table.by_client.values(), *table.keys, *table.by_client]
    keys = {id(key): key for key in table.keys.values()}
    texts = {id(part): part for key in (*keys.values(), *table.buckets) for part in key}
    parts += [*keys.values(), *texts.values()]
    return sum(sys.getsizeof(part) for part in parts)


def table_of(figures: Sequence[Figures]) -> str:
    """Return the figures for people, one column per size."""
    rows: tuple[tuple[str, Callable[[Figures], str]], ...] = (
        ("rules", lambda f: f"{f.rules:,}"),
        ("matching clients per alert", lambda f: f"{f.clients_per_alert:.2f}"),
        ("look-ups/s, cold", lambda f: f"{f.cold:,.0f}"),
        ("  share of the smallest", lambda f: f"{f.cold / figures[0].cold:.2f}"),
        ("look-ups/s, remembered", lambda f: f"{f.cached:,.0f}"),
        ("nested loop/s", lambda f: f"{f.nested_loop:,.1f}"),
        ("  index over it", lambda f: f"{f.over_nested_loop:,.0f} ×"),
        ("posting lists/s", lambda f: f"{f.posting_lists:,.0f}"),
        ("  index over them", lambda f: f"{f.over_posting_lists:,.0f} ×"),
        ("add one rule", lambda f: f"{f.add_us:.1f} µs"),
        ("remove one rule", lambda f: f"{f.remove_us:.1f} µs"),
        ("one edit of a client's rules", lambda f: f"{f.edit_us:,.0f} µs"),
        ("load all", lambda f: f"{f.load_s:.2f} s"),
        ("memory, rule ids included", lambda f: f"{f.index_mb:,.0f} MB"),
        ("added to a full GC round", lambda f: f"{f.gc_ms:,.0f} ms"),
    )
    return table(rows, figures)


def test_matching_keeps_its_speed_as_rules_grow() -> None:
    figures = [measure(rules) for rules in SIZES]
    print(f"\nMatching\n{table_of(figures)}")
    assert figures[-1].cold >= figures[0].cold * SHARE_MIN
    assert max(max(f.add_us, f.remove_us) for f in figures) < EDIT_US_MAX


def main() -> int:
    """Print the figures."""
    return measure_by_size("matching", __doc__, SIZES, measure, table_of)


if __name__ == "__main__":
    sys.exit(main())
