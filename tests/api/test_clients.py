"""Clients over HTTP."""

import pytest
from httpx import AsyncClient

from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import World

CLIENTS = "/api/v1/clients"


async def test_a_created_client_comes_back_with_its_place(admin: AsyncClient) -> None:
    created = await admin.post(CLIENTS, json={"client_id": "acme", "name": "Acme Ltd."})
    assert created.status_code == 201
    assert created.headers["location"] == f"{CLIENTS}/acme"
    at = "2026-01-02T03:04:05.678Z"
    assert created.json() == {"client_id": "acme", "name": "Acme Ltd.", "created_at": at, "updated_at": at}
    assert (await admin.get(created.headers["location"])).json() == created.json()


@pytest.mark.parametrize("client_id", ["a/b", "a b", "ä☃", "a%2Fb", "?#&", "a/../b", "x" * 255, "a/explain", "ü/"])
async def test_any_text_may_be_a_client_id(admin: AsyncClient, client_id: str) -> None:
    created = await admin.post(CLIENTS, json={"client_id": client_id, "name": "x"})
    location = created.headers["location"]
    assert (await admin.get(location)).json()["client_id"] == client_id
    assert (await admin.put(location, json={"name": "y"})).json()["name"] == "y"
    assert (await admin.delete(location)).status_code == 204
    refusal(await admin.get(location), 404, "not-found")


@pytest.mark.parametrize("client_id", [".", ".."])
async def test_an_id_whose_address_no_browser_can_open_is_refused(
    world: World, admin: AsyncClient, client_id: str
) -> None:
    before = await world.footprint()
    refused = await admin.post(CLIENTS, json={"client_id": client_id, "name": "", "more": 1})
    assert problems(refused) == {("client_id", "reserved"), ("name", "empty"), ("more", "unknown-field")}
    assert await world.footprint() == before


async def test_a_second_client_with_the_same_id_is_a_conflict(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    await catalog.client("acme")
    before = await world.footprint()
    refusal(await admin.post(CLIENTS, json={"client_id": "acme", "name": "other"}), 409, "conflict")
    assert await world.footprint() == before


async def test_all_that_is_wrong_is_told_at_once(admin: AsyncClient) -> None:
    body = {"client_id": " a\x01", "name": "\0" * 300, "more": 1}
    assert problems(await admin.post(CLIENTS, json=body)) == {
        ("client_id", "control-character"),
        ("name", "too-long"),
        ("name", "nul-character"),
        ("more", "unknown-field"),
    }


async def test_clients_are_listed_by_id_and_found_by_text(admin: AsyncClient, catalog: Catalog) -> None:
    for client_id in ("b", "a", "c"):
        await catalog.client(client_id)
    page = (await admin.get(CLIENTS, params={"limit": 2})).json()
    assert [client["client_id"] for client in page["items"]] == ["a", "b"]
    rest = (await admin.get(CLIENTS, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [client["client_id"] for client in rest["items"]] == ["c"]
    assert rest["next_cursor"] is None
    assert [c["client_id"] for c in (await admin.get(CLIENTS, params={"text": "B"})).json()["items"]] == ["b"]
    assert (await admin.get(CLIENTS, params={"text": "nothing"})).json() == {"items": [], "next_cursor": None}
    assert (await admin.get(CLIENTS, params={"text": "\0"})).json()["items"] == []


async def test_a_clients_key_sees_its_own_client_alone(world: World, catalog: Catalog) -> None:
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
    async with world.http(await world.key("admin", client_id="acme")) as http:
        assert [client["client_id"] for client in (await http.get(CLIENTS)).json()["items"]] == ["acme"]
        assert (await http.get(f"{CLIENTS}/acme")).status_code == 200
        refusal(await http.get(f"{CLIENTS}/globex"), 404, "not-found")
        for answer in (
            await http.post(CLIENTS, json={"client_id": "x", "name": "x"}),
            await http.put(f"{CLIENTS}/acme", json={"name": "x"}),
            await http.delete(f"{CLIENTS}/acme"),
        ):
            refusal(answer, 403, "forbidden")


async def test_a_renamed_client_keeps_its_id_and_creation(world: World, admin: AsyncClient, catalog: Catalog) -> None:
    created = await catalog.client("acme")
    world.clock.advance(1_000)
    changed = (await admin.put(f"{CLIENTS}/acme", json={"name": "Neu"})).json()
    assert changed == {**created, "name": "Neu", "updated_at": "2026-01-02T03:04:06.678Z"}


async def test_a_deleted_clients_key_opens_nothing_from_now_on_nor_a_new_client_of_the_same_id(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    await catalog.client("acme")
    async with world.http(await world.key("rules:read", client_id="acme")) as http:
        assert (await http.get("/api/v1/me")).status_code == 200
        await admin.delete(f"{CLIENTS}/acme")
        refusal(await http.get("/api/v1/me"), 401, "unauthenticated")
        await catalog.client("acme")
        refusal(await http.get("/api/v1/me"), 401, "unauthenticated")


async def test_a_deleted_client_takes_all_that_it_owns_along(admin: AsyncClient, catalog: Catalog) -> None:
    await catalog.client("acme")
    rule = await catalog.rule("acme")
    endpoint = await catalog.endpoint(rule["rule_id"])
    assert (await admin.delete(f"{CLIENTS}/acme")).status_code == 204
    refusal(await admin.delete(f"{CLIENTS}/acme"), 404, "not-found")
    refusal(await admin.get(f"/api/v1/rules/{rule['rule_id']}"), 404, "not-found")
    refusal(await admin.get(f"/api/v1/endpoints/{endpoint['endpoint_id']}"), 404, "not-found")
