"""Alerts over HTTP."""

from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from alerting_core import limits
from alerting_core.domain.alert import Alert, Severity
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import START_MS, World

ALERTS = "/api/v1/alerts"
ALERT = {"severity": "HIGH", "source": "api", "name": "timeout"}


async def test_an_accepted_alert_is_in_the_log_when_the_answer_comes(world: World, admin: AsyncClient) -> None:
    sent = {**ALERT, "alert_id": "a-1", "event_ts": 5, "context": {"größe": "☃", "empty": ""}}
    accepted = await admin.post(ALERTS, json=sent)
    results = [{"alert_id": "a-1", "outcome": "event"}]
    answer = {"accepted": 1, "duplicates": 0, "alert_ids": ["a-1"], "results": results}
    assert (accepted.status_code, accepted.json()) == (202, answer)
    expected = Alert("a-1", Severity.HIGH, "api", "timeout", 5, {"größe": "☃", "empty": ""})
    assert await world.alerts() == [expected]


async def test_annotations_go_beside_the_labels_all_the_way(world: World, admin: AsyncClient) -> None:
    said = {"context": {"region": "eu"}, "annotations": {"summary": "Zeile 1\nZeile 2", "region": "☃"}}
    events = [{**ALERT, "alert_id": "a-1", **said}, {**ALERT, "alert_id": "a-2"}]
    assert (await admin.post(ALERTS, json=[*events, {**ALERT, "dedup_key": "k", **said}])).status_code == 202
    alerts = await world.alerts()
    read = {alert.alert_id: {"context": alert.context, "annotations": alert.annotations} for alert in alerts}
    assert (read.pop("a-1"), read.pop("a-2")) == (said, {"context": {}, "annotations": {}})
    assert list(read.values()) == [said]
    await world.backing.alerts.record(alerts, now_ms=START_MS)
    shown = (await admin.get(f"{ALERTS}/a-1")).json()
    assert {name: shown[name] for name in said} == said
    assert (await admin.get(f"{ALERTS}/a-2")).json()["annotations"] == {}


async def test_what_is_wrong_with_annotations_is_said_of_them(world: World, admin: AsyncClient) -> None:
    def sent(annotations: Any, **more: Any) -> dict[str, Any]:
        return {**ALERT, "annotations": annotations, **more}

    for annotations, problem in (
        ([], ("annotations", "wrong-type")),
        ({"summary": 5}, ("annotations.summary", "wrong-type")),
        ({"summary": "\0"}, ("annotations.summary", "nul-character")),
        ({"": "x"}, ("annotations", "empty")),
        ({"a": "x" * 16_385}, ("annotations.a", "too-long")),
        ({f"a{n}": "" for n in range(65)}, ("annotations", "too-many")),
        ({f"a{n}": "x" * 16_000 for n in range(5)}, ("annotations", "too-large")),
    ):
        assert problems(await admin.post(ALERTS, json=sent(annotations))) == {problem}
    half = {f"a{n}": "x" * 16_000 for n in range(3)}
    assert problems(await admin.post(ALERTS, json=[sent(half, context=half)])) == {("[0].annotations", "too-large")}
    assert await world.alerts() == []


async def test_an_id_and_a_time_are_made_when_none_are_given(world: World, admin: AsyncClient) -> None:
    (alert_id,) = (await admin.post(ALERTS, json=ALERT)).json()["alert_ids"]
    (alert,) = await world.alerts()
    assert (alert.alert_id, alert.event_ts, alert.context) == (alert_id, START_MS // 1_000, {})


@pytest.mark.parametrize("wrap", [lambda alerts: {"alerts": alerts}, lambda alerts: alerts])
async def test_a_batch_is_accepted_in_the_order_given(world: World, admin: AsyncClient, wrap: Any) -> None:
    batch = [{**ALERT, "alert_id": f"a-{n}"} for n in range(limits.ALERTS_PER_REQUEST_MAX)]
    accepted = (await admin.post(ALERTS, json=wrap(batch))).json()
    ids = [alert["alert_id"] for alert in batch]
    assert (accepted["accepted"], accepted["alert_ids"]) == (1_000, ids)
    assert accepted["results"] == [{"alert_id": id_, "outcome": "event"} for id_ in ids]
    assert {alert.alert_id for alert in await world.alerts()} == set(accepted["alert_ids"])


@pytest.mark.parametrize(("wrap", "path"), [(lambda alerts: {"alerts": alerts}, "alerts"), (lambda alerts: alerts, "")])
async def test_of_a_batch_with_one_bad_alert_nothing_is_stored(
    world: World, admin: AsyncClient, wrap: Any, path: str
) -> None:
    before = await world.footprint()
    batch = [ALERT, {**ALERT, "severity": "TUESDAY", "alert_id": " "}, {**ALERT, "context": {"a": 1}}]
    assert problems(await admin.post(ALERTS, json=wrap(batch))) == {
        (f"{path}[1].severity", "unknown-value"),
        (f"{path}[1].alert_id", "empty"),
        (f"{path}[2].context.a", "wrong-type"),
    }
    assert problems(await admin.post(ALERTS, json=wrap([]))) == {(path, "empty")}
    assert problems(await admin.post(ALERTS, json=wrap([ALERT] * 1_001))) == {(path, "too-many")}
    assert await world.footprint() == before
    assert await world.alerts() == []


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"a": "x" * 16_385}, {("context.a", "too-long")}),
        ({"a\0": "\0"}, {("context", "nul-character"), ("context.a\0", "nul-character")}),
        ({f"k{n}": "" for n in range(65)}, {("context", "too-many")}),
        ({"": ""}, {("context", "empty")}),
        ({f"k{n}": "x" * 16_000 for n in range(5)}, {("context", "too-large")}),
        ({"a": None, "b": ["c"]}, {("context.a", "wrong-type"), ("context.b", "wrong-type")}),
        ([["a", "b"]], {("context", "wrong-type")}),
    ],
)
async def test_a_context_that_could_not_be_carried_is_refused(
    world: World, admin: AsyncClient, context: Any, expected: set[tuple[str, str]]
) -> None:
    before = await world.footprint()
    assert problems(await admin.post(ALERTS, json={**ALERT, "context": context})) == expected
    assert await world.footprint() == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("event_ts", -1, "out-of-range"),
        ("event_ts", 253_402_300_800, "out-of-range"),
        ("event_ts", 10**30, "out-of-range"),
        ("event_ts", "5", "wrong-type"),
        ("alert_id", "a\nb", "control-character"),
        ("severity", "*", "unknown-value"),
        ("severity", 3, "wrong-type"),
        ("severity", "UNSPECIFIED", "unknown-value"),
    ],
)
async def test_a_field_out_of_range_is_refused(
    world: World, admin: AsyncClient, field: str, value: Any, code: str
) -> None:
    before = await world.footprint()
    assert problems(await admin.post(ALERTS, json={**ALERT, field: value})) == {(field, code)}
    assert await world.footprint() == before


async def test_a_wildcard_in_an_alert_is_plain_text(world: World, admin: AsyncClient) -> None:
    await admin.post(ALERTS, json={**ALERT, "source": "*", "name": "*"})
    assert [(alert.source, alert.name) for alert in await world.alerts()] == [("*", "*")]


async def test_an_answer_to_a_thousand_bad_alerts_is_short(admin: AsyncClient) -> None:
    refused = refusal(await admin.post(ALERTS, json=[{}] * 1_000), 422, "invalid-input")
    assert len(refused["problems"]) == 100
    assert "the first 100 of 3000" in refused["detail"]


async def test_ids_made_for_an_idempotency_key_are_the_same_after_a_crash(world: World, admin: AsyncClient) -> None:
    body = [ALERT, {**ALERT, "alert_id": "mine"}, ALERT]
    first = (await admin.post(ALERTS, json=body, headers={"Idempotency-Key": "k"})).json()["alert_ids"]
    # The process died before the answer was kept, and the claim is held for dead.
    world.clock.advance(limits.IDEMPOTENCY_KEEP_MS + 1)
    again = (await admin.post(ALERTS, json=body, headers={"Idempotency-Key": "k"})).json()["alert_ids"]
    assert again == first
    assert len(set(first)) == 3
    other = (await admin.post(ALERTS, json=body, headers={"Idempotency-Key": "l"})).json()["alert_ids"]
    assert set(other) & set(first) == {"mine"}


async def test_the_trace_of_the_caller_goes_along(world: World, admin: AsyncClient) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await admin.post(ALERTS, json=ALERT, headers={"traceparent": trace})
    await admin.post(ALERTS, json=ALERT, headers={"traceparent": "nonsense\x01"})
    records = await world.backing.stream("alerts.new").poll(records_max=10, wait_ms=0)
    traces = [dict(record.headers).get("traceparent") for record in records]
    assert sorted(trace or b"" for trace in traces) == [b"", trace.encode()]


@pytest.mark.parametrize("alert_id", ["a-1", "a/b", "ä ☃", "x" * 255, "%2F"])
async def test_a_recorded_alert_is_shown_and_listed(world: World, admin: AsyncClient, alert_id: str) -> None:
    alert = Alert(alert_id, Severity.UNSPECIFIED, "api", "timeout", 7, {"k": "v"})
    await world.backing.alerts.record([alert], now_ms=START_MS)
    shown = (await admin.get(f"{ALERTS}/{quote(alert_id, safe='')}")).json()
    assert [shown.pop(name) for name in ("notifications", "more_notifications", "ended_by")] == [[], False, None]
    assert shown == {
        "alert_id": alert_id,
        "severity": "UNSPECIFIED",
        "source": "api",
        "name": "timeout",
        "context": {"k": "v"},
        "annotations": {},
        "event_ts": 7,
        "client_id": None,
        "received_at": "2026-01-02T03:04:05.678Z",
        "status": None,
        "starts_at": None,
        "ends_at": None,
        "fingerprint": None,
    }
    assert (await admin.get(ALERTS, params={"limit": 1})).json() == {"items": [shown], "next_cursor": None}


async def test_alerts_are_listed_page_by_page_and_narrowed(world: World, admin: AsyncClient) -> None:
    for number in range(5):
        severity = Severity.LOW if number % 2 else Severity.HIGH
        alert = Alert(f"a-{number}", severity, "api", f"n{number}", 7)
        await world.backing.alerts.record([alert], now_ms=START_MS + 1_000 * number)

    async def listed(**query: Any) -> tuple[list[str], str | None]:
        page = (await admin.get(ALERTS, params=query)).json()
        return [shown["alert_id"] for shown in page["items"]], page["next_cursor"]

    seen, cursor = await listed(limit=2)
    assert seen == ["a-4", "a-3"]
    seen, cursor = await listed(limit=2, cursor=cursor)
    assert seen == ["a-2", "a-1"]
    assert await listed(limit=2, cursor=cursor) == (["a-0"], None)
    assert (await listed(severity="LOW"))[0] == ["a-3", "a-1"]
    assert (await listed(source="api", name="n2"))[0] == ["a-2"]
    times = {"since": "2026-01-02T03:04:06.678Z", "until": "2026-01-02T03:04:08.678Z"}
    assert (await listed(**times))[0] == ["a-2", "a-1"]


async def test_an_alert_shows_the_notifications_that_exist_for_the_caller(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
        await world.notify(await catalog.rule(client_id), "a-1")
    await world.backing.alerts.record([Alert("a-1", Severity.CRITICAL, "api", "timeout", 7)], now_ms=START_MS)
    shown = (await admin.get(f"{ALERTS}/a-1")).json()
    assert {one["client_id"] for one in shown["notifications"]} == {"acme", "globex"}
    assert not shown["more_notifications"]
    async with world.http(await world.key("notifications:read", client_id="acme")) as http:
        theirs = (await http.get(f"{ALERTS}/a-1")).json()
    (mine,) = theirs["notifications"]
    assert (mine["client_id"], mine["status"], len(mine["rule_ids"])) == ("acme", "SKIPPED", 1)
    (listed,) = (await admin.get("/api/v1/notifications", params={"alert_id": "a-1", "client_id": "acme"})).json()[
        "items"
    ]
    assert listed["notification_id"] == mine["notification_id"]


async def test_every_rule_is_explained_the_nearest_first(world: World, admin: AsyncClient, catalog: Catalog) -> None:
    await catalog.client("acme")
    hit = await catalog.rule(severity="HIGH", source="api", name="*")
    near = await catalog.rule(severity="HIGH", source="API", name="timeout")
    far = await catalog.rule(severity="LOW", source="db", name="disk", enabled=False)
    await world.backing.alerts.record([Alert("a/1", Severity.HIGH, "api", "timeout", 7)], now_ms=START_MS)
    explained = (await admin.get(f"{ALERTS}/a%2F1/explain", params={"client_id": "acme"})).json()
    assert (explained["client_id"], explained["examined"], explained["matched"]) == ("acme", 3, 1)
    assert [(r["rule_id"], r["matched"]) for r in explained["rules"]] == [
        (hit["rule_id"], True),
        (near["rule_id"], False),
        (far["rule_id"], False),
    ]
    reasons = [[finding["reason"] for finding in rule["findings"]] for rule in explained["rules"]]
    assert reasons == [
        ["matched"],
        ["source-differs"],
        ["disabled", "severity-differs", "source-differs", "name-differs"],
    ]
    assert "upper and lower case" in explained["rules"][1]["findings"][0]["detail"]
    short = (await admin.get(f"{ALERTS}/a%2F1/explain", params={"client_id": "acme", "limit": 1})).json()
    assert (short["examined"], len(short["rules"])) == (3, 1)
    assert problems(await admin.get(f"{ALERTS}/a%2F1/explain")) == {("client_id", "missing")}
    async with world.http(await world.key("rules:read", "alerts:read", client_id="acme")) as http:
        assert (await http.get(f"{ALERTS}/a%2F1/explain")).json() == explained
        refusal(await http.get(f"{ALERTS}/a%2F1/explain", params={"client_id": "globex"}), 404, "not-found")
