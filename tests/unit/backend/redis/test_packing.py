"""The rules of a client as bytes: whatever goes in comes out, and nothing else is taken for rules."""

import zlib
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting_backend.adapters.redis.rule_snapshot import (
    UnknownFormat,
    Unreadable,
    pack_rules,
    read_client,
    read_mark,
    unpack_rules,
)
from alerting_core.domain.rule import Catches, Rule
from alerting_core.limits import ID_CHARS_MAX, TIME_MS_MAX
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.rule_distribution import NO_RULES, combined_checksum, rules_checksum
from tests.support.catalog import make_rule

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=ID_CHARS_MAX)
times = st.integers(0, TIME_MS_MAX)
ordinary = st.builds(
    Rule,
    rule_id=st.uuids().map(str),
    client_id=st.just("acme"),
    severity=st.sampled_from(["LOW", "MEDIUM", "HIGH", "CRITICAL", "*"]),
    source=texts,
    name=texts,
    enabled=st.just(True),
    version=st.integers(1, 2**31 - 1),
    created_at_ms=times,
    updated_at_ms=times,
).filter(lambda rule: not rule.severity == rule.source == rule.name == "*")
catch_alls = st.builds(
    lambda rule, catches: replace(rule, severity="*", source="*", name="*", catches=catches),
    ordinary,
    st.sampled_from((Catches.EVERYTHING, Catches.UNMATCHED)),
)
rules = ordinary | catch_alls
sets = st.lists(rules, max_size=20, unique_by=lambda rule: rule.rule_id)


@given(sets)
def test_what_is_packed_is_unpacked_again(some: list[Rule]) -> None:
    assert unpack_rules("acme", pack_rules(some)) == sorted(some, key=lambda rule: rule.rule_id)


@given(sets.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_same_rules_give_the_same_bytes_in_whatever_order(orders: tuple[list[Rule], list[Rule]]) -> None:
    some, others = orders
    assert pack_rules(some) == pack_rules(others)


@pytest.mark.parametrize(("catches", "name"), [(Catches.EVERYTHING, "*"), (Catches.UNMATCHED, "")])
def test_a_program_that_does_not_know_what_a_rule_catches_reads_one_that_meets_no_more(
    catches: Catches, name: str
) -> None:
    rule = make_rule(severity="*", source="*", name="*", catches=catches)
    packed = pack_rules([rule])
    columns = orjson.loads(zlib.decompress(packed[21:]))
    assert [column[0] for column in columns[:3]] == ["*", "*", name]
    as_older = replace(rule, name=name, catches=Catches.PATTERN)
    assert rules_checksum([as_older]) == rules_checksum(unpack_rules("acme", packed))


def test_no_rules_are_no_bytes() -> None:
    assert pack_rules([]) == b""
    assert unpack_rules("acme", b"") == []


def test_a_later_format_is_told_from_damage() -> None:
    with pytest.raises(UnknownFormat):
        unpack_rules("acme", b"\x02" + pack_rules([make_rule()])[1:])


@given(st.data())
def test_bytes_that_were_damaged_are_never_taken_for_rules(data: st.DataObject) -> None:
    some = [make_rule(rule_id=f"00000000-0000-4000-8000-00000000000{number}", source="api") for number in range(5)]
    packed, mark = bytearray(pack_rules(some)), f"7 {rules_checksum(some)}".encode()
    if data.draw(st.booleans(), label="cut"):
        damaged = bytes(packed[: data.draw(st.integers(0, len(packed) - 1))])
    else:
        place = data.draw(st.integers(0, len(packed) - 1))
        packed[place] ^= data.draw(st.integers(1, 255))
        damaged = bytes(packed)
    try:
        read = read_client("acme", damaged, mark)
    except Unreadable:
        return
    # What does not count for matching may differ: times and versions have no part in the checksum.
    assert [_matched_by(rule) for rule in read.rules] == [_matched_by(rule) for rule in some]


@pytest.mark.parametrize("mark", [b"7", b"", b"-1 0000000000000000", b"x 0000000000000000", b"7 00", b"\xff\xff"])
def test_what_is_no_mark_is_refused(mark: bytes) -> None:
    with pytest.raises(Unreadable):
        read_mark(mark)


@given(sets, sets)
def test_checksums_of_clients_together_are_that_of_the_index(of_acme: list[Rule], of_other: list[Rule]) -> None:
    taken = {rule.rule_id for rule in of_acme}
    of_globex = [replace(rule, client_id="globex") for rule in of_other if rule.rule_id not in taken]
    together = combined_checksum([rules_checksum(of_acme), rules_checksum(of_globex)])
    assert together == RuleIndex([*of_acme, *of_globex]).checksum()
    assert combined_checksum([together, together]) == NO_RULES


def _matched_by(rule: Rule) -> tuple[str, str, str, str]:
    return rule.rule_id, rule.severity, rule.source, rule.name


@pytest.mark.parametrize(
    "columns", [[["URGENT"], ["api"], ["*"], [1], [1], [1]], [[[]], [1], [2], [1], [1], [1]], 7, []]
)
def test_what_was_never_a_rule_is_refused(columns: object) -> None:
    packed = b"\x01\x00\x00\x00\x01" + bytes(16) + zlib.compress(orjson.dumps(columns))
    with pytest.raises(Unreadable):
        read_client("acme", packed, f"1 {NO_RULES}".encode())
