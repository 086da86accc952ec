"""Alerts that fire and are resolved, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from alerting_core import limits
from alerting_core.domain.alert import AlertStatus
from alerting_core.domain.episode_report import ReportOutcome
from alerting_core.errors import PortUnavailable
from alerting_core.stages.episodes import EpisodeKeeper
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog, problems
from tests.api.operations import document
from tests.api.world import START_MS, World, make_world

ALERTS: Final = "/api/v1/alerts"
EVENT: Final = {"severity": "HIGH", "source": "api", "name": "timeout"}
FIRING: Final = {**EVENT, "dedup_key": "k"}
RESOLVED: Final = {**FIRING, "status": "resolved"}
START: Final = "2026-01-02T03:04:05.678Z"
BEFORE: Final = "2026-01-02T03:00:00Z"
MINUTE_MS: Final = 60_000


async def sent(http: AsyncClient, *alerts: object, **headers: str) -> list[tuple[str | None, str]]:
    """Send *alerts* in one request; return (alert_id, outcome) of each."""
    answer = await http.post(ALERTS, json=list(alerts), headers=headers)
    assert answer.status_code == 202, answer.text
    results = answer.json()["results"]
    assert answer.json()["alert_ids"] == [one["alert_id"] or "" for one in results]
    assert answer.json()["accepted"] == len(alerts)
    return [(one["alert_id"], one["outcome"]) for one in results]


async def told(world: World) -> list[tuple[str, AlertStatus, int]]:
    """Return (alert_id, status, phase) of all records."""
    return [(alert.alert_id, alert.status, alert.phase) for alert in await world.alerts()]


async def keep(world: World) -> None:
    """Let the stage that keeps episodes do one step, and record all alerts."""
    ports = world.backing.ports
    await EpisodeKeeper(ports.episodes, ports.sink, ports.clock).step()
    await world.backing.alerts.record(await world.alerts(), now_ms=world.clock.now_ms())


async def test_an_alert_is_one_from_its_firing_to_its_end_and_another_when_it_fires_anew(
    world: World, admin: AsyncClient
) -> None:
    (first, outcome) = (await sent(admin, FIRING))[0]
    assert outcome == "opened"
    assert await sent(admin, FIRING) == [(first, "unchanged")]
    assert await sent(admin, {**FIRING, "status": "firing", "name": "other"}) == [(first, "unchanged")]
    assert await sent(admin, RESOLVED) == [(first, "closed")]
    assert await sent(admin, RESOLVED) == [(first, "not-open")]
    (second, outcome) = (await sent(admin, FIRING))[0]
    assert (outcome, second != first) == ("opened", True)
    assert sorted(await told(world)) == sorted(
        [(first, AlertStatus.FIRING, 1), (first, AlertStatus.RESOLVED, 2), (second, AlertStatus.FIRING, 1)]
    )


async def test_events_and_alerts_with_a_life_come_in_one_request_in_their_order(
    world: World, admin: AsyncClient
) -> None:
    event = {**EVENT, "alert_id": "e"}
    results = await sent(admin, event, FIRING, {**RESOLVED, "dedup_key": "other"}, RESOLVED, EVENT, FIRING)
    assert [outcome for _, outcome in results] == ["event", "opened", "not-open", "closed", "event", "opened"]
    ids = [alert_id for alert_id, _ in results]
    assert (ids[0], ids[1] == ids[3], ids[2]) == ("e", True, None)
    assert len({*ids}) == 5
    assert {alert.alert_id for alert in await world.alerts() if not alert.has_life} == {"e", ids[4]}


async def test_of_a_request_with_a_bad_alert_none_is_taken(world: World, admin: AsyncClient) -> None:
    before = await world.footprint()
    refused = await admin.post(ALERTS, json={"alerts": [FIRING, {**EVENT, "status": "resolved"}]})
    assert problems(refused) == {("alerts[1].dedup_key", "missing")}
    assert await world.footprint() == before


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        ({**EVENT, "status": "firing"}, {("dedup_key", "missing")}),
        ({**EVENT, "starts_at": START}, {("dedup_key", "missing")}),
        ({**EVENT, "ends_at": START}, {("dedup_key", "missing")}),
        ({**FIRING, "alert_id": "mine"}, {("alert_id", "reserved")}),
        ({**FIRING, "status": "FIRING"}, {("status", "unknown-value")}),
        ({**FIRING, "status": ""}, {("status", "unknown-value")}),
        ({**FIRING, "dedup_key": " "}, {("dedup_key", "empty")}),
        ({**FIRING, "dedup_key": "a\nb"}, {("dedup_key", "control-character")}),
        ({**FIRING, "dedup_key": "x" * 256}, {("dedup_key", "too-long")}),
        ({**FIRING, "dedup_key": 5}, {("dedup_key", "wrong-type")}),
        ({**FIRING, "starts_at": "2026-01-02T03:04:05"}, {("starts_at", "wrong-type")}),
        ({**FIRING, "ends_at": 1_767_323_045}, {("ends_at", "wrong-type")}),
        ({**FIRING, "starts_at": START, "event_ts": START_MS // 1_000 + 1}, {("event_ts", "out-of-range")}),
        ({**FIRING, "fingerprint": "f"}, {("fingerprint", "unknown-field")}),
        ({**FIRING, "source": "", "status": "over"}, {("source", "empty"), ("status", "unknown-value")}),
    ],
)  # fmt: skip
async def test_what_contradicts_itself_is_refused(
    world: World, admin: AsyncClient, alert: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    before = await world.footprint()
    assert problems(await admin.post(ALERTS, json=alert)) == expected
    assert await world.footprint() == before


@pytest.mark.parametrize(
    ("fields", "start_s"),
    [
        ({}, START_MS // 1_000),
        ({"event_ts": 1_767_322_800}, 1_767_322_800),
        ({"starts_at": BEFORE}, 1_767_322_800),
        ({"starts_at": BEFORE, "event_ts": 1_767_322_800}, 1_767_322_800),
        ({"starts_at": "2027-01-01T00:00:00Z"}, START_MS // 1_000),
        ({"starts_at": "1960-01-01T00:00:00Z"}, 0),
    ],
)
async def test_an_alert_fires_since_when_its_sender_says_and_not_in_the_future(
    world: World, admin: AsyncClient, fields: dict[str, Any], start_s: int
) -> None:
    await sent(admin, {**FIRING, **fields})
    assert [alert.event_ts for alert in await world.alerts()] == [start_s]


@pytest.mark.parametrize(
    ("ends_at", "life_ms"),
    [
        (None, limits.EPISODE_LIFE_MS),
        ("2026-01-02T03:05:05.678Z", MINUTE_MS),
        ("2027-01-02T03:04:05Z", limits.EPISODE_LIFE_MS_MAX),
    ],
)
async def test_an_alert_that_is_not_sent_again_is_over_by_itself(
    world: World, admin: AsyncClient, ends_at: str | None, life_ms: int
) -> None:
    await sent(admin, {**FIRING, "ends_at": ends_at})
    world.clock.advance(life_ms - 1)
    await keep(world)
    assert [status for _, status, _ in await told(world)] == [AlertStatus.FIRING]
    world.clock.advance(1)
    await keep(world)
    assert sorted((status, alert.ends_at) for alert in await world.alerts() if (status := alert.status)) == [
        (AlertStatus.RESOLVED, (START_MS + life_ms) // 1_000)
    ]


async def test_an_end_that_has_passed_says_that_the_alert_is_resolved(admin: AsyncClient) -> None:
    (alert_id, _) = (await sent(admin, FIRING))[0]
    assert await sent(admin, {**FIRING, "ends_at": START}) == [(alert_id, "closed")]


async def test_an_end_that_comes_after_silence_corrects_what_is_shown_and_tells_of_no_other_alert(
    world: World, admin: AsyncClient
) -> None:
    (alert_id, _) = (await sent(admin, FIRING))[0]
    world.clock.advance(limits.EPISODE_LIFE_MS)
    await keep(world)
    assert await sent(admin, {**RESOLVED, "ends_at": "2026-01-02T03:05:05Z"}) == [(alert_id, "corrected")]
    await keep(world)
    shown = (await admin.get(f"{ALERTS}/{alert_id}")).json()
    assert (shown["status"], shown["ends_at"]) == ("resolved", "2026-01-02T03:05:05.000Z")


async def test_an_alert_says_whether_its_end_was_reported_as_long_as_it_has_not_fired_anew(
    world: World, admin: AsyncClient
) -> None:
    async def ended_by(alert_id: str | None) -> str | None:
        await keep(world)
        shown: str | None = (await admin.get(f"{ALERTS}/{alert_id}")).json()["ended_by"]
        return shown

    (alert_id, _) = (await sent(admin, FIRING))[0]
    assert await ended_by(alert_id) is None
    world.clock.advance(limits.EPISODE_LIFE_MS)
    assert await ended_by(alert_id) == "silence"
    await sent(admin, {**RESOLVED, "ends_at": "2026-01-02T03:05:05Z"})
    assert await ended_by(alert_id) == "report"
    (again, _), _ = await sent(admin, FIRING, RESOLVED)
    assert [await ended_by(again), await ended_by(alert_id)] == ["report", None]
    (event, _) = (await sent(admin, EVENT))[0]
    assert await ended_by(event) is None


async def test_the_end_at_one_sender_does_not_end_what_fires_at_another(admin: AsyncClient) -> None:
    one, other = {**FIRING, "starts_at": BEFORE}, {**FIRING, "starts_at": "2026-01-02T03:01:00Z"}
    (alert_id, _) = (await sent(admin, one))[0]
    assert await sent(admin, other) == [(alert_id, "extended")]
    assert await sent(admin, {**one, "status": "resolved"}) == [(alert_id, "still-firing")]
    assert await sent(admin, {**other, "status": "resolved"}) == [(alert_id, "closed")]


async def test_a_repeated_request_is_answered_as_before_and_reported_once(world: World, admin: AsyncClient) -> None:
    (alert_id, _) = (await sent(admin, FIRING))[0]
    first = await sent(admin, RESOLVED, EVENT, **{"Idempotency-Key": "k"})
    assert first[0] == (alert_id, "closed")
    await sent(admin, FIRING)
    assert await sent(admin, RESOLVED, EVENT, **{"Idempotency-Key": "k"}) == first
    assert await sent(admin, FIRING) == [((await sent(admin, FIRING))[0][0], "unchanged")]
    assert len([alert for alert in await world.alerts() if not alert.has_life]) == 1


async def test_what_is_shown_of_an_alert_is_whether_it_fires_since_when_and_until_when(
    world: World, admin: AsyncClient, catalog: Catalog
) -> None:
    await catalog.client("acme")
    (alert_id, _), (event_id, _) = await sent(admin, {**FIRING, "starts_at": BEFORE}, EVENT)
    await keep(world)
    firing = (await admin.get(f"{ALERTS}/{alert_id}")).json()
    assert (firing["status"], firing["starts_at"], firing["ends_at"]) == ("firing", "2026-01-02T03:00:00.000Z", None)
    event = (await admin.get(f"{ALERTS}/{event_id}")).json()
    assert [event[name] for name in ("status", "starts_at", "ends_at", "fingerprint")] == [None] * 4
    await sent(admin, {**RESOLVED, "ends_at": "2026-01-02T03:02:00Z"})
    await keep(world)
    resolved = (await admin.get(f"{ALERTS}/{alert_id}")).json()
    assert resolved == firing | {"status": "resolved", "ends_at": "2026-01-02T03:02:00.000Z", "ended_by": "report"}
    del resolved["notifications"], resolved["more_notifications"], resolved["ended_by"]
    explained = (await admin.get(f"{ALERTS}/{alert_id}/explain", params={"client_id": "acme"})).json()
    assert explained["alert"] == resolved
    assert resolved in (await admin.get(ALERTS)).json()["items"]


async def test_alerts_that_fire_and_those_that_are_resolved_are_listed_by_themselves(
    world: World, admin: AsyncClient
) -> None:
    (over, _), (firing, _), _ = await sent(admin, FIRING, {**FIRING, "dedup_key": "other"}, EVENT)
    await sent(admin, RESOLVED)
    (again, _) = (await sent(admin, FIRING))[0]
    await keep(world)

    async def listed(**query: str) -> set[str]:
        return {one["alert_id"] for one in (await admin.get(ALERTS, params=query)).json()["items"]}

    assert await listed(status="firing") == {firing, again}
    assert await listed(status="resolved") == {over}
    assert await listed(status="firing", source="db") == set()
    assert len(await listed()) == 4
    assert problems(await admin.get(ALERTS, params={"status": "open"})) == {("status", "unknown-value")}
    prints = {
        one["fingerprint"] for one in (await admin.get(ALERTS)).json()["items"] if one["alert_id"] in {over, again}
    }
    assert len(prints) == 1, "what fires anew is known by the same fingerprint"


@pytest.fixture
async def senders(world: World, catalog: Catalog) -> AsyncIterator[tuple[AsyncClient, AsyncClient, AsyncClient]]:
    """Return an operator and two clients."""
    for client_id in ("acme", "globex"):
        await catalog.client(client_id)
    keys = [await world.key("alerts:write", "alerts:read", client_id=one) for one in ("acme", "globex")]
    async with world.http() as operator, world.http(keys[0]) as acme, world.http(keys[1]) as globex:
        yield operator, acme, globex


async def test_one_key_of_three_owners_is_three_alerts(
    world: World, senders: tuple[AsyncClient, AsyncClient, AsyncClient]
) -> None:
    results = [(await sent(http, FIRING))[0] for http in senders]
    assert [outcome for _, outcome in results] == ["opened"] * 3
    assert len({alert_id for alert_id, _ in results}) == 3
    shared, acme, globex = senders
    assert await sent(acme, RESOLVED) == [(results[1][0], "closed")]
    assert await sent(globex, FIRING) == [(results[2][0], "unchanged")]
    assert await sent(shared, FIRING) == [(results[0][0], "unchanged")]
    assert await sent(shared, {**RESOLVED, "client_id": "globex"}) == [(results[2][0], "closed")]
    assert sorted(alert.owner for alert in await world.alerts() if alert.status is AlertStatus.RESOLVED) == [
        "acme",
        "globex",
    ]
    await keep(world)
    listed = (await acme.get(ALERTS, params={"status": "firing"})).json()["items"]
    assert {one["alert_id"] for one in listed} == {results[0][0]}, "its own is over, and globex's is not to be seen"


@pytest.mark.parametrize("http", [1, 2])
async def test_a_key_that_only_others_use_is_answered_as_one_that_nobody_ever_used(
    senders: tuple[AsyncClient, AsyncClient, AsyncClient], http: int
) -> None:
    for other in senders[:http]:
        await sent(other, FIRING)

    async def said(key: str) -> Response:
        answer = await senders[http].post(ALERTS, json={**RESOLVED, "dedup_key": key})
        del answer.headers["x-request-id"]
        return answer

    used, unused = await said("k"), await said("never-used")
    assert (used.status_code, used.content, used.headers) == (unused.status_code, unused.content, unused.headers)
    assert used.json()["results"] == [{"alert_id": None, "outcome": "not-open"}]


async def test_an_alert_of_a_client_that_is_gone_is_not_taken(
    world: World, senders: tuple[AsyncClient, AsyncClient, AsyncClient]
) -> None:
    operator, acme, _ = senders
    await sent(acme, FIRING)
    assert (await operator.delete("/api/v1/clients/acme")).status_code == 204
    assert problems(await operator.post(ALERTS, json={**FIRING, "client_id": "acme"})) == {
        ("client_id", "unknown-value")
    }
    await Catalog(operator).client("acme")
    async with world.http(await world.key("alerts:write", client_id="acme")) as anew:
        assert await sent(anew, RESOLVED) == [(None, "not-open")]


class UnreachableLog:
    """A log that cannot be written to."""

    async def publish(self, outputs: object) -> None:
        """Refuse."""
        raise PortUnavailable("log", operation="publish")


async def test_what_is_stored_is_taken_although_the_log_is_away_and_is_published_later() -> None:
    backing = MemoryBacking()
    ports = backing.ports
    backing.ports = replace(ports, sink=UnreachableLog())
    world = await make_world(backing)
    async with world.http() as http:
        (alert_id, outcome) = (await sent(http, FIRING))[0]
        assert outcome == "opened"
        assert await sent(http, RESOLVED) == [(alert_id, "closed")]
        assert (await http.post(ALERTS, json=EVENT)).status_code == 503
        assert (await http.post("/api/v2/alerts", json=[{"labels": {"alertname": "a"}}])).status_code == 200
    assert await world.alerts() == []
    backing.ports = ports
    world.clock.advance(limits.EPISODE_UNPUBLISHED_MS + 1)
    await keep(world)
    assert [status for id_, status, _ in await told(world) if id_ == alert_id] == [
        AlertStatus.FIRING,
        AlertStatus.RESOLVED,
    ]


def test_every_outcome_is_in_the_description_with_what_it_means() -> None:
    schemas = document()["components"]["schemas"]
    described = schemas["AlertResult"]["properties"]["outcome"]["description"]
    for outcome in ("event", *ReportOutcome):
        assert f"`{outcome}`" in described


async def test_what_is_sent_again_is_said_to_be_a_duplicate_and_what_had_ended_already_is_not_open(
    admin: AsyncClient,
) -> None:
    async def duplicates(*alerts: object) -> int:
        return int((await admin.post(ALERTS, json=list(alerts))).json()["duplicates"])

    assert await duplicates(FIRING, EVENT) == 0
    assert await duplicates(FIRING, FIRING, {**FIRING, "dedup_key": "new"}) == 2
    assert await sent(admin, {**FIRING, "dedup_key": "late", "ends_at": BEFORE}) == [(None, "not-open")]
    assert await duplicates(RESOLVED) == 0
