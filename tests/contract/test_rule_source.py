"""Each promise of `RuleSource`."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from alerting_core.domain.rule import Catches, Rule, deciding
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.rule_distribution import RuleChanges
from tests.contract.fixtures_pipeline import World
from tests.support.catalog import NOW_MS, make_client, make_rule


def by_id(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in rules}


async def changes(rule_world: World, since_version: int) -> RuleChanges:
    found = await rule_world.rule_source.changes(since_version)
    assert found is not None
    return found


async def test_a_snapshot_holds_all_enabled_rules_of_all_clients(rule_world: World) -> None:
    for client_id in ("acme", "globex"):
        await rule_world.add_client(client_id)
    enabled = [await rule_world.add_rule(client_id) for client_id in ("acme", "acme", "globex")]
    await rule_world.add_rule(enabled=False)
    snapshot = await rule_world.rule_source.snapshot()
    assert by_id(snapshot.rules) == by_id(enabled)


async def test_what_is_for_people_alone_is_not_in_what_evaluators_read(rule_world: World) -> None:
    await rule_world.add_client()
    version = (await rule_world.rule_source.snapshot()).version
    described = await rule_world.catalog.rules.create(make_rule(description="Wakes whoever is on call."))
    bare = deciding(described)
    assert bare == replace(described, description="")
    assert list((await rule_world.rule_source.snapshot()).rules) == [bare]
    assert (await changes(rule_world, version)).by_client == {"acme": [bare]}


async def test_an_empty_database_has_an_empty_snapshot_and_no_changes(rule_world: World) -> None:
    snapshot = await rule_world.rule_source.snapshot()
    assert list(snapshot.rules) == []
    assert await changes(rule_world, snapshot.version) == RuleChanges(snapshot.version, {}, snapshot.checksum)


async def test_no_change_means_the_same_version_and_no_clients(rule_world: World) -> None:
    await rule_world.add_client()
    await rule_world.add_rule()
    snapshot = await rule_world.rule_source.snapshot()
    assert await changes(rule_world, snapshot.version) == RuleChanges(snapshot.version, {}, snapshot.checksum)


async def test_a_change_that_was_committed_before_the_call_is_in_the_answer(rule_world: World) -> None:
    await rule_world.add_client()
    version = (await rule_world.rule_source.snapshot()).version
    rule = await rule_world.add_rule()
    told = await changes(rule_world, version)
    assert told.version > version
    assert told.by_client == {"acme": [rule]}


async def test_a_changed_client_comes_with_all_its_enabled_rules_and_no_other_client_comes(rule_world: World) -> None:
    for client_id in ("acme", "globex"):
        await rule_world.add_client(client_id)
    kept = await rule_world.add_rule()
    await rule_world.add_rule(enabled=False)
    await rule_world.add_rule("globex")
    version = (await rule_world.rule_source.snapshot()).version
    edited = await rule_world.add_rule()
    edited = await rule_world.catalog.rules.replace(None, replace(edited, name="crash"), expected_version=1)
    told = await changes(rule_world, version)
    assert told.by_client.keys() == {"acme"}
    assert by_id(told.by_client["acme"]) == by_id([kept, edited])


async def test_a_client_that_has_no_rule_left_comes_with_none(rule_world: World) -> None:
    for client_id in ("acme", "globex", "initech"):
        await rule_world.add_client(client_id)
    deleted, disabled = await rule_world.add_rule("acme"), await rule_world.add_rule("globex")
    await rule_world.add_rule("initech")
    version = (await rule_world.rule_source.snapshot()).version
    await rule_world.catalog.rules.delete(None, deleted.rule_id, expected_version=None, now_ms=NOW_MS)
    await rule_world.catalog.rules.replace(None, replace(disabled, enabled=False), expected_version=None)
    await rule_world.catalog.clients.delete("initech", now_ms=NOW_MS)
    told = await changes(rule_world, version)
    assert {client_id: list(rules) for client_id, rules in told.by_client.items()} == {
        "acme": [],
        "globex": [],
        "initech": [],
    }


async def test_changes_may_be_asked_again_from_any_version_that_was_seen(rule_world: World) -> None:
    await rule_world.add_client()
    start = (await rule_world.rule_source.snapshot()).version
    rules = [await rule_world.add_rule() for _ in range(3)]
    for since in (start, start, (await changes(rule_world, start)).version - 1):
        assert by_id((await changes(rule_world, since)).by_client["acme"]) == by_id(rules)


async def test_changes_that_can_no_longer_be_told_are_none_and_a_snapshot_goes_on(rule_world: World) -> None:
    await rule_world.add_client()
    start = (await rule_world.rule_source.snapshot()).version
    for _ in range(3):
        await rule_world.add_rule()
    now = (await rule_world.rule_source.snapshot()).version
    await rule_world.trim_changes(now - 1)
    assert await rule_world.rule_source.changes(start) is None
    assert (await changes(rule_world, now - 1)).by_client.keys() == {"acme"}
    assert (await changes(rule_world, now)).by_client == {}
    assert len((await rule_world.rule_source.snapshot()).rules) == 3


async def test_a_version_that_was_never_given_out_cannot_be_told(rule_world: World) -> None:
    await rule_world.add_client()
    await rule_world.add_rule()
    version = (await rule_world.rule_source.snapshot()).version
    assert await rule_world.rule_source.changes(version + 1) is None


async def test_versions_only_grow_whatever_is_changed_and_forgotten(rule_world: World) -> None:
    versions = [(await rule_world.rule_source.snapshot()).version]
    for client_id in ("acme", "globex"):
        await rule_world.add_client(client_id)
        rule = await rule_world.add_rule(client_id)
        versions.append((await rule_world.rule_source.snapshot()).version)
        await rule_world.trim_changes(versions[-1] - 1)
        versions.append((await rule_world.rule_source.snapshot()).version)
        await rule_world.catalog.rules.delete(None, rule.rule_id, expected_version=None, now_ms=NOW_MS)
        versions.append((await rule_world.rule_source.snapshot()).version)
    assert versions == sorted(versions)
    assert versions[-1] > versions[0]


async def test_the_checksum_of_an_answer_is_that_of_all_rules_where_there_is_one(rule_world: World) -> None:
    for client_id in ("acme", "globex"):
        await rule_world.add_client(client_id)
        await rule_world.add_rule(client_id)
    before = await rule_world.rule_source.snapshot()
    index = RuleIndex(before.rules)
    assert before.checksum in {None, index.checksum()}
    index.add(await rule_world.add_rule("acme"))
    after = await changes(rule_world, before.version)
    assert after.checksum in {None, index.checksum()}
    assert (before.checksum is None) == (after.checksum is None)


async def test_a_reader_that_follows_changes_while_many_write_ends_with_what_a_snapshot_holds(
    rule_world: World,
) -> None:
    client_ids = [f"client-{number}" for number in range(8)]
    for client_id in client_ids:
        await rule_world.catalog.clients.create(make_client(client_id))
    seen = await rule_world.rule_source.snapshot()
    by_client: dict[str, list[Rule]] = {}
    version = seen.version
    writing = asyncio.gather(*(_edit(rule_world, client_id) for client_id in client_ids))
    while True:
        done = writing.done()
        told = await changes(rule_world, version)
        version = told.version
        by_client |= {client_id: list(rules) for client_id, rules in told.by_client.items()}
        if done:
            break
        await asyncio.sleep(0)  # Memory awaits nothing by itself.
    await writing
    snapshot = await rule_world.rule_source.snapshot()
    assert version == snapshot.version
    assert by_id(rule for rules in by_client.values() for rule in rules) == by_id(snapshot.rules)
    assert len(snapshot.rules) == 8 * 3


async def _edit(rule_world: World, client_id: str) -> None:
    """Store four rules and take one away again, one by one."""
    rules = [await rule_world.catalog.rules.create(make_rule(client_id)) for _ in range(4)]
    await rule_world.catalog.rules.delete(None, rules[0].rule_id, expected_version=None, now_ms=NOW_MS)


@pytest.mark.parametrize("catches", [Catches.EVERYTHING, Catches.UNMATCHED])
async def test_evaluators_read_what_a_rule_catches(rule_world: World, catches: Catches) -> None:
    await rule_world.add_client()
    version = (await rule_world.rule_source.snapshot()).version
    made = make_rule(severity="*", source="*", name="*", catches=catches)
    await rule_world.catalog.rules.create(made, by_operator=True)
    assert list((await rule_world.rule_source.snapshot()).rules) == [made]
    assert (await changes(rule_world, version)).by_client == {"acme": [made]}
