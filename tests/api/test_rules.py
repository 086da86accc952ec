"""Rules over HTTP."""

from typing import Any

import pytest
from httpx import AsyncClient

from alerting_core import limits
from alerting_core.domain.alert import Alert, Severity
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import START_MS, World

RULES = "/api/v1/rules"
FIELDS = {"severity": "CRITICAL", "source": "api", "name": "timeout"}


@pytest.fixture
async def acme(catalog: Catalog) -> dict[str, Any]:
    return await catalog.client("acme")


@pytest.mark.usefixtures("acme")
async def test_a_created_rule_comes_back_with_its_version(admin: AsyncClient) -> None:
    created = await admin.post(RULES, json={"client_id": "acme", **FIELDS})
    assert created.status_code == 201
    rule = created.json()
    assert rule == {
        "rule_id": rule["rule_id"],
        "client_id": "acme",
        **FIELDS,
        "catches": "pattern",
        "description": "",
        "name_shown": "",
        "warnings": [],
        "enabled": True,
        "version": 1,
        "created_at": "2026-01-02T03:04:05.678Z",
        "updated_at": "2026-01-02T03:04:05.678Z",
    }
    assert created.headers["etag"] == '"1"'
    shown = await admin.get(created.headers["location"])
    assert (shown.json(), shown.headers["etag"]) == (rule, '"1"')


@pytest.mark.usefixtures("acme")
async def test_a_rule_that_looks_like_a_pattern_is_taken_and_every_answer_warns_of_it(admin: AsyncClient) -> None:
    fields = {**FIELDS, "name": "Kube*"}
    created = await admin.post(RULES, json={"client_id": "acme", **fields})
    assert created.status_code == 201
    rule = created.json()
    (warning,) = rule["warnings"]
    assert (warning["path"], warning["code"]) == ("name", "looks-like-pattern")
    assert "no pattern" in warning["detail"]
    url = f"{RULES}/{rule['rule_id']}"
    listed = (await admin.get(RULES)).json()["items"]
    preview = (await admin.post(f"{RULES}/preview", json=fields)).json()
    for shown in (await admin.get(url), await admin.patch(url, json={"enabled": False})):
        assert shown.json()["warnings"] == [warning]
    assert [one["warnings"] for one in (*listed, preview)] == [[warning]] * 2
    assert (await admin.put(url, json={**FIELDS, "name": "KubeA"})).json()["warnings"] == []


@pytest.mark.usefixtures("acme")
async def test_a_description_stays_until_another_takes_its_place(admin: AsyncClient, catalog: Catalog) -> None:
    rule = await catalog.rule(**FIELDS, description="Wakes whoever is on call.\n東京 <b>🙂")
    url = f"{RULES}/{rule['rule_id']}"
    for change in ({}, {"description": None}, {"description": "New."}, {"description": ""}):
        replaced = (await admin.put(url, json={**FIELDS, **change})).json()
        expected = rule["description"] if change.get("description") is None else change["description"]
        assert replaced["description"] == expected
    assert (await admin.patch(url, json={"enabled": False})).json()["description"] == ""


@pytest.mark.usefixtures("acme")
async def test_a_name_for_people_stays_until_another_takes_its_place(admin: AsyncClient, catalog: Catalog) -> None:
    rule = await catalog.rule(**FIELDS, name_shown="🙂" * 120)
    url = f"{RULES}/{rule['rule_id']}"
    assert (await admin.put(url, json=FIELDS)).json()["name_shown"] == rule["name_shown"] == "🙂" * 120
    for text, code in (("x" * 121, "too-long"), ("a\nb", "control-character"), (" ", "empty"), (5, "wrong-type")):
        assert problems(await admin.put(url, json={**FIELDS, "name_shown": text})) == {("name_shown", code)}
    assert (await admin.put(url, json={**FIELDS, "name_shown": ""})).json()["name_shown"] == ""


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 501, "too-long"),
        ("a\0", "nul-character"),
        (" \n", "empty"),
        ("a\tb", "control-character"),
        (5, "wrong-type"),
    ],
)
async def test_a_description_that_people_could_not_read_is_refused(
    admin: AsyncClient, catalog: Catalog, text: object, code: str
) -> None:
    rule = await catalog.rule(**FIELDS)
    bad = {**FIELDS, "description": text}
    assert problems(await admin.post(RULES, json={"client_id": "acme", **bad})) == {("description", code)}
    assert problems(await admin.put(f"{RULES}/{rule['rule_id']}", json=bad)) == {("description", code)}


@pytest.mark.usefixtures("acme")
async def test_a_rule_of_wildcards_alone_is_refused(world: World, admin: AsyncClient) -> None:
    before = await world.footprint()
    body = {"client_id": "acme", "severity": "*", "source": "*", "name": "*"}
    assert problems(await admin.post(RULES, json=body)) == {("", "all-wildcard")}
    assert problems(await admin.post(f"{RULES}/preview", json=dict.fromkeys(FIELDS, "*"))) == {("", "all-wildcard")}
    assert await world.footprint() == before


@pytest.mark.usefixtures("acme")
async def test_all_that_is_wrong_with_a_rule_is_told_at_once(admin: AsyncClient) -> None:
    body = {"client_id": 5, "severity": "URGENT", "source": "", "name": "\0", "enabled": "yes", "x": None}
    assert problems(await admin.post(RULES, json=body)) == {
        ("client_id", "wrong-type"),
        ("severity", "unknown-value"),
        ("source", "empty"),
        ("name", "nul-character"),
        ("enabled", "wrong-type"),
        ("x", "unknown-field"),
    }


@pytest.mark.usefixtures("acme")
async def test_a_second_rule_with_the_same_fields_is_a_conflict(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    first = await catalog.rule(**FIELDS)
    other = await catalog.rule(**{**FIELDS, "name": "other"})
    before = await world.footprint()
    refusal(await admin.post(RULES, json={"client_id": "acme", **FIELDS}), 409, "conflict")
    refusal(await admin.put(f"{RULES}/{other['rule_id']}", json=FIELDS), 409, "conflict")
    assert await world.footprint() == before
    await catalog.client("globex")
    assert (await catalog.rule("globex", **FIELDS))["rule_id"] != first["rule_id"]


async def test_a_rule_needs_its_client(world: World, admin: AsyncClient) -> None:
    before = await world.footprint()
    refusal(await admin.post(RULES, json={"client_id": "nobody", **FIELDS}), 404, "not-found")
    assert problems(await admin.post(RULES, json=FIELDS)) == {("client_id", "missing")}
    assert await world.footprint() == before


async def test_a_clients_key_needs_to_name_no_client_and_may_name_no_other(world: World, catalog: Catalog) -> None:
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
    theirs = await catalog.rule("globex")
    async with world.http(await world.key("rules:read", "rules:write", client_id="acme")) as http:
        mine = (await http.post(RULES, json=FIELDS)).json()
        assert mine["client_id"] == "acme"
        refusal(await http.post(RULES, json={"client_id": "globex", **FIELDS}), 404, "not-found")
        assert [rule["rule_id"] for rule in (await http.get(RULES)).json()["items"]] == [mine["rule_id"]]
        assert (await http.get(RULES, params={"client_id": "globex"})).json()["items"] == []
        before = await world.footprint()
        url = f"{RULES}/{theirs['rule_id']}"
        for answer in (
            await http.get(url),
            await http.put(url, json=FIELDS),
            await http.patch(url, json={"enabled": False}),
            await http.delete(url),
            await http.get(f"{url}/endpoints"),
            await http.post(f"{url}/endpoints", json={"type": "email", "value": "a@acme.io"}),
        ):
            refusal(answer, 404, "not-found")
        assert await world.footprint() == before


@pytest.mark.usefixtures("acme")
async def test_rules_are_filtered_and_paged_newest_first(world: World, admin: AsyncClient, catalog: Catalog) -> None:
    made = []
    for number in range(5):
        world.clock.advance(1)
        made.append((await catalog.rule(name=f"name-{number}", enabled=number != 3, severity="LOW"))["rule_id"])
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await admin.get(RULES, params=query)).json()
        seen += [rule["rule_id"] for rule in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]

    async def found(**query: Any) -> list[str]:
        return [rule["rule_id"] for rule in (await admin.get(RULES, params=query)).json()["items"]]

    assert await found(enabled=False) == [made[3]]
    assert await found(text="NAME-2") == [made[2]]
    assert await found(severity="HIGH") == []
    assert await found(client_id="acme", severity="LOW", enabled=True) == [made[4], made[2], made[1], made[0]]


@pytest.mark.usefixtures("acme")
async def test_a_change_raises_the_version_and_a_stale_one_is_refused(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    rule = await catalog.rule(**FIELDS)
    url = f"{RULES}/{rule['rule_id']}"
    world.clock.advance(1)
    replaced = await admin.put(url, json={**FIELDS, "severity": "LOW"}, headers={"If-Match": '"1"'})
    assert replaced.headers["etag"] == '"2"'
    assert replaced.json() == {**rule, "severity": "LOW", "version": 2, "updated_at": "2026-01-02T03:04:05.679Z"}
    before = await world.footprint()
    for answer in (
        await admin.put(url, json=FIELDS, headers={"If-Match": '"1"'}),
        await admin.patch(url, json={"enabled": False}, headers={"If-Match": '"1"'}),
        await admin.delete(url, headers={"If-Match": '"1"'}),
    ):
        refusal(answer, 412, "version-conflict")
        assert answer.headers["etag"] == '"2"'
    assert await world.footprint() == before
    assert (await admin.patch(url, json={"enabled": False})).json()["version"] == 3
    assert (await admin.patch(url, json={"enabled": True}, headers={"If-Match": "*"})).json()["enabled"] is True
    assert (await admin.put(url, json=FIELDS)).json()["enabled"] is True, "left out: as it is"
    assert (await admin.delete(url, headers={"If-Match": '"5"'})).status_code == 204
    refusal(await admin.get(url), 404, "not-found")


@pytest.mark.usefixtures("acme")
async def test_a_preview_says_what_a_draft_would_have_matched_and_stores_nothing(
    world: World, admin: AsyncClient
) -> None:
    names = ["timeout", "crash", "timeout"]
    alerts = [Alert(f"a-{n}", Severity.HIGH, "api", name, 1_767_323_045) for n, name in enumerate(names)]
    for number, alert in enumerate(alerts):
        await world.backing.alerts.record([alert], now_ms=START_MS + number)
    before = await world.footprint()
    preview = (await admin.post(f"{RULES}/preview", json={**FIELDS, "severity": "*"})).json()
    assert (preview["examined"], preview["matched"]) == (3, 2)
    assert [alert["alert_id"] for alert in preview["items"]] == ["a-2", "a-0"]
    assert preview["items"][0]["received_at"] == "2026-01-02T03:04:05.680Z"
    nothing = (await admin.post(f"{RULES}/preview", json={**FIELDS, "severity": "LOW"})).json()
    assert nothing == {"examined": 3, "matched": 0, "items": [], "warnings": []}
    assert await world.footprint() == before


ANY = dict.fromkeys(FIELDS, "*")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("catches", ["everything", "unmatched"])
async def test_an_operator_may_have_a_rule_catch_more_than_a_pattern(
    world: World, admin: AsyncClient, catalog: Catalog, catches: str
) -> None:
    made = await admin.post(RULES, json={"client_id": "acme", **ANY, "catches": catches})
    assert made.status_code == 201
    rule = made.json()
    assert {field: rule[field] for field in ANY} == ANY
    assert rule["catches"] == catches
    found = await admin.get(RULES, params={"catches": catches})
    assert [each["rule_id"] for each in found.json()["items"]] == [rule["rule_id"]]
    ordinary = await catalog.rule(**FIELDS)
    assert ordinary["catches"] == "pattern"
    url = f"{RULES}/{rule['rule_id']}"
    assert problems(await admin.put(url, json={**FIELDS, "catches": catches})) == {
        (field, "unknown-value") for field, value in FIELDS.items() if value != "*"
    }
    refusal(await admin.post(RULES, json={"client_id": "acme", **ANY, "catches": catches}), 409, "conflict")
    async with world.http(await world.key("admin", client_id="acme")) as http:
        assert (await http.get(url)).json() == rule
        before = await world.footprint()
        for answer in (
            await http.post(RULES, json={**ANY, "catches": catches}),
            await http.put(f"{RULES}/{ordinary['rule_id']}", json={**ANY, "catches": catches}),
            await http.post(f"{RULES}/preview", json={**ANY, "catches": catches}),
        ):
            assert problems(answer) == {("catches", "reserved")}
        for answer in (
            await http.put(url, json=FIELDS),
            await http.patch(url, json={"enabled": False}),
            await http.delete(url),
        ):
            refusal(answer, 409, "conflict")
        assert await world.footprint() == before
    assert (await admin.put(url, json=dict(FIELDS, name="another"))).json()["catches"] == "pattern"


@pytest.mark.usefixtures("acme")
async def test_the_refusal_of_three_wildcards_names_the_field_that_makes_them_mean_something(
    admin: AsyncClient,
) -> None:
    answer = await admin.post(RULES, json={"client_id": "acme", **ANY})
    assert '"catches"' in answer.json()["problems"][0]["detail"]
    assert problems(await admin.post(RULES, json={"client_id": "acme", **ANY, "catches": "all"})) == {
        ("catches", "unknown-value")
    }


async def test_one_rule_too_many_that_catches_more_is_refused_with_the_limit(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    for number in range(limits.CATCH_ALL_RULES_MAX + 1):
        await catalog.client(f"client-{number}")
        made = await admin.post(RULES, json={"client_id": f"client-{number}", **ANY, "catches": "unmatched"})
        if number < limits.CATCH_ALL_RULES_MAX:
            assert made.status_code == 201
    refusal(made, 422, "limit-exceeded")
    assert str(limits.CATCH_ALL_RULES_MAX) in made.json()["detail"]


async def test_a_client_is_not_told_whether_others_rules_met_an_alert(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    for client_id in ("operators", "globex"):
        await catalog.client(client_id)
    await catalog.rule("globex", severity="*", source="met", name="*")
    caught = await admin.post(RULES, json={"client_id": "operators", **ANY, "catches": "unmatched"})
    for source in ("met", "unmet"):
        alert = Alert(source, Severity.HIGH, source, "name", 1)
        await world.backing.alerts.record([alert], now_ms=world.clock.now_ms())

    async def told(http: AsyncClient, source: str) -> list[str]:
        answer = (await http.get(f"/api/v1/alerts/{source}/explain", params={"client_id": "operators"})).json()
        (rule,) = answer["rules"]
        assert (rule["rule_id"], rule["catches"]) == (caught.json()["rule_id"], "unmatched")
        return [finding["reason"] for finding in rule["findings"]]

    assert await told(admin, "met") == ["met-by-another-rule"]
    assert await told(admin, "unmet") == ["matched"]
    async with world.http(await world.key("rules:read", "alerts:read", client_id="operators")) as http:
        assert await told(http, "met") == await told(http, "unmet") == ["others-not-shown"]
    preview = await admin.post(f"{RULES}/preview", json={**ANY, "catches": "unmatched"})
    assert [item["alert_id"] for item in preview.json()["items"]] == ["unmet"]
