"""What a newcomer sees: one command, and notifications arrive; and at the next start everything is still there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest

from tests.support.platform_process import ADMIN_KEY, PlatformProcess, platform
from tests.support.stored import Stored

pytestmark = pytest.mark.e2e

FIRST_START_SECONDS_MAX = 60.0
NEXT_START_SECONDS_MAX = 5.0

KEPT = {
    "clients": "SELECT client_id, name FROM clients",
    "rules": "SELECT rule_id, client_id, severity, source, name, enabled FROM rules",
    "endpoints": "SELECT endpoint_id, rule_id, type, enabled, secret FROM endpoints",
    "keys": "SELECT key_id, hash FROM api_keys",
    "alerts": "SELECT alert_id FROM alerts",
    "notifications": "SELECT notification_id, client_id, alert_id FROM notifications",
    "deliveries": "SELECT delivery_id, target FROM deliveries",
    "attempts": "SELECT attempt_id, status_code FROM attempts",
}


@pytest.fixture(scope="module")
def demo() -> Iterator[PlatformProcess]:
    """Return a platform on an empty folder, as the first command starts it, demo and all."""
    with platform(ALERTING_DEMO="1") as process:
        process.start(ready_seconds_max=FIRST_START_SECONDS_MAX)
        yield process


def test_on_an_empty_database_the_demo_shows_a_webhook_a_slack_message_and_a_mail_with_nothing_further_done(
    demo: PlatformProcess,
) -> None:
    assert demo.seconds_to_ready < FIRST_START_SECONDS_MAX
    with demo.http(None) as http:
        demo.wait_until(
            lambda: {item["channel"] for item in _inbox(http)} == {"webhook", "slack", "email"},
            what="to tell by every channel",
            seconds_max=60,
        )
        items = _inbox(http)
        page = http.get("/demo/inbox", headers={"Accept": "text/html"})
    assert {item["signature"] for item in items if item["channel"] == "webhook"} == {"valid"}
    assert all(item["status"] in {200, 250} for item in items)
    assert not any(item["is_repeat"] for item in items)
    assert page.status_code == 200
    assert all(item["name"] in page.text for item in items)
    with demo.http(ADMIN_KEY) as http:
        notifications = http.get("/api/v1/notifications", params={"status": "SENT"}).json()["items"]
    assert {item["message_id"] for item in items if item["channel"] == "webhook"} & {
        notification["notification_id"] for notification in notifications
    }


def test_the_next_start_is_ready_within_five_seconds_and_all_data_is_still_there(demo: PlatformProcess) -> None:
    demo.wait_until(lambda: all(_everything(demo).values()), what="to have something of everything", seconds_max=60)
    before = _everything(demo)
    assert demo.stop() == 0
    demo.start()
    after = _everything(demo)
    assert demo.seconds_to_ready < NEXT_START_SECONDS_MAX
    for table, rows in before.items():
        assert rows <= after[table], f"{table} has lost rows"
    with demo.http(ADMIN_KEY) as http:
        assert {client["client_id"] for client in http.get("/api/v1/clients").json()["items"]} >= {"demo-shop"}


def _inbox(http: httpx.Client) -> Sequence[Mapping[str, Any]]:
    items: Sequence[Mapping[str, Any]] = http.get("/demo/inbox").json()["items"]
    return items


def _everything(process: PlatformProcess) -> Mapping[str, set[tuple[object, ...]]]:
    stored = Stored(process.data_dir)
    return {table: {tuple(row.values()) for row in stored.rows(statement)} for table, statement in KEPT.items()}
