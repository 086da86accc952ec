"""Notifications over HTTP."""

from typing import Any

import pytest
from httpx import AsyncClient

from alerting_core.domain.alert import Alert, AlertLife, Match, Severity
from alerting_core.domain.delivery import DeliveryEvent, Reason
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import World

NOTIFICATIONS = "/api/v1/notifications"
PAIR = ("kind", "fingerprint", "ends_at", "firing_notification_id", "resolved_notification_id")


@pytest.fixture
async def rule(catalog: Catalog) -> dict[str, Any]:
    await catalog.client("acme")
    return await catalog.rule("acme")


async def test_the_detail_shows_every_delivery_and_every_attempt(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    hook = await catalog.endpoint(rule["rule_id"])
    notification = await world.notify(rule)
    await world.deliver()
    shown = (await admin.get(f"{NOTIFICATIONS}/{notification.notification_id}")).json()
    at = "2026-01-02T03:04:05.678Z"
    (delivery,) = shown.pop("deliveries")
    assert shown == {
        "notification_id": notification.notification_id,
        "client_id": "acme",
        "alert_id": "a-1",
        "severity": "CRITICAL",
        "source": "api",
        "name": "timeout",
        "context": {"region": "eu-west-1"},
        "annotations": {},
        "private": False,
        "rule_ids": [rule["rule_id"]],
        "event_ts": 1_767_323_045,
        "status": "SENT",
        "kind": "FIRING",
        "fingerprint": None,
        "ends_at": None,
        "firing_notification_id": None,
        "resolved_notification_id": None,
        "created_at": at,
        "updated_at": at,
    }
    (attempt,) = delivery.pop("attempts")
    assert delivery == {
        "delivery_id": delivery["delivery_id"],
        "endpoint_id": hook["endpoint_id"],
        "type": "webhook",
        "target": hook["value"],
        "status": "DELIVERED",
        "reason": "delivered",
        "attempt_count": 1,
        "next_attempt_at": None,
        "is_being_sent": False,
        "created_at": at,
        "updated_at": at,
    }
    assert (attempt["number"], attempt["status_code"], attempt["response"], attempt["latency_ms"]) == (1, 200, "ok", 42)
    assert (await admin.get(NOTIFICATIONS)).json() == {"items": [shown], "next_cursor": None}


async def test_notifications_are_filtered_and_paged_newest_first(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    await catalog.client("globex")
    other = await catalog.rule("globex")
    made = []
    for number in range(4):
        made.append((await world.notify(rule, f"a-{number}")).notification_id)
        world.clock.advance(1_000)
    theirs = (await world.notify(other, "a-0")).notification_id

    async def found(**query: Any) -> list[str]:
        page = (await admin.get(NOTIFICATIONS, params=query)).json()
        return [notification["notification_id"] for notification in page["items"]]

    assert await found() == [theirs, *made[::-1]]
    assert await found(client_id="acme") == made[::-1]
    assert await found(client_id="acme", alert_id="a-0") == [made[0]]
    assert await found(status="SENT") == []
    assert len(await found(status="SKIPPED", severity="CRITICAL", source="api", name="timeout")) == 5
    assert await found(severity="LOW") == await found(source="a\0") == []
    since, until = "2026-01-02T03:04:06.678Z", "2026-01-02T04:04:07.678+01:00"
    assert await found(client_id="acme", since=since, until=until) == [made[1]]
    assert await found(since="9999-12-31T23:59:59.999-12:00") == await found(until="0001-01-01T00:00:00Z") == []
    first = (await admin.get(NOTIFICATIONS, params={"limit": 3, "client_id": "acme"})).json()
    assert await found(limit=3, client_id="acme", cursor=first["next_cursor"]) == [made[0]]
    wrong_list = (await admin.get("/api/v1/rules", params={"limit": 1})).json()["next_cursor"]
    assert problems(await admin.get(NOTIFICATIONS, params={"cursor": wrong_list})) == {("cursor", "unknown-value")}


async def test_the_notifications_of_a_rule_are_listed_also_once_it_is_deleted(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    other = await catalog.rule("acme", name="other")
    await catalog.client("globex")
    theirs = await catalog.rule("globex")
    made = []
    for number in range(3):
        made.append((await world.notify(rule, f"a-{number}")).notification_id)
        await world.notify(other, f"b-{number}")
        await world.notify(theirs, f"a-{number}")
        world.clock.advance(1_000)

    async def found(http: AsyncClient = admin, **query: Any) -> list[str]:
        page = (await http.get(NOTIFICATIONS, params={"rule_id": rule["rule_id"], **query})).json()
        return [notification["notification_id"] for notification in page["items"]]

    assert await found() == await found(client_id="acme", status="SKIPPED") == made[::-1]
    assert await found(client_id="globex") == await found(status="SENT") == await found(rule_id="nothing") == []
    assert await found(since="2026-01-02T03:04:06.678Z", until="2026-01-02T03:04:07.678Z") == [made[1]]
    first = (await admin.get(NOTIFICATIONS, params={"rule_id": rule["rule_id"], "limit": 2})).json()
    assert await found(cursor=first["next_cursor"], limit=2) == [made[0]]
    assert problems(await admin.get(NOTIFICATIONS, params={"rule_id": "x" * 256})) == {("rule_id", "too-long")}
    async with world.http(await world.key("notifications:read", client_id="acme")) as mine:
        assert await found(mine) == made[::-1]
        assert await found(mine, rule_id=theirs["rule_id"]) == []
    assert (await admin.delete(f"/api/v1/rules/{rule['rule_id']}")).status_code == 204
    assert await found() == made[::-1]


async def test_a_finished_notification_is_sent_again_and_the_dispatcher_is_told(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    await catalog.endpoint(rule["rule_id"])
    notification = await world.notify(rule)
    url = f"{NOTIFICATIONS}/{notification.notification_id}"
    before = await world.footprint()
    refusal(await admin.post(f"{url}/resend"), 409, "conflict")
    assert await world.footprint() == before
    await world.deliver(Reason.HTTP_SERVER_ERROR, event=DeliveryEvent.GIVEN_UP)
    assert (await admin.get(url)).json()["status"] == "FAILED"
    resent = await admin.post(f"{url}/resend")
    assert (resent.status_code, resent.json()["status"]) == (202, "RECEIVED")
    assert [ready.notification_id for ready in await world.ready()] == [notification.notification_id]
    detail = (await admin.get(url)).json()
    assert [(d["status"], d["attempt_count"], len(d["attempts"])) for d in detail["deliveries"]] == [("PENDING", 0, 1)]
    assert detail["deliveries"][0]["next_attempt_at"] == "2026-01-02T03:04:05.678Z"


async def test_a_clients_key_sees_its_own_notifications_alone(
    world: World, catalog: Catalog, rule: dict[str, Any]
) -> None:
    await catalog.client("globex")
    mine = await world.notify(rule)
    theirs = await world.notify(await catalog.rule("globex"))
    key = await world.key("notifications:read", "notifications:resend", client_id="acme")
    async with world.http(key) as http:
        items = (await http.get(NOTIFICATIONS)).json()["items"]
        assert [notification["notification_id"] for notification in items] == [mine.notification_id]
        assert (await http.get(NOTIFICATIONS, params={"client_id": "globex"})).json()["items"] == []
        before = await world.footprint()
        refusal(await http.get(f"{NOTIFICATIONS}/{theirs.notification_id}"), 404, "not-found")
        refusal(await http.post(f"{NOTIFICATIONS}/{theirs.notification_id}/resend"), 404, "not-found")
        assert await world.footprint() == before


async def test_a_delivery_that_a_sender_is_at_is_being_sent_and_has_no_next_attempt(
    world: World, admin: AsyncClient, catalog: Catalog, rule: dict[str, Any]
) -> None:
    await catalog.endpoint(rule["rule_id"])
    notification = await world.notify(rule)

    async def look() -> tuple[str | None, bool]:
        (delivery,) = (await admin.get(f"{NOTIFICATIONS}/{notification.notification_id}")).json()["deliveries"]
        return delivery["next_attempt_at"], delivery["is_being_sent"]

    assert await look() == ("2026-01-02T03:04:05.678Z", False)
    await world.backing.deliveries.claim_due(
        owner="a-sender", now_ms=world.clock.now_ms(), lease_ms=60_000, limit=1, per_host_max=1, hosts_excluded=()
    )
    assert await look() == (None, True)
    world.clock.advance(60_000)
    assert await look() == ("2026-01-02T03:05:05.678Z", False), "its sender is gone: it is due since its lease ended"


async def test_a_firing_and_its_end_name_each_other_and_are_listed_by_their_kind(
    world: World, admin: AsyncClient, rule: dict[str, Any]
) -> None:
    alert = Alert("episode", Severity.HIGH, "api", "timeout", 1_767_323_045, life=AlertLife("f1", phase=1))
    store = world.backing.notifications
    await store.record([Match(alert, "acme", (rule["rule_id"],))], now_ms=world.clock.now_ms())
    await store.record_ends({alert.key: 1_767_323_105}, now_ms=world.clock.now_ms(), limit=1)
    listed = {}
    for kind in ("FIRING", "RESOLVED"):
        (listed[kind],) = (await admin.get(NOTIFICATIONS, params={"kind": kind})).json()["items"]
    firing, resolved = listed["FIRING"], listed["RESOLVED"]
    assert {key: firing[key] for key in PAIR} == {
        "kind": "FIRING",
        "fingerprint": "f1",
        "ends_at": None,
        "firing_notification_id": None,
        "resolved_notification_id": resolved["notification_id"],
    }
    assert {key: resolved[key] for key in PAIR} == {
        "kind": "RESOLVED",
        "fingerprint": "f1",
        "ends_at": "2026-01-02T03:05:05.000Z",
        "firing_notification_id": firing["notification_id"],
        "resolved_notification_id": None,
    }
    assert problems(await admin.get(NOTIFICATIONS, params={"kind": "OTHER"})) == {("kind", "unknown-value")}
    await world.backing.alerts.record([alert], now_ms=world.clock.now_ms())
    (shown,) = (await admin.get("/api/v1/alerts/episode")).json()["notifications"]
    named = ("notification_id", "ends_at", "resolved_notification_id")
    assert {key: shown[key] for key in named} == {key: firing[key] for key in named}
