"""Nothing of a client's private alert shows to another client, and no client can take an id from others."""

from typing import Any, Final

import pytest
from httpx import AsyncClient

from alerting_core.domain.alert import Alert, Severity
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import START_MS, World

ALERTS: Final = "/api/v1/alerts"
PROMETHEUS: Final = "/api/v2/alerts"
ALERT: Final = {"alert_id": "x", "severity": "HIGH", "source": "api", "name": "timeout"}
READS: Final = ("rules:read", "notifications:read")


@pytest.fixture(autouse=True)
async def two_clients(catalog: Catalog) -> None:
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)


async def owners(world: World) -> list[tuple[str, str]]:
    return sorted((alert.alert_id, alert.owner) for alert in await world.alerts())


async def record(world: World, *alerts: tuple[str, str]) -> None:
    """Let alerts (alert_id, owner) be recorded."""
    made = [Alert(id_, Severity.HIGH, "api", owner or "shared", 7, owner=owner) for id_, owner in alerts]
    await world.backing.alerts.record(made, now_ms=START_MS)


async def listed(http: AsyncClient, path: str = ALERTS, **query: Any) -> list[str]:
    return sorted(one["name"] for one in (await http.get(path, params=query)).json()["items"])


async def test_what_a_clients_key_sends_is_private_and_what_an_operators_sends_is_shared(
    world: World, admin: AsyncClient
) -> None:
    async with world.http(await world.key("alerts:write", client_id="acme")) as http:
        for body in (ALERT, {**ALERT, "client_id": "acme", "alert_id": "named"}):
            assert (await http.post(ALERTS, json=body)).status_code == 202
    await admin.post(ALERTS, json=[ALERT, {**ALERT, "client_id": "globex"}, {**ALERT, "client_id": None}])
    assert await owners(world) == [("named", "acme"), ("x", ""), ("x", ""), ("x", "acme"), ("x", "globex")]


async def test_what_prometheus_sends_with_a_clients_key_is_private(world: World, admin: AsyncClient) -> None:
    alert = {"labels": {"alertname": "a", "job": "j"}, "startsAt": "2026-01-02T03:00:00Z"}
    async with world.http(await world.key("alerts:write", client_id="acme")) as http:
        assert (await http.post(PROMETHEUS, json=[alert])).status_code == 200
    await admin.post(PROMETHEUS, json=[alert])
    (first, second) = await owners(world)
    assert (first[0] != second[0], {first[1], second[1]}) == (True, {"", "acme"})


@pytest.mark.parametrize("named", ["globex", "nobody"])
async def test_a_client_that_names_another_is_refused_whether_that_exists_or_not(world: World, named: str) -> None:
    key = await world.key("alerts:write", client_id="acme")
    before = await world.footprint()
    async with world.http(key) as http:
        refused = await http.post(ALERTS, json={"alerts": [ALERT, {**ALERT, "client_id": named}]})
    assert problems(refused) == {("alerts[1].client_id", "reserved")}
    assert named not in refused.text
    assert await world.footprint() == before


async def test_an_operator_can_name_no_client_that_does_not_exist(world: World, admin: AsyncClient) -> None:
    assert problems(await admin.post(ALERTS, json={**ALERT, "client_id": "nobody"})) == {("client_id", "unknown-value")}
    assert await world.alerts() == []


async def test_ids_made_for_one_idempotency_key_of_two_senders_have_nothing_to_do_with_each_other(
    world: World, admin: AsyncClient
) -> None:
    body = {name: value for name, value in ALERT.items() if name != "alert_id"}
    headers = {"Idempotency-Key": "k"}
    answers = [(await admin.post(ALERTS, json=body, headers=headers)).json()]
    for client_id in ("acme", "globex"):
        async with world.http(await world.key("alerts:write", client_id=client_id)) as http:
            answer = await http.post(ALERTS, json=body, headers=headers)
            assert "idempotency-replayed" not in answer.headers
            answers.append(answer.json())
    assert len({answer["alert_ids"][0] for answer in answers}) == 3
    assert sorted(owner for _, owner in await owners(world)) == ["", "acme", "globex"]


async def test_another_clients_private_alert_is_answered_as_one_that_never_was(world: World) -> None:
    await record(world, ("secret", "acme"))
    async with world.http(await world.key(*READS, "alerts:read", client_id="globex")) as http:
        for owner in ({}, {"owner": "acme"}, {"owner": ""}):
            for suffix in ("", "/explain"):
                said = [
                    refusal(await http.get(f"{ALERTS}/{alert_id}{suffix}", params=owner), 404, "not-found")
                    for alert_id in ("secret", "never-was")
                ]
                assert said[0]["detail"] == said[1]["detail"]
                assert "acme" not in str(said[0])
        assert await listed(http) == []
        assert await listed(http, owner="acme") == []
        preview = await http.post("/api/v1/rules/preview", json={"severity": "*", "source": "api", "name": "*"})
        assert (preview.json()["examined"], preview.json()["items"]) == (0, [])


async def test_a_client_reads_its_own_private_alert_without_a_further_scope(world: World, catalog: Catalog) -> None:
    await catalog.rule(severity="HIGH", source="api", name="*")
    await record(world, ("secret", "acme"))
    async with world.http(await world.key(*READS, client_id="acme")) as http:
        assert await listed(http) == ["acme"]
        assert (await http.get(f"{ALERTS}/secret")).json()["client_id"] == "acme"
        assert (await http.get(f"{ALERTS}/secret/explain")).json()["matched"] == 1
        preview = await http.post("/api/v1/rules/preview", json={"severity": "*", "source": "api", "name": "*"})
        assert preview.json()["matched"] == 1


async def test_shared_alerts_that_did_not_notify_a_client_show_with_the_scope_alerts_read_alone(
    world: World, catalog: Catalog
) -> None:
    rule = await catalog.rule(severity="HIGH", source="api", name="*")
    await record(world, ("told", ""), ("other", ""), ("secret", "globex"))
    await world.notify(rule, "told")
    async with world.http(await world.key(*READS, client_id="acme")) as http:
        assert [one["alert_id"] for one in (await http.get(ALERTS)).json()["items"]] == ["told"]
        assert (await http.get(f"{ALERTS}/told")).status_code == 200
        for path in (f"{ALERTS}/other", f"{ALERTS}/other/explain"):
            refusal(await http.get(path), 404, "not-found")
    async with world.http(await world.key("alerts:read", client_id="acme")) as http:
        assert sorted(one["alert_id"] for one in (await http.get(ALERTS)).json()["items"]) == ["other", "told"]
        assert (await http.get(f"{ALERTS}/other/explain")).status_code == 200


async def test_an_operator_sees_all_and_says_which_of_one_id_it_means(world: World, admin: AsyncClient) -> None:
    await record(world, ("x", "acme"), ("x", ""), ("x", "globex"))
    assert await listed(admin) == ["acme", "globex", "shared"]
    assert await listed(admin, owner="") == ["shared"]
    for owner, name in ((None, "shared"), ("", "shared"), ("globex", "globex")):
        which = {} if owner is None else {"owner": owner}
        assert (await admin.get(f"{ALERTS}/x", params=which)).json()["name"] == name
    explained = await admin.get(f"{ALERTS}/x/explain", params={"client_id": "acme", "owner": "globex"})
    assert explained.json()["matched"] == 0


async def test_notifications_of_one_alert_id_are_told_apart_by_its_owner(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    ours, theirs = await catalog.rule("acme"), await catalog.rule("globex")
    shared, private = await world.notify(ours, "x"), await world.notify(ours, "x", owner="acme")
    foreign = await world.notify(theirs, "x", owner="globex")
    await record(world, ("x", ""), ("x", "acme"), ("x", "globex"))
    for owner, expected in (("", shared), ("acme", private), ("globex", foreign)):
        shown = (await admin.get(f"{ALERTS}/x", params={"owner": owner})).json()["notifications"]
        assert [one["notification_id"] for one in shown] == [expected.notification_id]
    async with world.http(await world.key(*READS, client_id="acme")) as http:
        found = (await http.get("/api/v1/notifications", params={"alert_id": "x"})).json()["items"]
        assert {one["notification_id"]: one["private"] for one in found} == {
            shared.notification_id: False,
            private.notification_id: True,
        }
        refusal(await http.get(f"/api/v1/notifications/{foreign.notification_id}"), 404, "not-found")
        totals = (await http.get("/api/v1/metrics")).json()["totals"]
        assert sum(totals["notifications_by_status"].values()) == 2


async def test_with_a_client_its_private_alerts_go(world: World, admin: AsyncClient, catalog: Catalog) -> None:
    await record(world, ("secret", "acme"), ("x", ""))
    assert (await admin.delete("/api/v1/clients/acme")).status_code == 204
    await catalog.client("acme")
    async with world.http(await world.key("alerts:read", client_id="acme")) as http:
        assert await listed(http) == ["shared"]
    refusal(await admin.get(f"{ALERTS}/secret"), 404, "not-found")
