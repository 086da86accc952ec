"""Each promise of `KeyStore`."""

import pytest

from alerting_core.domain.client import KEY_USE_MS, KeyScope, hash_key
from alerting_core.errors import Conflict, InvalidInput, NotFound
from alerting_core.ports.catalog import KeyStore, PageRequest
from tests.contract.fixtures_catalog import Catalog
from tests.support.catalog import NOW_MS, make_client, make_key, new_uuid, walk

ALL = PageRequest(200)


async def test_a_created_key_is_found_by_its_hash(catalog: Catalog) -> None:
    await catalog.clients.create(make_client())
    scopes = frozenset({KeyScope.ALERTS_WRITE, KeyScope.RULES_READ})
    key = make_key("alk_secret", client_id="acme", scopes=scopes, expires_at_ms=NOW_MS + 1)
    assert await catalog.keys.create(key) == key
    assert await catalog.keys.find_by_hash(hash_key("alk_secret")) == key
    assert await catalog.keys.find_by_hash(hash_key("alk_secreT")) is None
    assert await catalog.keys.find_by_hash(b"") is None


async def test_a_hash_that_is_stored_already_is_a_conflict(keys: KeyStore) -> None:
    key = await keys.create(make_key("one"))
    with pytest.raises(Conflict):
        await keys.create(make_key("one", name="another"))
    with pytest.raises(Conflict):
        await keys.create(make_key("two", key_id=key.key_id))
    assert (await keys.list(None, ALL)).items == [key]


@pytest.mark.parametrize("client_id", ["nobody", "", "a\0", "\ud800"])
async def test_a_key_without_its_client_is_not_found(keys: KeyStore, client_id: str) -> None:
    with pytest.raises(NotFound):
        await keys.create(make_key(client_id=client_id))


async def test_keys_are_listed_newest_first_with_revoked_ones(keys: KeyStore) -> None:
    stored = [await keys.create(make_key(created_at_ms=NOW_MS + n)) for n in (1, 3, 2, 3)]
    revoked = await keys.revoke(None, stored[0].key_id, now_ms=NOW_MS)
    newest_first = sorted([revoked, *stored[1:]], key=lambda k: (k.created_at_ms, k.key_id), reverse=True)
    assert await walk(lambda page: keys.list(None, page), limit=3) == newest_first
    with pytest.raises(InvalidInput):
        await keys.list(None, PageRequest(10, "garbage"))


async def test_a_client_sees_and_revokes_its_own_keys_alone(catalog: Catalog) -> None:
    for client_id in ("acme", "globex"):
        await catalog.clients.create(make_client(client_id))
    mine = await catalog.keys.create(make_key(client_id="acme"))
    others = [await catalog.keys.create(make_key(client_id=owner)) for owner in ("globex", None)]
    assert (await catalog.keys.list("acme", ALL)).items == [mine]
    for other in others:
        with pytest.raises(NotFound):
            await catalog.keys.revoke("acme", other.key_id, now_ms=NOW_MS)
    assert (await catalog.keys.revoke("acme", mine.key_id, now_ms=NOW_MS)).revoked_at_ms == NOW_MS


async def test_a_revoked_key_is_found_and_keeps_its_first_time(keys: KeyStore) -> None:
    key = await keys.create(make_key("one"))
    revoked = await keys.revoke(None, key.key_id, now_ms=NOW_MS + 1)
    assert await keys.revoke(None, key.key_id, now_ms=NOW_MS + 2) == revoked
    assert await keys.find_by_hash(key.hash) == revoked
    assert revoked.revoked_at_ms == NOW_MS + 1


async def test_the_last_use_of_a_key_is_kept_to_within_a_minute_and_never_goes_back(keys: KeyStore) -> None:
    key, other = await keys.create(make_key("one")), await keys.create(make_key("two"))
    assert key.last_used_at_ms is None

    async def used(at_ms: int) -> int | None:
        await keys.note_use(key.key_id, now_ms=at_ms)
        found = await keys.find_by_hash(key.hash)
        assert found is not None
        return found.last_used_at_ms

    assert await used(NOW_MS) == NOW_MS
    assert await used(NOW_MS + KEY_USE_MS - 1) == NOW_MS
    assert await used(NOW_MS - 10 * KEY_USE_MS) == NOW_MS, "a clock that was set back"
    assert await used(NOW_MS + KEY_USE_MS) == NOW_MS + KEY_USE_MS
    listed = {one.key_id: one.last_used_at_ms for one in (await keys.list(None, ALL)).items}
    assert listed == {key.key_id: NOW_MS + KEY_USE_MS, other.key_id: None}
    revoked = await keys.revoke(None, key.key_id, now_ms=NOW_MS)
    assert revoked.last_used_at_ms == NOW_MS + KEY_USE_MS


@pytest.mark.parametrize("key_id", ["nothing", "", "a\0", new_uuid()])
async def test_the_use_of_a_key_that_is_gone_is_passed_over(keys: KeyStore, key_id: str) -> None:
    await keys.note_use(key_id, now_ms=NOW_MS)
    assert (await keys.list(None, ALL)).items == []


@pytest.mark.parametrize("key_id", ["nothing", "", "a\0", new_uuid()])
async def test_an_unknown_key_is_not_found(keys: KeyStore, key_id: str) -> None:
    with pytest.raises(NotFound):
        await keys.revoke(None, key_id, now_ms=NOW_MS)


async def test_operators_keys_are_those_without_client_that_may_do_all(catalog: Catalog) -> None:
    await catalog.clients.create(make_client())
    operator = await catalog.keys.create(make_key())
    revoked = await catalog.keys.create(make_key())
    await catalog.keys.revoke(None, revoked.key_id, now_ms=NOW_MS)
    await catalog.keys.create(make_key(scopes=frozenset({KeyScope.RULES_READ})))
    await catalog.keys.create(make_key(client_id="acme"))
    assert list(await catalog.keys.operators()) == [operator]
