"""What other systems send, each on its route: taken, answered, tried first."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any, Final

import pytest
from httpx import AsyncClient

from alerting_api.source_examples import SOURCE_EXAMPLES
from alerting_core import limits
from alerting_core.app.sns import SnsIntake
from alerting_core.domain.alert import Alert, AlertStatus, Severity
from alerting_core.sources.table import SourceName
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import ADMIN_KEY, World, make_world
from tests.unit.core.app.test_sns import NOTIFICATION, SUBSCRIPTION, TOPIC, Amazon

SOURCES: Final = "/api/v1/sources"
GENERIC: Final = {"name": "$.title", "severity": "$.level", "source": "backup", "dedup_key": "$.job.name"}


async def took(http: AsyncClient, source_name: str, payload: Any, /, **query: str) -> dict[str, Any]:
    """Send *payload*; return the answer."""
    answer = await http.post(f"{SOURCES}/{source_name}", json=payload, params=query)
    assert answer.status_code == 202, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


async def outcomes(http: AsyncClient, source_name: str, payload: Any, /, **query: str) -> list[str]:
    """Send *payload*; return what became of its alerts."""
    return [one["outcome"] for one in (await took(http, source_name, payload, **query))["results"]]


async def only_alert(world: World) -> Alert:
    (alert,) = await world.alerts()
    return alert


@pytest.mark.parametrize(
    ("source", "severity", "named", "changes"),
    [
        ("alertmanager", Severity.CRITICAL, ("api", "HighErrorRate"), {"status": "resolved"}),
        ("grafana", Severity.MEDIUM, ("grafana", "HighMemory"), {"status": "resolved"}),
        ("datadog", Severity.HIGH, ("web", "CPU is high on web1"), {"alert_transition": "Recovered"}),
        ("pagerduty", Severity.CRITICAL, ("web1", "disk-full"), {"event_action": "resolve", "payload": None}),
        ("sentry", Severity.HIGH, ("web", "TypeError: x is not a function"), {"action": "resolved"}),
        ("generic", Severity.HIGH, ("backup", "Backup failed"), {"state": "ok"}),
    ],
)
async def test_an_example_of_each_source_is_an_alert_that_fires_until_it_is_resolved(
    world: World,
    admin: AsyncClient,
    source: str,
    severity: Severity,
    named: tuple[str, str],
    changes: dict[str, Any],
) -> None:
    query = {**GENERIC, "status": "$.state"} if source == "generic" else {}
    example = SOURCE_EXAMPLES[SourceName(source)]
    assert await outcomes(admin, source, example, **query) == ["opened"]
    alert = await only_alert(world)
    assert (alert.severity, (alert.source, alert.name), alert.status) == (severity, named, AlertStatus.FIRING)
    world.clock.advance(limits.EPISODE_LIFE_MS + 1)
    again = await took(admin, source, example, **query)
    assert (again["accepted"], again["duplicates"]) == (1, 1), "it does not end by silence"
    over = {**example, **changes}
    if "alerts" in over:
        over["alerts"] = [{**one, **changes} for one in over["alerts"]]
    assert await outcomes(admin, source, over, **query) == ["closed"]
    assert [one.alert_id for one in await world.alerts()] == [alert.alert_id] * 2


async def test_alerts_of_one_webhook_are_taken_although_others_have_problems(admin: AsyncClient) -> None:
    good = SOURCE_EXAMPLES[SourceName.ALERTMANAGER]["alerts"][0]
    taken = await took(admin, "alertmanager", {"alerts": [good, {"status": "over", "labels": {"a": "b"}}, 5]})
    assert taken["accepted"] == 1
    assert [(one["path"], one["code"]) for one in taken["problems"]] == [
        ("alerts[1].status", "unknown-value"),
        ("alerts[2]", "wrong-type"),
    ]
    assert problems(await admin.post(f"{SOURCES}/alertmanager", json={"alerts": [5]})) == {("alerts[0]", "wrong-type")}
    assert (await took(admin, "alertmanager", {"alerts": []}))["accepted"] == 0


async def test_the_same_labels_by_prometheus_and_by_an_alertmanager_are_one_alert(admin: AsyncClient) -> None:
    example = SOURCE_EXAMPLES[SourceName.ALERTMANAGER]
    await admin.post("/api/v2/alerts", json=[{"labels": example["alerts"][0]["labels"]}])
    assert await outcomes(admin, "alertmanager", example) == ["extended"]


async def test_pagerdutys_senders_are_answered_as_pagerduty_answers(admin: AsyncClient) -> None:
    event = {"event_action": "trigger", "payload": {"summary": "S", "source": "s", "severity": "error"}}
    first, second = await took(admin, "pagerduty", event), await took(admin, "pagerduty", event)
    assert (first["status"], first["message"]) == ("success", "Event processed")
    assert first["dedup_key"] != second["dedup_key"], "an event without a key is an alert of its own"
    acknowledged = await took(admin, "pagerduty", {"event_action": "acknowledge", "dedup_key": first["dedup_key"]})
    assert acknowledged["accepted"] == 0
    assert acknowledged["passed_over"]
    resolved = await took(admin, "pagerduty", {"event_action": "resolve", "dedup_key": first["dedup_key"]})
    assert [one["outcome"] for one in resolved["results"]] == ["closed"]


async def test_what_a_source_knows_an_alert_by_is_a_dedup_key_of_the_ordinary_way_in(admin: AsyncClient) -> None:
    await took(admin, "pagerduty", SOURCE_EXAMPLES[SourceName.PAGERDUTY])
    alert = {"severity": "LOW", "source": "s", "name": "n", "dedup_key": "pagerduty:web1/disk", "status": "resolved"}
    answer = await admin.post("/api/v1/alerts", json=alert)
    assert [one["outcome"] for one in answer.json()["results"]] == ["closed"]


async def test_a_severity_in_the_address_is_that_of_alerts_that_have_none(world: World, admin: AsyncClient) -> None:
    alerts = [{"labels": {"alertname": "a"}}, {"labels": {"alertname": "b", "severity": "low"}}]
    await took(admin, "alertmanager", {"alerts": alerts}, severity="p1")
    found = {alert.name: alert.severity for alert in await world.alerts()}
    assert found == {"a": Severity.CRITICAL, "b": Severity.LOW}


async def test_what_a_clients_key_sends_is_private_to_the_client(world: World, catalog: Catalog) -> None:
    await catalog.client("acme")
    async with world.http(await world.key("alerts:write", client_id="acme")) as http:
        await took(http, "pagerduty", SOURCE_EXAMPLES[SourceName.PAGERDUTY])
    assert (await only_alert(world)).owner == "acme"


@pytest.mark.parametrize("content_type", ["text/plain; charset=UTF-8", "application/x-www-form-urlencoded", ""])
async def test_a_body_need_not_be_called_json(admin: AsyncClient, content_type: str) -> None:
    body = json.dumps(SOURCE_EXAMPLES[SourceName.PAGERDUTY])
    answer = await admin.post(f"{SOURCES}/pagerduty", content=body, headers={"content-type": content_type})
    assert answer.status_code == 202


@pytest.mark.parametrize("source", SourceName)
async def test_what_is_no_json_is_refused(admin: AsyncClient, source: SourceName) -> None:
    query = {"name": "$.n"} if source is SourceName.GENERIC else {}
    refusal(await admin.post(f"{SOURCES}/{source}", content=b"{", params=query), 400, "malformed-body")
    assert problems(await admin.post(f"{SOURCES}/{source}", json=[[]], params=query))
    assert problems(await admin.post(f"{SOURCES}/{source}", content=b"", params=query))


async def test_a_mapping_that_says_nothing_is_refused(admin: AsyncClient) -> None:
    assert problems(await admin.post(f"{SOURCES}/generic", json={})) == {("name", "missing")}
    answer = await admin.post(f"{SOURCES}/generic", json={}, params={"name": "$..a", "colour": "x"})
    assert ("colour", "unknown-field") in problems(answer)


async def test_a_key_may_be_a_password_in_the_address(world: World) -> None:
    async with world.http(None) as http:
        headers = {"Authorization": f"Basic {b64encode(f'sns:{ADMIN_KEY}'.encode()).decode()}"}
        answer = await http.post(f"{SOURCES}/sentry", json=SOURCE_EXAMPLES[SourceName.SENTRY], headers=headers)
        assert answer.status_code == 202
        asked = (await http.post(f"{SOURCES}/sns", json={})).headers["www-authenticate"]
        assert 'Basic realm="alerting"' in asked, "SNS sends no password before it is asked for one"


async def test_a_payload_is_tried_and_nothing_is_taken_in(world: World, admin: AsyncClient) -> None:
    before = await world.footprint()

    async def tried(**body: Any) -> Any:
        return await admin.post(f"{SOURCES}/preview", json=body)

    shown = (await tried(source="generic", mapping=GENERIC, payload=SOURCE_EXAMPLES[SourceName.GENERIC])).json()
    (alert,) = shown["alerts"]
    assert (alert["severity"], alert["source"], alert["name"]) == ("HIGH", "backup", "Backup failed")
    assert (alert["status"], alert["context"]["job.name"]) == ("firing", "nightly")
    odd = await tried(source="pagerduty", payload={"event_action": "explode"})
    assert [one["path"] for one in odd.json()["problems"]] == ["event_action"]
    assert problems(await tried(source="generic", mapping={"name": "$."}, payload={})) == {("name", "unknown-value")}
    assert problems(await tried(source="nagios", payload={})) == {("source", "unknown-value")}
    assert await world.footprint() == before


async def test_a_message_of_sns_is_taken_of_an_allowed_topic_once() -> None:
    amazon = Amazon()
    world = await make_world(MemoryBacking(), sns=SnsIntake([TOPIC], amazon))
    async with world.http() as http:
        confirmed = await took(http, "sns", SUBSCRIPTION)
        assert (confirmed["accepted"], len(confirmed["passed_over"])) == (0, 1)
        assert amazon.confirmed == [SUBSCRIPTION["SubscribeURL"]]
        assert await outcomes(http, "sns", NOTIFICATION) == ["event"]
        await outcomes(http, "sns", NOTIFICATION)
        assert {alert.alert_id for alert in await world.alerts()} == {"sns:m-1"}, "SNS repeats what was not answered"
        amazon.genuine = False
        assert problems(await http.post(f"{SOURCES}/sns", json=NOTIFICATION)) == {("Signature", "invalid-secret")}
    other = SnsIntake(["arn:aws:sns:eu-west-1:123456789012:other"], Amazon())
    world.app.state.container = replace(world.container, sns=other)
    async with world.http() as http:
        assert problems(await http.post(f"{SOURCES}/sns", json=NOTIFICATION)) == {("TopicArn", "unknown-value")}


async def test_without_an_allowed_topic_nothing_of_sns_is_taken(admin: AsyncClient) -> None:
    assert problems(await admin.post(f"{SOURCES}/sns", json=NOTIFICATION)) == {("TopicArn", "unknown-value")}
