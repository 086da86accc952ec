"""Each promise of `RuleSnapshotStore`, and of a `RuleSource` that reads the same snapshot."""

from collections.abc import Iterable

import pytest

from alerting_core import limits
from alerting_core.domain.rule import Rule
from alerting_core.errors import FencedOff, PortUnavailable
from alerting_core.ports.rule_distribution import (
    NO_RULES,
    HeldRules,
    RulesAsOf,
    SnapshotBuild,
    SnapshotState,
    rules_checksum,
)
from tests.contract.fixtures_rules import CHANGES_MAX, Shared
from tests.support.catalog import make_rule

ACME, GLOBEX = [make_rule() for _ in range(3)], [make_rule("globex") for _ in range(2)]


async def begin(shared: Shared, owner: str = "one") -> SnapshotBuild:
    """Claim the construction, which nobody else has."""
    build = await shared.store.begin(owner)
    assert build is not None
    return build


async def build(shared: Shared, as_of: int = 1, **by_client: list[Rule]) -> SnapshotState:
    """Build a snapshot of these clients."""
    started = await begin(shared)
    await started.add(RulesAsOf(as_of, by_client))
    await started.finish()
    return await state(shared)


async def state(shared: Shared) -> SnapshotState:
    """Return what there is."""
    found = await shared.store.state()
    assert found is not None
    return found


async def read(shared: Shared) -> set[Rule]:
    """Return all rules that a reader gets."""
    snapshot = await shared.source.snapshot()
    assert snapshot.checksum == rules_checksum(snapshot.rules)
    return set(snapshot.rules)


async def changed(shared: Shared, since: int) -> dict[str, set[Rule]]:
    """Return what a reader is told of the changes since a version."""
    told = await shared.source.changes(since)
    assert told is not None
    return {client_id: set(rules) for client_id, rules in told.by_client.items()}


def of(as_of: int, **by_client: Iterable[Rule]) -> RulesAsOf:
    return RulesAsOf(as_of, {client_id: list(rules) for client_id, rules in by_client.items()})


async def test_before_one_was_built_there_is_no_snapshot_and_nobody_reads_an_empty_one(shared: Shared) -> None:
    assert await shared.store.state() is None
    with pytest.raises(PortUnavailable, match="missing"):
        await shared.store.replace(of(1, acme=ACME))
    with pytest.raises(PortUnavailable, match="missing"):
        await shared.source.snapshot()


async def test_a_snapshot_without_any_rule_is_a_snapshot(shared: Shared) -> None:
    await (await begin(shared)).finish()
    assert await read(shared) == set()
    assert await shared.store.is_sound()


async def test_a_build_is_seen_by_nobody_until_it_is_finished(shared: Shared) -> None:
    before = await build(shared, acme=ACME)
    started = await begin(shared)
    await started.add(of(2, globex=GLOBEX))
    assert await state(shared) == before
    assert await read(shared) == set(ACME)
    await started.finish()
    assert await read(shared) == set(GLOBEX)


async def test_a_new_snapshot_has_another_epoch_and_cannot_be_followed_to(shared: Shared) -> None:
    old = await build(shared, acme=ACME)
    await shared.store.replace(of(2, acme=ACME[:1]))
    version = (await state(shared)).version
    new = await build(shared, globex=GLOBEX)
    assert new.epoch > version > old.epoch
    assert await shared.source.changes(version) is None
    assert await changed(shared, new.version) == {}


async def test_replacing_a_client_changes_it_alone_and_is_told(shared: Shared) -> None:
    before = await build(shared, acme=ACME, globex=GLOBEX)
    assert await shared.store.replace(of(2, acme=ACME[1:])) == 1
    assert await state(shared) == SnapshotState(before.epoch, before.version + 1)
    assert await changed(shared, before.version) == {"acme": set(ACME[1:])}
    assert await read(shared) == {*ACME[1:], *GLOBEX}


async def test_a_client_that_has_just_these_rules_is_not_changed(shared: Shared) -> None:
    before = await build(shared, acme=ACME)
    assert await shared.store.replace(of(2, acme=reversed(ACME), nobody=[])) == 0
    assert await state(shared) == before
    assert (await shared.store.held(["acme"]))["acme"].as_of == 2


async def test_a_newer_reading_is_not_undone_by_an_older_one(shared: Shared) -> None:
    await build(shared, acme=ACME)
    await shared.store.replace(of(5, acme=[], globex=GLOBEX))
    assert await shared.store.replace(of(4, acme=ACME, globex=[])) == 0
    assert await read(shared) == set(GLOBEX)
    assert await shared.store.replace(of(5, acme=ACME)) == 1


async def test_while_one_is_built_clients_are_put_into_the_new_one_too(shared: Shared) -> None:
    await build(shared, acme=ACME)
    started = await begin(shared)
    assert await shared.store.replace(of(3, acme=ACME[:1], globex=GLOBEX)) == 2
    await started.add(of(2, acme=ACME, globex=[]))
    await started.finish()
    assert await read(shared) == {*ACME[:1], *GLOBEX}


async def test_while_the_first_one_is_built_clients_may_be_replaced(shared: Shared) -> None:
    started = await begin(shared)
    assert await shared.store.replace(of(3, acme=ACME[:1])) == 0
    await started.add(of(2, acme=ACME))
    await started.finish()
    assert await read(shared) == set(ACME[:1])


async def test_only_one_builds_at_a_time(shared: Shared) -> None:
    started = await begin(shared)
    for owner in ("one", "two"):
        assert await shared.store.begin(owner) is None
    await started.add(of(1, globex=GLOBEX))
    await started.finish()
    assert await read(shared) == set(GLOBEX)
    assert await shared.store.begin("two") is not None


async def test_who_lost_the_claim_changes_nothing_any_more(shared: Shared) -> None:
    lost = await begin(shared)
    await lost.add(of(1, acme=ACME))
    await shared.lapse()
    taken_over = await begin(shared, "two")
    for fenced in (lost.add(of(9, acme=ACME)), lost.finish()):
        with pytest.raises(FencedOff):
            await fenced
    await taken_over.add(of(1, globex=GLOBEX))
    await taken_over.finish()
    assert await read(shared) == set(GLOBEX)


async def test_an_emptied_store_fences_a_builder_off(shared: Shared) -> None:
    started = await begin(shared)
    await started.add(of(1, acme=ACME))
    await shared.empty()
    with pytest.raises(FencedOff):
        await started.finish()
    assert await shared.store.state() is None


async def test_a_version_of_before_the_store_was_emptied_is_never_taken_for_one_of_now(shared: Shared) -> None:
    await build(shared, acme=ACME)
    await shared.store.replace(of(2, acme=[]))
    version = (await state(shared)).version
    await shared.empty()
    await build(shared, acme=ACME)
    assert await shared.source.changes(version) is None


async def test_what_is_held_of_a_client_is_told_with_its_checksum(shared: Shared) -> None:
    await build(shared, 7, acme=ACME, globex=GLOBEX)
    await shared.store.replace(of(8, globex=[]))
    assert await shared.store.held(["acme", "globex", "nobody"]) == {
        "acme": HeldRules(7, rules_checksum(ACME)),
        "globex": HeldRules(8, NO_RULES),
        "nobody": HeldRules(-1, NO_RULES),
    }
    assert list(await shared.store.client_ids()) == ["acme"]
    assert await shared.store.is_sound()


async def test_who_missed_more_changes_than_are_remembered_is_told_so(shared: Shared) -> None:
    before = await build(shared, acme=ACME)
    for number in range(CHANGES_MAX + 1):
        await shared.store.replace(of(number + 2, acme=ACME[: number % 2]))
    assert await shared.source.changes(before.version) is None
    assert await changed(shared, before.version + 1) == {"acme": set(ACME[:1])}


async def test_a_client_at_the_limits_is_held(shared: Shared) -> None:
    wide = "\N{GRINNING FACE}" * limits.ID_CHARS_MAX
    rules = [make_rule(source=f"{number}{wide}"[: limits.ID_CHARS_MAX], name=wide) for number in range(1_000)]
    await build(shared, acme=rules)
    assert await read(shared) == set(rules)
