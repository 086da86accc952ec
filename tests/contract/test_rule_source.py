"""Each promise of `RuleSource`."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from alerting_core.domain.rule import Rule
from alerting_core.matching.index import RuleIndex
from alerting_core.ports.rules import RuleChanges
from tests.contract.fixtures_pipeline import World
from tests.contract.fixtures_rules import *  # noqa: F403 - fixtures
from tests.support.catalog import NOW_MS, make_client, make_rule


def by_id(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in rules}


async def changes(world: World, since_version: int) -> RuleChanges:
    found = await world.rule_source.changes(since_version)
    assert found is not None
    return found


async def test_a_snapshot_holds_all_enabled_rules_of_all_clients(world: World) -> None:
    for client_id in ("acme", "globex"):
        await world.add_client(client_id)
    enabled = [await world.add_rule(client_id) for client_id in ("acme", "acme", "globex")]
    await world.add_rule(enabled=False)
    snapshot = await world.rule_source.snapshot()
    assert by_id(snapshot.rules) == by_id(enabled)


async def test_an_empty_database_has_an_empty_snapshot_and_no_changes(world: World) -> None:
    snapshot = await world.rule_source.snapshot()
    assert list(snapshot.rules) == []
    assert await changes(world, snapshot.version) == RuleChanges(snapshot.version, {}, snapshot.checksum)


async def test_no_change_means_the_same_version_and_no_clients(world: World) -> None:
    await world.add_client()
    await world.add_rule()
    snapshot = await world.rule_source.snapshot()
    assert await changes(world, snapshot.version) == RuleChanges(snapshot.version, {}, snapshot.checksum)


async def test_a_change_that_was_committed_before_the_call_is_in_the_answer(world: World) -> None:
    await world.add_client()
    version = (await world.rule_source.snapshot()).version
    rule = await world.add_rule()
    told = await changes(world, version)
    assert told.version > version
    assert told.by_client == {"acme": [rule]}


async def test_a_changed_client_comes_with_all_its_enabled_rules_and_no_other_client_comes(world: World) -> None:
    for client_id in ("acme", "globex"):
        await world.add_client(client_id)
    kept = await world.add_rule()
    await world.add_rule(enabled=False)
    await world.add_rule("globex")
    version = (await world.rule_source.snapshot()).version
    edited = await world.add_rule()
    edited = await world.catalog.rules.replace(None, replace(edited, name="crash"), expected_version=1)
    told = await changes(world, version)
    assert told.by_client.keys() == {"acme"}
    assert by_id(told.by_client["acme"]) == by_id([kept, edited])


async def test_a_client_that_has_no_rule_left_comes_with_none(world: World) -> None:
    for client_id in ("acme", "globex", "initech"):
        await world.add_client(client_id)
    deleted, disabled = await world.add_rule("acme"), await world.add_rule("globex")
    await world.add_rule("initech")
    version = (await world.rule_source.snapshot()).version
    await world.catalog.rules.delete(None, deleted.rule_id, expected_version=None, now_ms=NOW_MS)
    await world.catalog.rules.replace(None, replace(disabled, enabled=False), expected_version=None)
    await world.catalog.clients.delete("initech", now_ms=NOW_MS)
    told = await changes(world, version)
    assert {client_id: list(rules) for client_id, rules in told.by_client.items()} == {
        "acme": [],
        "globex": [],
        "initech": [],
    }


async def test_changes_may_be_asked_again_from_any_version_that_was_seen(world: World) -> None:
    await world.add_client()
    start = (await world.rule_source.snapshot()).version
    rules = [await world.add_rule() for _ in range(3)]
    for since in (start, start, (await changes(world, start)).version - 1):
        assert by_id((await changes(world, since)).by_client["acme"]) == by_id(rules)


async def test_changes_that_can_no_longer_be_told_are_none_and_a_snapshot_goes_on(world: World) -> None:
    await world.add_client()
    start = (await world.rule_source.snapshot()).version
    for _ in range(3):
        await world.add_rule()
    now = (await world.rule_source.snapshot()).version
    await world.trim_changes(now - 1)
    assert await world.rule_source.changes(start) is None
    assert (await changes(world, now - 1)).by_client.keys() == {"acme"}
    assert (await changes(world, now)).by_client == {}
    assert len((await world.rule_source.snapshot()).rules) == 3


async def test_a_version_that_was_never_given_out_cannot_be_told(world: World) -> None:
    await world.add_client()
    await world.add_rule()
    version = (await world.rule_source.snapshot()).version
    assert await world.rule_source.changes(version + 1) is None


async def test_versions_only_grow_whatever_is_changed_and_forgotten(world: World) -> None:
    versions = [(await world.rule_source.snapshot()).version]
    for client_id in ("acme", "globex"):
        await world.add_client(client_id)
        rule = await world.add_rule(client_id)
        versions.append((await world.rule_source.snapshot()).version)
        await world.trim_changes(versions[-1] - 1)
        versions.append((await world.rule_source.snapshot()).version)
        await world.catalog.rules.delete(None, rule.rule_id, expected_version=None, now_ms=NOW_MS)
        versions.append((await world.rule_source.snapshot()).version)
    assert versions == sorted(versions)
    assert versions[-1] > versions[0]


async def test_the_checksum_of_an_answer_is_that_of_all_rules_where_there_is_one(world: World) -> None:
    for client_id in ("acme", "globex"):
        await world.add_client(client_id)
        await world.add_rule(client_id)
    before = await world.rule_source.snapshot()
    index = RuleIndex(before.rules)
    assert before.checksum in {None, index.checksum()}
    index.add(await world.add_rule("acme"))
    after = await changes(world, before.version)
    assert after.checksum in {None, index.checksum()}
    assert (before.checksum is None) == (after.checksum is None)


async def test_a_reader_that_follows_the_changes_while_many_write_ends_with_what_a_snapshot_holds(world: World) -> None:
    client_ids = [f"client-{number}" for number in range(8)]
    for client_id in client_ids:
        await world.catalog.clients.create(make_client(client_id))
    seen = await world.rule_source.snapshot()
    by_client: dict[str, list[Rule]] = {}
    version = seen.version
    writing = asyncio.gather(*(_edit(world, client_id) for client_id in client_ids))
    while True:
        done = writing.done()
        told = await changes(world, version)
        version = told.version
        by_client |= {client_id: list(rules) for client_id, rules in told.by_client.items()}
        if done:
            break
        await asyncio.sleep(0)  # Memory awaits nothing by itself.
    await writing
    snapshot = await world.rule_source.snapshot()
    assert version == snapshot.version
    assert by_id(rule for rules in by_client.values() for rule in rules) == by_id(snapshot.rules)
    assert len(snapshot.rules) == 8 * 3


async def _edit(world: World, client_id: str) -> None:
    """Store four rules and take one away again, one by one."""
    rules = [await world.catalog.rules.create(make_rule(client_id)) for _ in range(4)]
    await world.catalog.rules.delete(None, rules[0].rule_id, expected_version=None, now_ms=NOW_MS)
