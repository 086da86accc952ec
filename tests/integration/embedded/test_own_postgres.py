"""The platform on a Postgres of the operator's own, and its mail through a mail server of the operator's own."""

import asyncio
from collections.abc import Iterator

import pytest

from alerting_backend.demo.inbox import Inbox, MailSink
from tests.support.platform_process import PlatformProcess, platform
from tests.support.postgres.cluster import Cluster

pytestmark = pytest.mark.integration


@pytest.fixture
def dsn(embedded_postgres_cluster: Cluster) -> Iterator[str]:
    with asyncio.Runner() as runner:
        database = embedded_postgres_cluster.database(empty=True)
        yield runner.run(database.__aenter__()).dsn
        runner.run(database.__aexit__(None, None, None))


def make_client_with(running: PlatformProcess, endpoint: dict[str, str]) -> None:
    with running.http() as http:
        http.post("/api/v1/clients", json={"client_id": "acme", "name": "Acme"})
        rule = {"client_id": "acme", "severity": "*", "source": "api", "name": "*"}
        rule_id = http.post("/api/v1/rules", json=rule).json()["rule_id"]
        assert http.post(f"/api/v1/rules/{rule_id}/endpoints", json=endpoint).status_code == 201


def test_a_postgres_of_ones_own_takes_the_place_of_the_embedded_one(dsn: str) -> None:
    with platform(ALERTING_POSTGRES_DSN=dsn) as process:
        process.start()
        with process.http() as http:
            assert http.post("/api/v1/clients", json={"client_id": "acme", "name": "Acme"}).status_code == 201
        assert process.stop() == 0
        assert not process.data_dir.exists(), "no embedded database is made"
        process.start()
        with process.http() as http:
            assert http.get("/api/v1/clients/acme").status_code == 200


def test_a_second_platform_on_the_same_postgres_is_refused(dsn: str) -> None:
    with platform(ALERTING_POSTGRES_DSN=dsn) as first:
        first.start()
        refused = first.run("up", ALERTING_HTTP_PORT="0", ALERTING_LOG_FORMAT="console")
        assert refused.returncode == 4
        assert "ALERTING_POSTGRES_DSN" in refused.stderr
        first.kill()
        first.start()  # The lock went with the process that held it.


def test_a_postgres_that_is_not_there_is_told_without_its_password() -> None:
    with platform(ALERTING_POSTGRES_DSN="postgresql://owner:the-secret@127.0.0.1:1/alerting") as process:
        refused = process.run("up", ALERTING_LOG_FORMAT="console")
        assert refused.returncode == 3
        assert "postgres is unavailable" in refused.stderr
        assert "the-secret" not in refused.stderr + refused.stdout


async def test_mail_leaves_by_the_mail_server_that_is_set() -> None:
    inbox = Inbox()
    async with MailSink(inbox) as server:
        with platform(
            ALERTING_SMTP_HOST=server.host,
            ALERTING_SMTP_PORT=str(server.port),
            ALERTING_SMTP_SECURITY="none",
            ALERTING_SMTP_FROM="Alerts <alerts@alerting.internal>",
        ) as process:
            await asyncio.to_thread(process.start)
            await asyncio.to_thread(make_client_with, process, {"type": "email", "value": "oncall@acme.internal"})
            with process.http() as http:
                alert = {"severity": "LOW", "source": "api", "name": "slow"}
                assert (await asyncio.to_thread(http.post, "/api/v1/alerts", json=alert)).status_code == 202
            async with asyncio.timeout(30):
                while not inbox.arrivals:  # noqa: ASYNC110 - An inbox tells nobody.
                    await asyncio.sleep(0.05)
            (mail,) = inbox.arrivals
            assert mail.name == "oncall@acme.internal"
            assert mail.headers["from"] == "Alerts <alerts@alerting.internal>"
            await asyncio.to_thread(process.stop)


def send_alert_and_wait_for(running: PlatformProcess, reason: str) -> None:
    """Send an alert, and wait until its one delivery says *reason*."""
    with running.http() as http:
        assert http.post("/api/v1/alerts", json={"severity": "LOW", "source": "api", "name": "slow"}).is_success

        def reasons() -> list[str]:
            items = http.get("/api/v1/notifications").json()["items"]
            details = [http.get(f"/api/v1/notifications/{item['notification_id']}").json() for item in items]
            return [delivery["reason"] for detail in details for delivery in detail["deliveries"]]

        running.wait_until(lambda: reasons() == [reason], what=f"to say {reason}")


def test_without_a_mail_server_a_mail_waits_and_says_why() -> None:
    with platform() as process:
        process.start()
        make_client_with(process, {"type": "email", "value": "oncall@acme.internal"})
        send_alert_and_wait_for(process, "not-configured")


def test_what_may_be_reached_can_be_set() -> None:
    with platform(ALERTING_DELIVERY_ALLOWED_NETWORKS="none") as process:
        process.start()
        make_client_with(process, {"type": "webhook", "value": f"{process.url}/healthz"})
        send_alert_and_wait_for(process, "forbidden-address")
