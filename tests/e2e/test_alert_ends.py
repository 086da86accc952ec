"""An alert that fires and is resolved, on the real process: its end arrives wherever its beginning did."""

import json
from typing import Any

import httpx
import pytest

from tests.support.platform_process import PlatformProcess
from tests.support.receiver import Receiver
from tests.support.stored import Stored

pytestmark = pytest.mark.e2e

ALERT = {"severity": "HIGH", "source": "db", "name": "disk-full", "dedup_key": "db/disk"}
SETTLE_SECONDS_MAX = 60.0


def test_the_end_arrives_after_a_kill_and_although_the_rule_was_deleted(
    process: PlatformProcess, stored: Stored, receiver: Receiver
) -> None:
    process.start()
    with process.http() as http:
        rules = {client_id: _make_client(http, receiver, client_id) for client_id in ("acme", "globex")}
        alert_id = _report(http, "firing")
        stored.wait_until_settled(seconds_max=SETTLE_SECONDS_MAX)
        assert _told(receiver) == {("acme", "firing"), ("globex", "firing")}
        assert http.delete(f"/api/v1/rules/{rules['acme']}").status_code == 204
        assert _report(http, "resolved") == alert_id
    process.kill()
    process.start()
    with process.http() as http:
        receiver.wait_for(lambda: receiver.arrived_once == 4, what="the ends", seconds_max=SETTLE_SECONDS_MAX)
        stored.wait_until_settled(seconds_max=SETTLE_SECONDS_MAX)
        listed = http.get("/api/v1/notifications", params={"alert_id": alert_id}).json()["items"]
    assert _told(receiver) == {(client, status) for client in rules for status in ("firing", "resolved")}
    assert {(one["client_id"], one["kind"], one["status"]) for one in listed} == {
        (client, kind, "SENT") for client in rules for kind in ("FIRING", "RESOLVED")
    }
    pairs = {one["firing_notification_id"] for one in listed if one["kind"] == "RESOLVED"}
    assert pairs == {one["notification_id"] for one in listed if one["kind"] == "FIRING"}
    assert not receiver.refused


def _make_client(http: httpx.Client, receiver: Receiver, client_id: str) -> str:
    """Make a client that is notified of the alert; return the id of its rule."""
    _created(http, "/api/v1/clients", {"client_id": client_id, "name": client_id})
    rule = _created(http, "/api/v1/rules", {"client_id": client_id, "severity": "*", "source": "db", "name": "*"})
    target = f"{receiver.url}/{client_id}"
    endpoint = _created(http, f"/api/v1/rules/{rule['rule_id']}/endpoints", {"type": "webhook", "value": target})
    receiver.know_secrets({target: endpoint["secret"]})
    rule_id: str = rule["rule_id"]
    return rule_id


def _created(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = http.post(path, json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def _report(http: httpx.Client, status: str) -> str:
    answer = http.post("/api/v1/alerts", json={**ALERT, "status": status})
    assert answer.status_code == 202, answer.text
    (alert_id,) = answer.json()["alert_ids"]
    return str(alert_id)


def _told(receiver: Receiver) -> set[tuple[str, str]]:
    return {(one.target.rpartition("/")[2], json.loads(one.body)["status"]) for one in receiver.arrivals}
