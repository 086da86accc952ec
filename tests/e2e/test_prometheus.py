"""A real Prometheus server whose configuration names the platform as its Alertmanager."""

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.platform_process import PlatformProcess
from tests.support.prometheus.server import PrometheusServer, running
from tests.support.receiver import Receiver
from tests.support.stored import Stored

pytestmark = pytest.mark.e2e

WAIT_SECONDS_MAX = 90.0
SENT_MIN = 3
"""Times that Prometheus has to send the same alert before it is believed to be told once."""

FIRES_SECONDS = 15
"""Time for Prometheus to start, and to fire."""

ANNOUNCED_SECONDS = 4
"""How far ahead the end is that Prometheus announces with each report: four times its resend delay."""

LABELS = {"severity": "critical", "job": "node", "instance": "web-1:9100"}
ANNOTATIONS = {"summary": "Disk of web-1 is full in 4 hours", "runbook_url": "https://wiki.acme.io/disk"}


def test_a_firing_alert_of_a_real_prometheus_arrives_as_one_signed_webhook_and_so_does_its_end(
    process: PlatformProcess, stored: Stored, receiver: Receiver, prometheus_program: Path, tmp_path: Path
) -> None:
    process.start()
    with process.http() as http:
        _make_client(http, receiver, "acme", source="node", name="DiskWillFillUp")
        _make_client(http, receiver, "globex", source="node", name="SomethingElse")
        key = _created(http, "/api/v1/keys", {"name": "prometheus", "scopes": ["alerts:write"]})["key"]
        with _prometheus(prometheus_program, tmp_path, alertmanager=process.url, key=key):
            receiver.wait_for(lambda: receiver.arrived > 0, what="the webhook", seconds_max=WAIT_SECONDS_MAX)
            process.wait_until(
                lambda: _posts(process) >= SENT_MIN, what="to be sent it again", seconds_max=WAIT_SECONDS_MAX
            )
        # Prometheus is silent from now on: the alert ends at the last end that it announced.
        process.wait_until(
            lambda: [alert["status"] for alert in _alerts(http)] == ["resolved"],
            what="to end what nobody reports any more",
            seconds_max=WAIT_SECONDS_MAX,
        )
        stored.wait_until_settled(seconds_max=WAIT_SECONDS_MAX)
        end, notification = http.get("/api/v1/notifications").json()["items"]
        detail = http.get(f"/api/v1/notifications/{notification['notification_id']}").json()

    arrival, of_end = receiver.arrivals
    assert not receiver.refused
    assert (end["kind"], of_end.webhook_id) == ("RESOLVED", end["notification_id"])
    assert json.loads(of_end.body)["firing_notification_id"] == notification["notification_id"]
    assert arrival.target == f"{receiver.url}/acme"
    assert arrival.webhook_id == notification["notification_id"]
    told = json.loads(arrival.body)
    assert (told["client_id"], told["severity"], told["source"], told["name"]) == (
        "acme", "CRITICAL", "node", "DiskWillFillUp",
    )  # fmt: skip
    for name, value in {"alertname": "DiskWillFillUp", **LABELS}.items():
        assert told["context"][name] == value
    assert ANNOTATIONS.items() <= told["annotations"].items()
    assert told["context"].keys().isdisjoint(ANNOTATIONS)
    assert notification["status"] == "SENT"
    assert [delivery["status"] for delivery in detail["deliveries"]] == ["DELIVERED"]


def test_an_alert_that_a_real_prometheus_resolves_ended_when_it_says(
    process: PlatformProcess, prometheus_program: Path, tmp_path: Path
) -> None:
    process.start()
    with process.http() as http:
        key = _created(http, "/api/v1/keys", {"name": "prometheus", "scopes": ["alerts:write"]})["key"]
        until_s = int(time.time()) + FIRES_SECONDS
        expression = f"vector(time()) < {until_s}"
        with _prometheus(prometheus_program, tmp_path, alertmanager=process.url, key=key, expression=expression):
            process.wait_until(
                lambda: [alert["status"] for alert in _alerts(http)] == ["resolved"],
                what="to be sent the end",
                seconds_max=WAIT_SECONDS_MAX,
            )
        (alert,) = _alerts(http)
    ended_s = datetime.fromisoformat(alert["ends_at"]).timestamp()
    assert until_s <= ended_s < until_s + ANNOUNCED_SECONDS, "an end by silence would be later"


def _make_client(http: httpx.Client, receiver: Receiver, client_id: str, *, source: str, name: str) -> None:
    _created(http, "/api/v1/clients", {"client_id": client_id, "name": client_id})
    fields = {"client_id": client_id, "severity": "*", "source": source, "name": name}
    rule = _created(http, "/api/v1/rules", fields)
    target = f"{receiver.url}/{client_id}"
    endpoint = _created(http, f"/api/v1/rules/{rule['rule_id']}/endpoints", {"type": "webhook", "value": target})
    receiver.know_secrets({target: endpoint["secret"]})


def _created(http: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    response = http.post(path, json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def _posts(process: PlatformProcess) -> int:
    return sum(answered["path"] == "/api/v2/alerts" for answered in process.events("request_answered"))


def _alerts(http: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = http.get("/api/v1/alerts").json()["items"]
    return items


def _prometheus(
    program: Path, folder: Path, *, alertmanager: str, key: str, expression: str = "vector(1)"
) -> AbstractContextManager[PrometheusServer]:
    """Run Prometheus with one rule that fires while *expression* is there, sent every second, until the block ends."""
    rule = {"alert": "DiskWillFillUp", "expr": expression, "labels": LABELS, "annotations": ANNOTATIONS}
    return running(PrometheusServer(program, folder, urlsplit(alertmanager).netloc, key, [rule]))
