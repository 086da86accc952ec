"""Repeating a POST with the same Idempotency-Key."""

import asyncio

from httpx import AsyncClient

from alerting_core import limits
from tests.api.catalog import Catalog, refusal
from tests.api.world import World

CLIENTS, RULES = "/api/v1/clients", "/api/v1/rules"
KEY = {"Idempotency-Key": "k-1"}


async def test_of_many_at_once_one_is_done_and_the_others_are_told_to_wait_or_the_same(
    world: World, admin: AsyncClient
) -> None:
    body = {"client_id": "acme", "name": "Acme"}
    answers = await asyncio.gather(*(admin.post(CLIENTS, json=body, headers=KEY) for _ in range(8)))
    created = [answer for answer in answers if answer.status_code == 201]
    assert created
    assert len({answer.text for answer in created}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in created) == 1
    for answer in answers:
        if answer.status_code != 201:
            refusal(answer, 409, "request-in-progress")
            assert answer.headers["retry-after"] == "1"
    again = await admin.post(CLIENTS, json=body, headers=KEY)
    assert (again.status_code, again.text) == (201, created[0].text)


async def test_the_same_key_with_another_request_is_refused(world: World, admin: AsyncClient) -> None:
    await admin.post(CLIENTS, json={"client_id": "acme", "name": "Acme"}, headers=KEY)
    before = await world.footprint()
    other_body = await admin.post(CLIENTS, json={"client_id": "globex", "name": "G"}, headers=KEY)
    refusal(other_body, 422, "idempotency-key-reused")
    other_path = await admin.post("/api/v1/keys", json={"client_id": "acme", "name": "Acme"}, headers=KEY)
    assert other_path.status_code == 422
    assert await world.footprint() == before


async def test_a_refused_request_gives_its_key_up(admin: AsyncClient) -> None:
    refusal(await admin.post(CLIENTS, json={"client_id": "acme"}, headers=KEY), 422, "invalid-input")
    assert (await admin.post(CLIENTS, json={"client_id": "acme", "name": "x"}, headers=KEY)).status_code == 201
    body = {"client_id": "acme", "severity": "LOW", "source": "a", "name": "b"}
    await admin.post(RULES, json=body)
    other = {"Idempotency-Key": "k-2"}
    refusal(await admin.post(RULES, json=body, headers=other), 409, "conflict")
    assert (await admin.post(RULES, json={**body, "name": "c"}, headers=other)).status_code == 201


async def test_the_keys_of_clients_and_operators_are_apart(world: World, admin: AsyncClient, catalog: Catalog) -> None:
    body = {"severity": "LOW", "source": "a", "name": "b"}
    made = []
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
        async with world.http(await world.key("rules:write", client_id=client_id)) as http:
            made.append((await http.post(RULES, json=body, headers=KEY)).json()["client_id"])
    made.append(
        (await admin.post(RULES, json={**body, "client_id": "acme", "name": "c"}, headers=KEY)).json()["client_id"]
    )
    assert made == ["acme", "globex", "acme"]


async def test_a_kept_answer_is_for_callers_with_the_scope_alone(world: World, catalog: Catalog) -> None:
    await catalog.client("acme")
    body = {"severity": "LOW", "source": "a", "name": "b"}
    async with world.http(await world.key("rules:write", client_id="acme")) as http:
        assert (await http.post(RULES, json=body, headers=KEY)).status_code == 201
    async with world.http(await world.key("rules:read", client_id="acme")) as http:
        refusal(await http.post(RULES, json=body, headers=KEY), 403, "forbidden")


async def test_an_answer_is_forgotten_after_a_day(world: World, admin: AsyncClient) -> None:
    body = {"client_id": "acme", "name": "x"}
    assert (await admin.post(CLIENTS, json=body, headers=KEY)).status_code == 201
    world.clock.advance(limits.IDEMPOTENCY_KEEP_MS + 1)
    refusal(await admin.post(CLIENTS, json=body, headers=KEY), 409, "conflict")
