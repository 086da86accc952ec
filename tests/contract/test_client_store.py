"""Each promise of `ClientStore`."""

import asyncio

import pytest

from alerting_core.codec.records import RuleAction
from alerting_core.domain.rule import Rule
from alerting_core.errors import Conflict, InvalidInput, NotFound
from alerting_core.ports.catalog import (
    ClientStore,
    EndpointFilter,
    PageRequest,
    RuleFilter,
    TimeKey,
    encode_text_cursor,
    encode_time_cursor,
)
from alerting_core.ports.idempotency import Answer, Fresh
from tests.contract.fixtures_catalog import Catalog
from tests.support.catalog import NOW_MS, make_client, make_endpoint, make_key, make_rule, new_uuid, walk

ALL = PageRequest(200)


async def test_a_created_client_is_read_back(clients: ClientStore) -> None:
    client = make_client("Größe/東京 100%_\\", name="'; DROP TABLE clients --")
    assert await clients.create(client) == client
    assert await clients.get(None, client.client_id) == client
    assert await clients.get(client.client_id, client.client_id) == client


async def test_a_taken_client_id_is_a_conflict_and_changes_nothing(clients: ClientStore) -> None:
    await clients.create(make_client())
    with pytest.raises(Conflict):
        await clients.create(make_client(name="another"))
    assert (await clients.get(None, "acme")).name == "Acme"


async def test_a_client_id_is_case_sensitive(clients: ClientStore) -> None:
    await clients.create(make_client("acme"))
    await clients.create(make_client("ACME"))
    with pytest.raises(NotFound):
        await clients.get(None, "Acme")


@pytest.mark.parametrize("client_id", ["nobody", "", "a\0b", "\ud800", "x" * 300])
async def test_an_unknown_client_is_not_found(clients: ClientStore, client_id: str) -> None:
    with pytest.raises(NotFound):
        await clients.get(None, client_id)
    with pytest.raises(NotFound):
        await clients.rename(client_id, "name", now_ms=NOW_MS)
    with pytest.raises(NotFound):
        await clients.delete(client_id, now_ms=NOW_MS)


async def test_another_client_does_not_exist_for_a_scope(clients: ClientStore) -> None:
    await clients.create(make_client("acme"))
    await clients.create(make_client("globex"))
    with pytest.raises(NotFound):
        await clients.get("acme", "globex")
    assert [c.client_id for c in (await clients.list("acme", ALL)).items] == ["acme"]
    assert (await clients.list("nobody", ALL)).items == []


async def test_clients_are_listed_in_client_id_order(clients: ClientStore) -> None:
    names = ["b", "a", "B", "ä", "a-b", "ab", "a b", "日", "Z", "10", "9", "🙂", "\uffee"]
    for name in names:
        await clients.create(make_client(name))
    assert [c.client_id for c in (await clients.list(None, ALL)).items] == sorted(names)


async def test_text_is_found_in_client_id_or_name_whatever_its_case(clients: ClientStore) -> None:
    await clients.create(make_client("acme-prod", name="one"))
    await clients.create(make_client("globex", name="Runs PROD too"))
    await clients.create(make_client("initech", name="100% _other\\"))

    async def found(text: str) -> list[str]:
        return [c.client_id for c in (await clients.list(None, ALL, text=text)).items]

    assert await found("pRoD") == ["acme-prod", "globex"]
    assert await found("0% _o") == ["initech"]
    assert await found("%") == ["initech"]
    assert await found("\\") == ["initech"]
    assert await found("") == ["acme-prod", "globex", "initech"]
    assert await found("a\0") == []
    assert await found("\ud800") == []


async def test_pages_visit_each_client_once_while_others_come_and_go(clients: ClientStore) -> None:
    stay = [f"stay-{n:02}" for n in range(7)]
    for client_id in [*stay, "go-0", "go-1", "go-2"]:
        await clients.create(make_client(client_id))
    turn = iter(range(100))

    async def disturb() -> None:
        number = next(turn)
        await clients.create(make_client(f"a-new-{number}"))
        if number < 3:
            await clients.delete(f"go-{number}", now_ms=NOW_MS)

    seen = await walk(lambda page: clients.list(None, page), limit=2, after_page=disturb)
    visited = [c.client_id for c in seen]
    assert [c for c in visited if c.startswith("stay")] == stay
    assert len(set(visited)) == len(visited)


async def test_the_last_page_has_no_cursor_even_when_it_is_full(clients: ClientStore) -> None:
    for number in range(4):
        await clients.create(make_client(f"c{number}"))
    first = await clients.list(None, PageRequest(2))
    assert first.next_cursor is not None
    last = await clients.list(None, PageRequest(2, first.next_cursor))
    assert [c.client_id for c in last.items] == ["c2", "c3"]
    assert last.next_cursor is None


async def test_a_cursor_that_was_not_made_for_this_list_is_invalid(clients: ClientStore) -> None:
    good = encode_text_cursor("clients", "acme")
    foreign = [
        encode_time_cursor("clients", TimeKey(1, new_uuid())),
        encode_text_cursor("rules", "acme"),
        encode_text_cursor("clients", "a\0b"),
        encode_text_cursor("clients", "x" * 256),
    ]
    for cursor in ["", "x", "%%%", "é", good[:-1], good + "A", good + "=", good.swapcase(), "A" * 5000, *foreign]:
        with pytest.raises(InvalidInput) as caught:
            await clients.list(None, PageRequest(10, cursor))
        assert [problem.path for problem in caught.value.problems] == ["cursor"]


async def test_rename_changes_the_name_and_when(clients: ClientStore) -> None:
    await clients.create(make_client())
    renamed = await clients.rename("acme", "Acme Ltd", now_ms=NOW_MS + 5)
    assert renamed == make_client(name="Acme Ltd", updated_at_ms=NOW_MS + 5)
    assert await clients.get(None, "acme") == renamed


async def test_deleting_a_client_deletes_all_that_it_owns(catalog: Catalog) -> None:
    kept = make_rule("globex")
    gone, disabled = make_rule("acme"), make_rule("acme", enabled=False)
    for client_id in ("acme", "globex"):
        await catalog.clients.create(make_client(client_id))
    for rule in (kept, gone, disabled):
        await catalog.rules.create(rule)
        await catalog.endpoints.create(None, make_endpoint(rule))
    await catalog.keys.create(make_key("acme's key", client_id="acme"))

    await catalog.clients.delete("acme", now_ms=NOW_MS)

    assert [c.client_id for c in (await catalog.clients.list(None, ALL)).items] == ["globex"]
    assert (await catalog.rules.list(None, ALL, RuleFilter())).items == [kept]
    assert [e.rule_id for e in (await catalog.endpoints.list(None, ALL, EndpointFilter())).items] == [kept.rule_id]
    assert (await catalog.keys.list(None, ALL)).items == []
    assert await catalog.rules.all_of("acme") == []
    with pytest.raises(NotFound):
        await catalog.clients.delete("acme", now_ms=NOW_MS)


async def test_evaluators_are_told_of_each_rule_of_a_deleted_client(catalog: Catalog) -> None:
    await catalog.clients.create(make_client())
    rules = [await catalog.rules.create(make_rule()) for _ in range(3)]
    before = len(await catalog.told())
    await catalog.clients.delete("acme", now_ms=NOW_MS)
    told = (await catalog.told())[before:]
    assert sorted(told) == sorted(("acme", rule.rule_id, RuleAction.DELETED, 1) for rule in rules)


async def test_a_client_deleted_and_made_again_starts_empty(catalog: Catalog) -> None:
    await catalog.clients.create(make_client())
    await catalog.rules.create(make_rule())
    await catalog.clients.delete("acme", now_ms=NOW_MS)
    await catalog.clients.create(make_client())
    assert await catalog.rules.all_of("acme") == []


async def test_answers_to_a_deleted_client_are_not_given_to_one_of_the_same_id(catalog: Catalog) -> None:
    for owner in ("acme", "globex", ""):
        if owner:
            await catalog.clients.create(make_client(owner))
        claim = await catalog.idempotency.begin(owner, "key", b"1" * 32, now_ms=NOW_MS)
        assert isinstance(claim, Fresh)
        await catalog.idempotency.finish(claim, Answer(201, b"{}", {}))
    await catalog.clients.delete("acme", now_ms=NOW_MS)
    await catalog.clients.create(make_client("acme"))
    assert isinstance(await catalog.idempotency.begin("acme", "key", b"2" * 32, now_ms=NOW_MS), Fresh)
    for other in ("globex", ""):
        assert isinstance(await catalog.idempotency.begin(other, "key", b"1" * 32, now_ms=NOW_MS), Answer)


async def test_no_rule_made_while_its_client_is_deleted_stays_untold(catalog: Catalog) -> None:
    for _ in range(5):
        await catalog.clients.create(make_client())
        creations = [catalog.rules.create(make_rule()) for _ in range(4)]
        deletion = catalog.clients.delete("acme", now_ms=NOW_MS)
        results = await asyncio.gather(*creations[:2], deletion, *creations[2:], return_exceptions=True)
        assert all(isinstance(result, Rule | NotFound) or result is None for result in results)
        assert await catalog.rules.all_of("acme") == []
    told = await catalog.told()
    created = [rule_id for _, rule_id, action, _ in told if action is RuleAction.CREATED]
    deleted = [rule_id for _, rule_id, action, _ in told if action is RuleAction.DELETED]
    assert sorted(created) == sorted(deleted)
