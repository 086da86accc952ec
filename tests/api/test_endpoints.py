"""Endpoints over HTTP."""

import re
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import World

ENDPOINTS = "/api/v1/endpoints"


@pytest.fixture
async def rule(catalog: Catalog) -> dict[str, Any]:
    await catalog.client("acme")
    return await catalog.rule("acme")


def of(rule: dict[str, Any]) -> str:
    return f"/api/v1/rules/{rule['rule_id']}/endpoints"


async def test_a_webhook_is_given_a_secret_that_is_shown_once(admin: AsyncClient, rule: dict[str, Any]) -> None:
    created = await admin.post(of(rule), json={"type": "webhook", "value": "https://hooks.acme.io/x"})
    assert created.status_code == 201
    assert (created.headers["etag"], created.headers["location"]) == (
        '"1"',
        f"{ENDPOINTS}/{created.json()['endpoint_id']}",
    )
    endpoint = created.json()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{32,}=*", endpoint["secret"])
    shown = await admin.get(created.headers["location"])
    assert shown.json() == {key: value for key, value in endpoint.items() if key != "secret"}
    assert "whsec_" not in (await admin.get(ENDPOINTS)).text
    assert "whsec_" not in (await admin.get(of(rule))).text


@pytest.mark.parametrize(
    "body",
    [
        {"type": "email", "value": "ops@acme.io, Night@Acme.IO"},
        {"type": "slack", "value": "https://hooks.slack.com/services/T/B/x"},
    ],
)
async def test_other_types_have_no_secret(admin: AsyncClient, rule: dict[str, Any], body: dict[str, Any]) -> None:
    created = (await admin.post(of(rule), json=body)).json()
    assert (created["secret"], created["headers"], created["enabled"]) == (None, {}, True)
    refusal(await admin.post(f"{ENDPOINTS}/{created['endpoint_id']}/secret/rotate"), 409, "conflict")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"type": "email", "value": "nonsense"}, {("value", "invalid-address")}),
        (
            {"type": "email", "value": "a@acme.io\r\nBcc: b@acme.io"},
            {("value", "control-character"), ("value", "invalid-address")},
        ),
        ({"type": "email", "value": ","}, {("value", "empty")}),
        ({"type": "slack", "value": "ftp://x"}, {("value", "invalid-url")}),
        ({"type": "webhook", "value": "https://user:pw@acme.io"}, {("value", "invalid-url")}),
        (
            {"type": "webhook", "value": "https://acme.io", "headers": {"Host": "x"}},
            {("headers.Host", "invalid-header")},
        ),
        ({"type": "webhook", "value": "https://acme.io", "secret": "short"}, {("secret", "invalid-secret")}),
        ({"type": "email", "value": "a@acme.io", "headers": {"a": "b"}}, {("headers", "unknown-field")}),
        ({"type": "pager", "value": "x"}, {("type", "unknown-value")}),
        ({"type": "webhook", "value": 5, "headers": {"a": 1}}, {("value", "wrong-type"), ("headers.a", "wrong-type")}),
    ],
)
async def test_what_could_not_be_delivered_to_is_refused_when_it_is_saved(
    world: World, admin: AsyncClient, rule: dict[str, Any], body: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    before = await world.footprint()
    assert problems(await admin.post(of(rule), json=body)) == expected
    assert await world.footprint() == before


async def test_the_same_endpoint_twice_on_one_rule_is_a_conflict(
    world: World, admin: AsyncClient, rule: dict[str, Any]
) -> None:
    body = {"type": "email", "value": "ops@acme.io"}
    assert (await admin.post(of(rule), json=body)).status_code == 201
    before = await world.footprint()
    refusal(await admin.post(of(rule), json=body), 409, "conflict")
    assert await world.footprint() == before


async def test_a_rule_has_a_bounded_number_of_endpoints(world: World, admin: AsyncClient, rule: dict[str, Any]) -> None:
    for number in range(20):
        assert (await admin.post(of(rule), json={"type": "email", "value": f"a{number}@acme.io"})).status_code == 201
    before = await world.footprint()
    refusal(await admin.post(of(rule), json={"type": "email", "value": "more@acme.io"}), 422, "limit-exceeded")
    assert await world.footprint() == before


async def test_endpoints_are_listed_by_rule_type_and_state(
    admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    other = await catalog.rule("acme", name="other")
    mail = await catalog.endpoint(rule["rule_id"], type="email", value="a@acme.io")
    hook = await catalog.endpoint(other["rule_id"], enabled=False)

    async def found(path: str = ENDPOINTS, **query: Any) -> set[str]:
        return {endpoint["endpoint_id"] for endpoint in (await admin.get(path, params=query)).json()["items"]}

    assert await found() == {mail["endpoint_id"], hook["endpoint_id"]}
    assert await found(of(rule)) == {mail["endpoint_id"]}
    assert await found(rule_id=other["rule_id"]) == {hook["endpoint_id"]}
    assert await found(type="webhook", enabled=False, client_id="acme") == {hook["endpoint_id"]}
    assert await found(rule_id="nonsense") == await found(type="slack") == set()


async def test_a_replaced_endpoint_keeps_its_secret_and_its_type(
    admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    made = await catalog.endpoint(rule["rule_id"])
    url = f"{ENDPOINTS}/{made['endpoint_id']}"
    new = {"type": "webhook", "value": "https://hooks.acme.io/new", "headers": {"X-Team": "blue"}}
    replaced = await admin.put(url, json=new, headers={"If-Match": '"1"'})
    assert replaced.headers["etag"] == '"2"'
    assert (replaced.json()["value"], replaced.json()["headers"]) == (new["value"], new["headers"])
    refusal(await admin.put(url, json=new, headers={"If-Match": '"1"'}), 412, "version-conflict")
    assert ("type", "unknown-value") in problems(await admin.put(url, json={"type": "email", "value": "a@acme.io"}))


async def test_an_endpoint_is_told_of_ends_until_that_is_chosen_otherwise(
    admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    made = await catalog.endpoint(rule["rule_id"])
    assert made["send_resolved"] is True
    url, same = f"{ENDPOINTS}/{made['endpoint_id']}", {"type": made["type"], "value": made["value"]}
    for body, expected in (
        ({**same, "send_resolved": False}, False),
        (same, False),
        ({**same, "send_resolved": True}, True),
    ):
        assert (await admin.put(url, json=body)).json()["send_resolved"] is expected
    assert (await admin.patch(url, json={"send_resolved": False})).json()["send_resolved"] is False
    assert (await admin.patch(url, json={"enabled": False})).json()["send_resolved"] is False
    assert problems(await admin.patch(url, json={})) == {("", "missing")}
    other = await catalog.endpoint(rule["rule_id"], value=f"{made['value']}/2", send_resolved=False)
    assert (await admin.get(f"{ENDPOINTS}/{other['endpoint_id']}")).json()["send_resolved"] is False
    assert problems(await admin.put(url, json={**same, "send_resolved": "no"})) == {("send_resolved", "wrong-type")}


async def test_a_webhook_is_sent_the_platform_s_format_until_that_is_chosen_otherwise(
    admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    made = await catalog.endpoint(rule["rule_id"])
    assert made["format"] == "platform"
    url, same = f"{ENDPOINTS}/{made['endpoint_id']}", {"type": made["type"], "value": made["value"]}
    for body, expected in (({**same, "format": "alertmanager"}, "alertmanager"), (same, "alertmanager")):
        assert (await admin.put(url, json=body)).json()["format"] == expected
    assert (await admin.patch(url, json={"enabled": False})).json()["format"] == "alertmanager"
    assert (await admin.put(url, json={**same, "format": "platform"})).json()["format"] == "platform"
    assert problems(await admin.put(url, json={**same, "format": "grafana"})) == {("format", "unknown-value")}
    slack = {"type": "slack", "value": "https://hooks.slack.com/services/T/B/x", "format": "alertmanager"}
    assert problems(await admin.post(of(rule), json=slack)) == {("format", "unknown-value")}


async def test_a_description_stays_until_another_takes_its_place(
    admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    made = await catalog.endpoint(rule["rule_id"], description="The night shift.\nAsk <b>Ada</b>.")
    assert made["description"] == "The night shift.\nAsk <b>Ada</b>."
    url, same = f"{ENDPOINTS}/{made['endpoint_id']}", {"type": made["type"], "value": made["value"]}
    assert (await admin.put(url, json=same)).json()["description"] == made["description"]
    assert (await admin.patch(url, json={"enabled": False})).json()["description"] == made["description"]
    assert (await admin.put(url, json={**same, "description": ""})).json()["description"] == ""
    for body in ({**same, "description": "x" * 501}, {**same, "value": f"{made['value']}/2", "description": "x" * 501}):
        assert problems(await admin.put(url, json=body)) == {("description", "too-long")}
    assert problems(await admin.post(of(rule), json={**same, "description": "\r\n."})) == {
        ("description", "control-character")
    }


async def test_a_disabled_endpoint_says_why_and_takes_no_test(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    url = f"{ENDPOINTS}/{(await catalog.endpoint(rule['rule_id']))['endpoint_id']}"
    disabled = (await admin.patch(url, json={"enabled": False})).json()
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "by-user")
    before = await world.footprint()
    refusal(await admin.post(f"{url}/test"), 409, "conflict")
    assert await world.footprint() == before
    assert (await admin.patch(url, json={"enabled": True})).json()["disabled_reason"] is None


async def test_a_test_message_takes_the_real_path(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    made = await catalog.endpoint(rule["rule_id"])
    accepted = await admin.post(f"{ENDPOINTS}/{made['endpoint_id']}/test")
    assert accepted.status_code == 202
    url = f"/api/v1/notifications/{accepted.json()['notification_id']}"
    waiting = (await admin.get(url)).json()
    assert (waiting["status"], waiting["rule_ids"], waiting["name"]) == ("RECEIVED", [], "endpoint-test")
    assert [delivery["target"] for delivery in waiting["deliveries"]] == [made["value"]]
    assert await world.deliver() == 1
    assert (await admin.get(url)).json()["status"] == "SENT"


async def test_a_rotated_secret_is_shown_once_and_the_old_one_signs_on(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    made = await catalog.endpoint(rule["rule_id"])
    rotate = f"{ENDPOINTS}/{made['endpoint_id']}/secret/rotate"
    rotated = await admin.post(rotate, headers={"If-Match": '"1"'})
    assert (rotated.status_code, rotated.headers["etag"]) == (200, '"2"')
    assert rotated.json()["secret"] not in {None, made["secret"]}
    stored = await world.container.use.endpoints.get(None, made["endpoint_id"])
    assert stored.secret is not None
    assert stored.secret.active(now_ms=world.clock.now_ms()) == (rotated.json()["secret"], made["secret"])
    given = "whsec_" + "QUJD" * 8
    assert (await admin.post(rotate, json={"secret": given})).json()["secret"] == given
    assert problems(await admin.post(rotate, json={"secret": "x"})) == {("secret", "invalid-secret")}
    refusal(await admin.post(rotate, headers={"If-Match": '"1"'}), 412, "version-conflict")


async def test_a_deleted_endpoint_is_gone(admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]) -> None:
    url = f"{ENDPOINTS}/{(await catalog.endpoint(rule['rule_id']))['endpoint_id']}"
    assert (await admin.delete(url)).status_code == 204
    refusal(await admin.delete(url), 404, "not-found")
    assert (await admin.get(of(rule))).json() == {"items": [], "next_cursor": None}
