"""The demo, as a newcomer meets it: start, and watch notifications arrive."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from alerting_backend.adapters.postgres.schema import read_chain
from tests.support.platform_process import PlatformProcess, platform

pytestmark = pytest.mark.integration

CHANNELS = {"webhook", "slack", "email"}


@pytest.fixture
def demo() -> Iterator[PlatformProcess]:
    with platform(ALERTING_DEMO="1") as process:
        process.start()
        yield process


def arrivals(demo: PlatformProcess) -> Sequence[dict[str, Any]]:
    answer = httpx.get(f"{demo.url}/demo/inbox", timeout=10, trust_env=False)
    items: Sequence[dict[str, Any]] = answer.json()["items"]
    return items


def test_an_empty_database_gets_a_demo_whose_notifications_arrive_without_any_further_step(
    demo: PlatformProcess,
) -> None:
    assert demo.events("platform_ready")[0]["demo_loaded"] is True
    demo.wait_until(lambda: {item["channel"] for item in arrivals(demo)} == CHANNELS, what="to tell by every channel")
    assert {item["signature"] for item in arrivals(demo) if item["channel"] == "webhook"} == {"valid"}
    assert all(item["status"] in {200, 250} for item in arrivals(demo))
    assert not any(item["is_repeat"] for item in arrivals(demo))
    with demo.http() as http:
        clients = http.get("/api/v1/clients").json()["items"]
        assert [client["name"] for client in clients] == ["Demo bank", "Demo shop"]
        patterns = [(r["severity"], r["source"], r["name"]) for r in http.get("/api/v1/rules").json()["items"]]
    assert any("*" in pattern for pattern in patterns)
    assert any("*" not in pattern for pattern in patterns)


def test_the_demo_survives_a_restart_and_is_not_loaded_twice(demo: PlatformProcess) -> None:
    with demo.http() as http:
        before = {path: http.get(path).json()["items"] for path in ("/api/v1/clients", "/api/v1/rules")}
        removed = before["/api/v1/rules"].pop()
        assert http.delete(f"/api/v1/rules/{removed['rule_id']}").status_code == 204
    assert demo.stop() == 0
    demo.start()
    assert demo.events("platform_ready")[0]["demo_loaded"] is False
    with demo.http() as http:
        assert {path: http.get(path).json()["items"] for path in before} == before


def test_at_a_later_start_the_demo_is_quiet_until_alerts_are_asked_for(demo: PlatformProcess) -> None:
    assert demo.stop() == 0
    demo.start()
    with demo.http() as http:
        before = len(http.get("/api/v1/alerts").json()["items"])
        assert http.put("/demo/inbox/alerts").status_code == 204
        demo.wait_until(lambda: len(http.get("/api/v1/alerts").json()["items"]) > before, what="to send an alert")
    demo.wait_until(lambda: bool(arrivals(demo)), what="to tell of it")


def test_a_demo_that_moves_to_another_port_still_reaches_its_inbox(demo: PlatformProcess) -> None:
    before = demo.url
    assert demo.stop() == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    demo.start(ALERTING_HTTP_PORT=str(port))
    assert demo.url != before
    with demo.http() as http:
        alert = {"severity": "CRITICAL", "source": "api", "name": "after-the-move"}
        assert http.post("/api/v1/alerts", json=alert).status_code == 202
    demo.wait_until(
        lambda: any(
            item["channel"] == "webhook" and item["signature"] == "valid" and "after-the-move" in item["text"]
            for item in arrivals(demo)
        ),
        what="to tell at the new place",
    )


def test_a_demo_whose_loading_was_cut_off_is_made_whole_at_the_next_start() -> None:
    with platform(ALERTING_DEMO="1") as process:
        steps = len(read_chain())
        process.spawn()
        process.wait_until(lambda: len(process.events("migration_applying")) >= steps, what="to have a schema")
        process.kill()
        process.start()
        with process.http() as http:
            assert len(http.get("/api/v1/clients").json()["items"]) == 2
            assert len(http.get("/api/v1/rules").json()["items"]) == 5
            assert len(http.get("/api/v1/endpoints").json()["items"]) == 7


def test_without_the_demo_the_database_is_empty_and_there_is_no_inbox() -> None:
    with platform(ALERTING_DEMO="0") as process:
        process.start()
        with process.http() as http:
            assert http.get("/api/v1/clients").json()["items"] == []
            assert http.get("/demo/inbox").status_code == 404
            assert http.get("/api/v1/alerts").json()["items"] == []
