"""API keys over HTTP, and what they open."""

import re

from httpx import AsyncClient

from alerting_api.auth import KEY_CACHE_MS
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import ADMIN_KEY, World

KEYS = "/api/v1/keys"


async def test_a_key_is_shown_once_and_opens_what_its_scopes_say(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    await catalog.client("acme")
    body = {"client_id": "acme", "name": "reader", "scopes": ["rules:read", "alerts:write"]}
    created = await admin.post(KEYS, json=body)
    assert created.status_code == 201
    key = created.json()
    text = key.pop("key")
    assert re.fullmatch(r"alk_[A-Za-z0-9_-]{43}", text)
    assert key["prefix"] == text[:12]
    assert (key["scopes"], key["expires_at"], key["revoked_at"]) == (["alerts:write", "rules:read"], None, None)
    listed = await admin.get(KEYS)
    assert key in listed.json()["items"]
    assert text not in listed.text
    async with world.http(text) as http:
        assert (await http.get("/api/v1/rules")).status_code == 200
        refusal(await http.get("/api/v1/notifications"), 403, "forbidden")


async def test_a_revoked_key_opens_nothing_from_now_on(world: World, admin: AsyncClient) -> None:
    key = (await admin.post(KEYS, json={"name": "k", "scopes": ["admin"]})).json()
    async with world.http(key["key"]) as http:
        assert (await http.get(KEYS)).status_code == 200
        assert (await admin.delete(f"{KEYS}/{key['key_id']}")).status_code == 204
        refusal(await http.get(KEYS), 401, "unauthenticated")
    assert (await admin.delete(f"{KEYS}/{key['key_id']}")).status_code == 204
    shown = [k for k in (await admin.get(KEYS)).json()["items"] if k["key_id"] == key["key_id"]]
    assert shown[0]["revoked_at"] == "2026-01-02T03:04:05.678Z"


async def test_a_key_that_another_process_revoked_opens_nothing_after_the_cache_has_aged(world: World) -> None:
    new = await world.container.use.keys.create(None, None, name="k", scopes=["admin"])
    async with world.http(new.text) as http:
        assert (await http.get(KEYS)).status_code == 200
        await world.container.use.keys.revoke(None, new.key.key_id)
        world.clock.advance(KEY_CACHE_MS)
        refusal(await http.get(KEYS), 401, "unauthenticated")


async def test_an_expired_key_opens_nothing(world: World, admin: AsyncClient) -> None:
    body = {"name": "k", "scopes": ["admin"], "expires_at": "2026-01-02T04:04:06+01:00"}
    key = (await admin.post(KEYS, json=body)).json()
    assert key["expires_at"] == "2026-01-02T03:04:06.000Z"
    async with world.http(key["key"]) as http:
        assert (await http.get(KEYS)).status_code == 200
        world.clock.advance(322)
        refusal(await http.get(KEYS), 401, "unauthenticated")


async def test_when_a_key_was_last_used_is_listed_to_within_a_minute(world: World, admin: AsyncClient) -> None:
    made = (await admin.post(KEYS, json={"name": "k", "scopes": ["rules:read"]})).json()
    assert made["last_used_at"] is None

    async def last_used_at() -> str | None:
        (shown,) = [k for k in (await admin.get(KEYS)).json()["items"] if k["key_id"] == made["key_id"]]
        return shown["last_used_at"]  # type: ignore[no-any-return]

    async with world.http(made["key"]) as http:
        world.clock.advance(1_000)
        assert (await http.get("/api/v1/rules")).status_code == 200
        assert await last_used_at() == "2026-01-02T03:04:06.678Z"
        world.clock.advance(59_999)
        assert (await http.get("/api/v1/rules")).status_code == 200
        assert await last_used_at() == "2026-01-02T03:04:06.678Z"
        world.clock.advance(1)
        refusal(await http.get("/api/v1/notifications"), 403, "forbidden")
        assert await last_used_at() == "2026-01-02T03:05:06.678Z", "refused, and used all the same"
        assert (await admin.delete(f"{KEYS}/{made['key_id']}")).status_code == 204
        world.clock.advance(60_000)
        refusal(await http.get("/api/v1/rules"), 401, "unauthenticated")
    assert await last_used_at() == "2026-01-02T03:05:06.678Z", "a revoked key is not used"


async def test_a_key_that_could_not_be_used_is_refused(world: World, admin: AsyncClient) -> None:
    before = await world.footprint()
    body = {"name": "", "scopes": ["everything"], "expires_at": "soon"}
    assert problems(await admin.post(KEYS, json=body)) == {
        ("name", "empty"),
        ("scopes[0]", "unknown-value"),
        ("expires_at", "wrong-type"),
    }
    assert problems(await admin.post(KEYS, json={"name": "k", "scopes": []})) == {("scopes", "empty")}
    for moment in ("2020-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"):
        body = {"name": "k", "scopes": ["admin"], "expires_at": moment}
        assert problems(await admin.post(KEYS, json=body)) == {("expires_at", "out-of-range")}
    local = {"name": "k", "scopes": ["admin"], "expires_at": "2027-01-01T00:00:00"}
    assert problems(await admin.post(KEYS, json=local)) == {("expires_at", "wrong-type")}
    refusal(await admin.post(KEYS, json={"client_id": "nobody", "name": "k", "scopes": ["admin"]}), 404, "not-found")
    assert await world.footprint() == before


async def test_a_clients_admin_key_makes_keys_for_that_client_alone(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
    foreign = (await admin.post(KEYS, json={"name": "k", "scopes": ["admin"]})).json()
    async with world.http(await world.key("admin", client_id="acme")) as http:
        made = (await http.post(KEYS, json={"name": "k", "scopes": ["admin"]})).json()
        assert made["client_id"] == "acme"
        assert {key["client_id"] for key in (await http.get(KEYS)).json()["items"]} == {"acme"}
        body = {"client_id": "globex", "name": "k", "scopes": ["admin"]}
        refusal(await http.post(KEYS, json=body), 404, "not-found")
        refusal(await http.delete(f"{KEYS}/{foreign['key_id']}"), 404, "not-found")


async def test_keys_are_listed_by_client_and_another_clients_do_not_exist(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    made = {}
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
        body = {"client_id": client_id, "name": "k", "scopes": ["admin"]}
        made[client_id] = (await admin.post(KEYS, json=body)).json()
    listed = await admin.get(KEYS, params={"client_id": "acme"})
    assert [key["key_id"] for key in listed.json()["items"]] == [made["acme"]["key_id"]]
    async with world.http(made["acme"]["key"]) as http:
        assert (await http.get(KEYS, params={"client_id": "acme"})).json() == listed.json()
        assert (await http.get(KEYS, params={"client_id": "globex"})).json() == {"items": [], "next_cursor": None}


async def test_a_key_is_never_kept_under_an_idempotency_key(world: World, admin: AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first = (await admin.post(KEYS, json={"name": "k", "scopes": ["admin"]}, headers=headers)).json()
    again = (await admin.post(KEYS, json={"name": "k", "scopes": ["admin"]}, headers=headers)).json()
    assert again == {**first, "key": None}


async def test_a_key_may_be_sent_in_any_letter_case_of_the_scheme(world: World) -> None:
    for scheme in ("bearer", "BEARER", "Bearer"):
        async with world.http(None, Authorization=f"{scheme} {ADMIN_KEY}") as http:
            assert (await http.get(KEYS)).status_code == 200
