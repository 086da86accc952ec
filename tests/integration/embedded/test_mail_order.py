"""The platform with more than one provider of mail, as an operator sets it up."""

import asyncio

import pytest

from alerting_backend.demo.inbox import Inbox, MailSink
from tests.support.platform_process import PlatformProcess, platform

pytestmark = pytest.mark.integration

SES_AWAY = {
    "ALERTING_SES_REGION": "eu-west-1",
    "ALERTING_SES_ENDPOINT": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
}


def alert_by_mail(running: PlatformProcess) -> None:
    """Have a client told by mail."""
    with running.http() as http:
        http.post("/api/v1/clients", json={"client_id": "acme", "name": "Acme"})
        rule = {"client_id": "acme", "severity": "*", "source": "api", "name": "*"}
        rule_id = http.post("/api/v1/rules", json=rule).json()["rule_id"]
        endpoint = {"type": "email", "value": "oncall@acme.internal"}
        assert http.post(f"/api/v1/rules/{rule_id}/endpoints", json=endpoint).status_code == 201
        assert http.post("/api/v1/alerts", json={"severity": "LOW", "source": "api", "name": "slow"}).is_success


def detail_of_delivery(running: PlatformProcess) -> str:
    """Return what the attempt says once the mail is delivered."""
    with running.http() as http:

        def details() -> list[str]:
            items = http.get("/api/v1/notifications").json()["items"]
            found = [http.get(f"/api/v1/notifications/{item['notification_id']}").json() for item in items]
            deliveries = [one for each in found for one in each["deliveries"] if one["status"] == "DELIVERED"]
            return [attempt["detail"] for one in deliveries for attempt in one["attempts"]]

        running.wait_until(lambda: bool(details()), what="to deliver the mail")
        (detail,) = details()
        return detail


async def test_mail_leaves_by_the_next_provider_when_the_first_is_away() -> None:
    inbox = Inbox()
    async with MailSink(inbox) as server:
        with platform(
            ALERTING_EMAIL_PROVIDERS="ses,smtp",
            ALERTING_SMTP_HOST=server.host,
            ALERTING_SMTP_PORT=str(server.port),
            ALERTING_SMTP_SECURITY="none",
            ALERTING_SMTP_FROM="Alerts <alerts@alerting.internal>",
            **SES_AWAY,
        ) as process:
            await asyncio.to_thread(process.start)
            assert [each["order"] for each in process.events("mail_providers")] == ["ses,smtp"]
            await asyncio.to_thread(alert_by_mail, process)
            detail = await asyncio.to_thread(detail_of_delivery, process)
            assert detail == "carried by smtp; ses: SES was not reached"
            [rests] = process.events("mail_provider_rests")
            assert (rests["provider"], rests["ending"]) == ("ses", "not-reached")
            assert "test-secret" not in process.output()
            assert await asyncio.to_thread(process.stop) == 0
    assert [arrival.name for arrival in inbox.arrivals] == ["oncall@acme.internal"]


def test_a_start_with_providers_that_are_half_set_up_is_refused_with_what_is_missing() -> None:
    with platform(ALERTING_EMAIL_PROVIDERS="ses,smtp", ALERTING_LOG_FORMAT="console") as process:
        refused = process.run("up")
        assert refused.returncode == 2
        assert "ALERTING_SES_REGION is needed where ALERTING_EMAIL_PROVIDERS names ses" in refused.stderr
        assert "ALERTING_SMTP_HOST is needed where ALERTING_EMAIL_PROVIDERS names smtp" in refused.stderr
        assert not process.data_dir.exists()


def test_a_start_with_half_of_the_credentials_is_refused_with_what_is_missing() -> None:
    settings = {**SES_AWAY, "AWS_SECRET_ACCESS_KEY": "", "ALERTING_SES_FROM": "alerts@alerting.internal"}
    with platform(ALERTING_LOG_FORMAT="console", ALERTING_HTTP_PORT="0", **settings) as process:
        refused = process.run("up")
        assert refused.returncode == 2
        assert "ALERTING_SES_REGION" in refused.stderr
        assert "AWS_SECRET_ACCESS_KEY" in refused.stderr
