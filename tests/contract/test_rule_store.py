"""Each promise of `RuleStore`."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from alerting_core import limits
from alerting_core.codec.records import RuleAction
from alerting_core.domain.rule import Catches, Rule, pattern_of
from alerting_core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, VersionConflict
from alerting_core.ports.catalog import EndpointFilter, PageRequest, RuleFilter, RuleStore, TimeKey, encode_time_cursor
from tests.contract.fixtures_catalog import RULES_MAX, Catalog
from tests.support.catalog import NOW_MS, make_client, make_endpoint, make_rule, new_uuid, walk

ALL = PageRequest(200)

EVERYTHING, UNMATCHED = Catches.EVERYTHING, Catches.UNMATCHED


@pytest.fixture(autouse=True)
async def two_clients(catalog: Catalog) -> None:
    for client_id in ("acme", "globex"):
        await catalog.clients.create(make_client(client_id))


async def test_a_created_rule_is_read_back(rules: RuleStore) -> None:
    rule = make_rule(severity="*", source="Größe 東京 🙂", name="*", enabled=False, description="For\n東京 🙂")
    rule = replace(rule, name_shown="東京 🙂")
    assert await rules.create(rule) == rule
    assert await rules.get(None, rule.rule_id) == rule
    assert await rules.get("acme", rule.rule_id) == rule


async def test_a_second_rule_with_the_same_fields_is_a_conflict(catalog: Catalog) -> None:
    rule = make_rule(source="api", name="x" * 255)
    await catalog.rules.create(rule)
    told = await catalog.told()
    for double in (make_rule(source="api", name="x" * 255), make_rule(source="api", name="x" * 255, enabled=False)):
        with pytest.raises(Conflict):
            await catalog.rules.create(double)
    assert (await catalog.rules.list(None, ALL, RuleFilter())).items == [rule]
    assert await catalog.told() == told


async def test_rules_that_differ_in_case_or_client_are_different_rules(rules: RuleStore) -> None:
    for rule in (make_rule(source="api"), make_rule(source="API"), make_rule("globex", source="api")):
        await rules.create(rule)
    assert len((await rules.list(None, ALL, RuleFilter())).items) == 3


async def test_source_and_name_are_not_mistaken_for_each_other(rules: RuleStore) -> None:
    await rules.create(make_rule(source="a", name="bc"))
    await rules.create(make_rule(source="ab", name="c"))
    assert len(await rules.all_of("acme")) == 2


async def test_a_rule_id_is_taken_once(rules: RuleStore) -> None:
    rule = await rules.create(make_rule())
    for double in (make_rule(rule_id=rule.rule_id), make_rule("globex", rule_id=rule.rule_id)):
        with pytest.raises(Conflict):
            await rules.create(double)


@pytest.mark.parametrize("client_id", ["nobody", "", "a\0b", "\ud800"])
async def test_a_rule_without_its_client_is_not_found(rules: RuleStore, client_id: str) -> None:
    with pytest.raises(NotFound):
        await rules.create(make_rule(client_id))


async def test_a_client_has_a_limited_number_of_rules(catalog: Catalog) -> None:
    for _ in range(RULES_MAX):
        await catalog.rules.create(make_rule())
    told = await catalog.told()
    with pytest.raises(LimitExceeded):
        await catalog.rules.create(make_rule())
    assert len(await catalog.rules.all_of("acme")) == RULES_MAX
    assert await catalog.told() == told
    await catalog.rules.create(make_rule("globex"))


async def test_the_limit_holds_for_creations_at_once(rules: RuleStore) -> None:
    results = await asyncio.gather(*(rules.create(make_rule()) for _ in range(RULES_MAX + 5)), return_exceptions=True)
    assert sum(isinstance(result, Rule) for result in results) == RULES_MAX
    assert sum(isinstance(result, LimitExceeded) for result in results) == 5
    assert len(await rules.all_of("acme")) == RULES_MAX


@pytest.mark.parametrize("rule_id", ["nothing", "", "a\0b", "\ud800", "{}", new_uuid(), new_uuid().upper()])
async def test_an_unknown_rule_is_not_found(rules: RuleStore, rule_id: str) -> None:
    with pytest.raises(NotFound):
        await rules.get(None, rule_id)
    with pytest.raises(NotFound):
        await rules.replace("acme", make_rule(rule_id=rule_id), expected_version=None)
    with pytest.raises(NotFound):
        await rules.delete("acme", rule_id, expected_version=None, now_ms=NOW_MS)


async def test_another_clients_rule_does_not_exist_for_a_scope(rules: RuleStore) -> None:
    rule = await rules.create(make_rule("globex"))
    with pytest.raises(NotFound):
        await rules.get("acme", rule.rule_id)
    with pytest.raises(NotFound):
        await rules.replace("acme", replace(rule, enabled=False), expected_version=1)
    with pytest.raises(NotFound):
        await rules.delete("acme", rule.rule_id, expected_version=1, now_ms=NOW_MS)
    assert (await rules.list("acme", ALL, RuleFilter())).items == []
    assert (await rules.list("acme", ALL, RuleFilter(client_id="globex"))).items == []
    assert await rules.get("globex", rule.rule_id) == rule


async def test_rules_are_listed_newest_first_then_by_id(rules: RuleStore) -> None:
    stored = [
        await rules.create(make_rule(client_id, created_at_ms=NOW_MS + age))
        for client_id, age in [("acme", 3), ("globex", 1), ("acme", 2), ("globex", 2), ("acme", 1)]
    ]
    newest_first = sorted(stored, key=lambda rule: (rule.created_at_ms, rule.rule_id), reverse=True)
    assert (await rules.list(None, ALL, RuleFilter())).items == newest_first
    assert (await rules.list("acme", ALL, RuleFilter())).items == [r for r in newest_first if r.client_id == "acme"]


async def test_a_filter_narrows_a_list(rules: RuleStore) -> None:
    low = await rules.create(make_rule(severity="LOW", source="Billing_API", name="timeout"))
    off = await rules.create(make_rule(enabled=False, source="db", name="50% full"))
    other = await rules.create(make_rule("globex", severity="*", source="db", name="crash"))

    async def found(where: RuleFilter) -> set[str]:
        return {rule.rule_id for rule in (await rules.list(None, ALL, where)).items}

    assert await found(RuleFilter(client_id="acme")) == {low.rule_id, off.rule_id}
    assert await found(RuleFilter(severity="LOW")) == {low.rule_id}
    assert await found(RuleFilter(severity="*")) == {other.rule_id}
    assert await found(RuleFilter(enabled=False)) == {off.rule_id}
    assert await found(RuleFilter(enabled=True)) == {low.rule_id, other.rule_id}
    assert await found(RuleFilter(text="billing_api")) == {low.rule_id}
    assert await found(RuleFilter(text="0% F")) == {off.rule_id}
    assert await found(RuleFilter(text="DB", enabled=True)) == {other.rule_id}
    assert await found(RuleFilter(severity="NOPE")) == set()
    assert await found(RuleFilter(text="a\0")) == set()
    assert await found(RuleFilter(client_id="\ud800")) == set()


async def test_pages_visit_each_rule_once_while_others_come_and_go(catalog: Catalog) -> None:
    rules = catalog.rules
    stay = [await rules.create(make_rule(created_at_ms=NOW_MS)) for _ in range(4)]
    gone = [await rules.create(make_rule("globex", created_at_ms=NOW_MS + n)) for n in (-1, 0, 1)]
    turn = iter(range(100))

    async def disturb() -> None:
        number = next(turn)
        if number < 3:
            await rules.delete(None, gone[number].rule_id, expected_version=None, now_ms=NOW_MS)
            await rules.create(make_rule("globex", created_at_ms=NOW_MS + 10 + number))

    seen = await walk(lambda page: rules.list(None, page, RuleFilter()), limit=1, after_page=disturb)
    visited = [rule.rule_id for rule in seen]
    assert [id_ for id_ in visited if id_ in {r.rule_id for r in stay}] == [r.rule_id for r in reversed(stay)]
    assert len(set(visited)) == len(visited)


async def test_a_cursor_of_another_list_is_invalid(rules: RuleStore) -> None:
    for cursor in (
        encode_time_cursor("endpoints", TimeKey(NOW_MS, new_uuid())),
        encode_time_cursor("rules", TimeKey(NOW_MS, "no uuid")),
        encode_time_cursor("rules", TimeKey(10**30, new_uuid())),
        encode_time_cursor("rules", TimeKey(-1, new_uuid())),
        "garbage",
    ):
        with pytest.raises(InvalidInput) as caught:
            await rules.list("acme", PageRequest(10, cursor), RuleFilter())
        assert [problem.path for problem in caught.value.problems] == ["cursor"]


async def test_all_of_returns_disabled_rules_too_and_no_other_clients(rules: RuleStore) -> None:
    mine = [await rules.create(make_rule()), await rules.create(make_rule(enabled=False))]
    await rules.create(make_rule("globex"))
    found = await rules.all_of("acme")
    assert sorted(found, key=lambda rule: rule.rule_id) == sorted(mine, key=lambda rule: rule.rule_id)
    assert list(await rules.all_of("nobody")) == []
    assert list(await rules.all_of("a\0")) == []


async def test_replacing_changes_the_fields_and_raises_the_version(rules: RuleStore) -> None:
    rule = await rules.create(make_rule())
    changed = replace(
        rule, severity="*", source="s", name="n", enabled=False, updated_at_ms=NOW_MS + 1, created_at_ms=1, version=77
    )
    expected = replace(changed, created_at_ms=NOW_MS, version=2)
    assert await rules.replace("acme", changed, expected_version=1) == expected
    assert await rules.get(None, rule.rule_id) == expected
    assert (await rules.replace(None, expected, expected_version=None)).version == 3


async def test_a_stale_version_is_refused_with_the_stored_one(catalog: Catalog) -> None:
    rule = await catalog.rules.create(make_rule())
    await catalog.rules.replace(None, rule, expected_version=1)
    told = await catalog.told()
    for stale in (1, 3, -1):
        with pytest.raises(VersionConflict) as caught:
            await catalog.rules.replace(None, replace(rule, source="lost"), expected_version=stale)
        assert caught.value.current_version == 2
        with pytest.raises(VersionConflict):
            await catalog.rules.delete(None, rule.rule_id, expected_version=stale, now_ms=NOW_MS)
    assert (await catalog.rules.get(None, rule.rule_id)).source == rule.source
    assert await catalog.told() == told


async def test_of_two_changes_of_one_version_one_is_refused(rules: RuleStore) -> None:
    rule = await rules.create(make_rule())
    for version in range(1, 9):
        results = await asyncio.gather(
            *(rules.replace("acme", replace(rule, source=f"s{n}"), expected_version=version) for n in range(4)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Rule) for result in results) == 1
        assert sum(isinstance(result, VersionConflict) for result in results) == 3
        assert (await rules.get(None, rule.rule_id)).version == version + 1


async def test_replacing_into_the_fields_of_another_rule_is_a_conflict(catalog: Catalog) -> None:
    first, second = await catalog.rules.create(make_rule()), await catalog.rules.create(make_rule())
    told = await catalog.told()
    with pytest.raises(Conflict):
        await catalog.rules.replace(None, replace(second, source=first.source), expected_version=1)
    assert await catalog.rules.get(None, second.rule_id) == second
    assert await catalog.told() == told


async def test_deleting_a_rule_deletes_its_endpoints(catalog: Catalog) -> None:
    gone, kept = await catalog.rules.create(make_rule()), await catalog.rules.create(make_rule())
    await catalog.endpoints.create(None, make_endpoint(gone))
    endpoint = await catalog.endpoints.create(None, make_endpoint(kept))
    await catalog.rules.delete("acme", gone.rule_id, expected_version=1, now_ms=NOW_MS)
    with pytest.raises(NotFound):
        await catalog.rules.get(None, gone.rule_id)
    assert (await catalog.endpoints.list(None, ALL, EndpointFilter())).items == [endpoint]


async def test_a_deleted_rules_fields_are_free_again(rules: RuleStore) -> None:
    rule = await rules.create(make_rule())
    await rules.delete(None, rule.rule_id, expected_version=None, now_ms=NOW_MS)
    again = make_rule(source=rule.source)
    assert await rules.create(again) == again


async def test_evaluators_are_told_of_every_change_in_order(catalog: Catalog) -> None:
    rule = await catalog.rules.create(make_rule())
    await catalog.rules.replace(None, replace(rule, source="renamed"), expected_version=None)
    await catalog.rules.replace("acme", replace(rule, enabled=False), expected_version=None)
    await catalog.rules.replace("acme", replace(rule, enabled=True), expected_version=None)
    await catalog.rules.delete("acme", rule.rule_id, expected_version=None, now_ms=NOW_MS)
    assert await catalog.told() == [
        ("acme", rule.rule_id, RuleAction.CREATED, 1),
        ("acme", rule.rule_id, RuleAction.UPDATED, 2),
        ("acme", rule.rule_id, RuleAction.DISABLED, 3),
        ("acme", rule.rule_id, RuleAction.UPDATED, 4),
        ("acme", rule.rule_id, RuleAction.DELETED, 4),
    ]


async def test_a_refusal_says_nothing_of_tables(rules: RuleStore) -> None:
    rule = await rules.create(make_rule())
    with pytest.raises(Conflict) as caught:
        await rules.create(make_rule(source=rule.source))
    assert "rules_" not in caught.value.detail
    assert "duplicate key" not in str(caught.value)


def make_catch_all(catches: Catches, client_id: str = "acme", **changes: Any) -> Rule:
    return make_rule(client_id, severity="*", source="*", name="*", catches=catches, **changes)


async def test_a_rule_that_catches_more_than_a_pattern_is_read_back_and_found(rules: RuleStore) -> None:
    ordinary = await rules.create(make_rule(severity="*", source="*", name="timeout"))
    caught = [await rules.create(make_catch_all(c), by_operator=True) for c in (EVERYTHING, UNMATCHED)]
    for rule in caught:
        assert await rules.get("acme", rule.rule_id) == rule
        assert (await rules.list(None, ALL, RuleFilter(catches=rule.catches))).items == [rule]
    assert (await rules.list(None, ALL, RuleFilter(catches=Catches.PATTERN))).items == [ordinary]
    assert {rule.rule_id: rule for rule in await rules.all_of("acme")} == {r.rule_id: r for r in (ordinary, *caught)}


async def test_what_a_rule_catches_is_unique_for_a_client_and_can_be_changed(catalog: Catalog) -> None:
    everything = await catalog.rules.create(make_catch_all(EVERYTHING), by_operator=True)
    told = await catalog.told()
    with pytest.raises(Conflict):
        await catalog.rules.create(make_catch_all(EVERYTHING), by_operator=True)
    assert await catalog.told() == told
    rest = await catalog.rules.replace(None, replace(everything, catches=UNMATCHED), expected_version=1)
    assert (rest.catches, rest.version) == (UNMATCHED, 2)
    await catalog.rules.create(make_catch_all(EVERYTHING), by_operator=True)
    ordinary = replace(rest, catches=Catches.PATTERN, source="api")
    assert (await catalog.rules.replace(None, ordinary, expected_version=2)).catches is Catches.PATTERN


async def test_all_clients_together_have_a_limited_number_of_rules_that_catch_more(catalog: Catalog) -> None:
    clients = [f"client-{number}" for number in range(limits.CATCH_ALL_RULES_MAX)]
    for client_id in clients:
        await catalog.clients.create(make_client(client_id))
    first, *_ = [
        await catalog.rules.create(make_catch_all(UNMATCHED, client_id, enabled=False), by_operator=True)
        for client_id in clients
    ]
    ordinary, told = await catalog.rules.create(make_rule()), await catalog.told()
    for attempt in (
        catalog.rules.create(make_catch_all(EVERYTHING), by_operator=True),
        catalog.rules.replace(
            None, make_catch_all(UNMATCHED, rule_id=ordinary.rule_id), expected_version=ordinary.version
        ),
    ):
        with pytest.raises(LimitExceeded) as refused:
            await attempt
        assert str(limits.CATCH_ALL_RULES_MAX) in refused.value.detail
    assert await catalog.told() == told
    # Those that are there go on.
    await catalog.rules.replace(None, replace(first, enabled=True), expected_version=None)
    await catalog.rules.delete(None, first.rule_id, expected_version=None, now_ms=NOW_MS)
    await catalog.rules.create(make_catch_all(EVERYTHING), by_operator=True)


async def test_the_limit_of_rules_that_catch_more_holds_for_creations_at_once(catalog: Catalog) -> None:
    clients = [f"client-{number}" for number in range(limits.CATCH_ALL_RULES_MAX + 3)]
    for client_id in clients:
        await catalog.clients.create(make_client(client_id))
    creations = [catalog.rules.create(make_catch_all(EVERYTHING, one), by_operator=True) for one in clients]
    results = await asyncio.gather(*creations, return_exceptions=True)
    assert sum(isinstance(result, Rule) for result in results) == limits.CATCH_ALL_RULES_MAX
    assert sum(isinstance(result, LimitExceeded) for result in results) == 3


async def test_a_pattern_is_found_among_the_enabled_ordinary_rules_of_all_clients(rules: RuleStore) -> None:
    theirs = await rules.create(make_rule("globex", severity="*", source="a b", name="c"))
    await rules.create(make_rule(severity="*", source="a", name="b c"))
    await rules.create(make_rule(source="off", enabled=False))
    await rules.create(make_catch_all(EVERYTHING), by_operator=True)
    wanted = [
        theirs.pattern,
        pattern_of("HIGH", "a b", "c"),
        pattern_of("HIGH", "off", "timeout"),
        pattern_of("*", "*", "*"),
        pattern_of("*", "a\0", "c"),
    ]
    assert await rules.having(wanted) == {theirs.pattern: theirs}
    assert await rules.having([]) == {}
