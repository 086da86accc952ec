"""Use cases on API keys."""

import pytest

from alerting_core import limits
from alerting_core.app.clients import NewKey
from alerting_core.domain.client import KEY_PREFIX, ApiKey, KeyScope, hash_key
from alerting_core.errors import InvalidInput, NotFound
from alerting_core.ports.catalog import PageRequest
from tests.unit.core.app.world import NOW_MS, World, make_world, problems_of


async def make_key(world: World, client_id: str | None = None, **changes: int) -> NewKey:
    return await world.use.keys.create(None, client_id, name="ci", scopes=["alerts:write"], **changes)


async def opened_by(world: World, text: str) -> ApiKey | None:
    key = await world.use.keys.store.find_by_hash(hash_key(text))
    return key if key is not None and key.is_valid(now_ms=world.clock.now_ms()) else None


async def test_a_key_is_shown_once_and_opens_what_it_says() -> None:
    world = make_world()
    await world.use.clients.create("acme", "Acme")
    made = await make_key(world, "acme")
    assert made.text.startswith(KEY_PREFIX)
    assert len(made.text) == len(KEY_PREFIX) + 43, "256 bits in base64"
    assert made.key.prefix == made.text[len(KEY_PREFIX) :][: limits.KEY_SHOWN_CHARS]
    found = await opened_by(world, made.text)
    assert found == made.key
    assert found.allows(KeyScope.ALERTS_WRITE)
    assert not found.allows(KeyScope.RULES_READ)
    assert made.text not in repr(world.database.keys)


@pytest.mark.parametrize("text", ["", "alk_", "alk_unknown", "x" * 10_000, "\ud800", "a\0b"])
async def test_an_unknown_key_opens_nothing(text: str) -> None:
    assert await opened_by(make_world(), text) is None


async def test_a_revoked_key_opens_nothing() -> None:
    world = make_world()
    made = await make_key(world)
    await world.use.keys.revoke(None, made.key.key_id)
    assert await opened_by(world, made.text) is None


async def test_an_expired_key_opens_nothing() -> None:
    world = make_world()
    made = await make_key(world, expires_at_ms=NOW_MS + 10)
    world.clock.advance(9)
    assert await opened_by(world, made.text) is not None
    world.clock.advance(1)
    assert await opened_by(world, made.text) is None


async def test_all_that_is_wrong_with_a_key_is_said_at_once() -> None:
    keys = make_world().use.keys
    bad = keys.create(None, None, name="", scopes=["rules:read", "rules:eat"], expires_at_ms=NOW_MS)
    assert await problems_of(bad) == [("name", "empty"), ("scopes[1]", "unknown-value"), ("expires_at", "out-of-range")]
    assert await problems_of(keys.create(None, None, name="x", scopes=[])) == [("scopes", "empty")]


async def test_a_client_makes_keys_for_itself_alone() -> None:
    world = make_world()
    for client_id in ("acme", "globex"):
        await world.use.clients.create(client_id, "Name")
    mine = await world.use.keys.create("acme", None, name="mine", scopes=["rules:read"])
    assert mine.key.client_id == "acme"
    with pytest.raises(NotFound):
        await world.use.keys.create("acme", "globex", name="theirs", scopes=["rules:read"])
    with pytest.raises(NotFound):
        await make_key(world, "nobody")
    assert (await world.use.keys.list("acme", PageRequest(limits.PAGE_ITEMS_DEFAULT))).items == [mine.key]


async def test_an_admin_key_allows_everything() -> None:
    world = make_world()
    made = await world.use.keys.create(None, None, name="root", scopes=["admin"])
    assert all(made.key.allows(scope) for scope in KeyScope)


async def test_the_first_start_makes_one_admin_key_and_the_next_none() -> None:
    world = make_world()
    text = await world.use.keys.ensure_admin_key()
    assert text is not None
    found = await opened_by(world, text)
    assert found is not None
    assert (found.client_id, found.allows(KeyScope.ADMIN)) == (None, True)
    assert await world.use.keys.ensure_admin_key() is None
    assert len(world.database.keys) == 1


async def test_without_a_valid_admin_key_another_is_made() -> None:
    world = make_world()
    await make_key(world)
    expiring = await world.use.keys.create(None, None, name="x", scopes=["admin"], expires_at_ms=NOW_MS + 1)
    revoked = await world.use.keys.create(None, None, name="x", scopes=["admin"])
    await world.use.keys.revoke(None, revoked.key.key_id)
    assert await world.use.keys.ensure_admin_key() is None
    world.clock.advance(1)
    assert not expiring.key.is_valid(now_ms=world.clock.now_ms())
    assert await world.use.keys.ensure_admin_key() is not None


async def test_a_given_admin_key_opens_everything_from_the_first_start_on() -> None:
    world = make_world()
    for _ in range(2):
        assert await world.use.keys.ensure_admin_key("my-own-admin-key") is None
        found = await opened_by(world, "my-own-admin-key")
        assert found is not None
        assert found.allows(KeyScope.ADMIN)
    assert len(world.database.keys) == 1


@pytest.mark.parametrize("given", ["", "short", "with blank inside", "schlüssel-ä", "x" * 256, "line\nbreak-x"])
async def test_an_admin_key_that_cannot_be_sent_is_refused(given: str) -> None:
    world = make_world()
    with pytest.raises(InvalidInput):
        await world.use.keys.ensure_admin_key(given)
    assert world.database.keys == {}
