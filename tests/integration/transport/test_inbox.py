"""The demo inbox as a receiver: messages reach it over the network, signed and rendered as they are in production."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_backend.demo.inbox import Channel, Inbox, SignatureCheck
from alerting_backend.wiring.transport import TransportRouter
from alerting_core import limits
from alerting_core.delivery.webhook import signature_headers
from alerting_core.domain.claim import EmailMessage, HttpMessage, HttpReply, SmtpReply
from tests.support.inbox_server import serve_inbox

pytestmark = pytest.mark.integration

LOOPBACK = AddressPolicy.allowing(["127.0.0.0/8"])
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
OLD_SECRET = "whsec_" + "b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZA=="


def signed(url: str, *secrets: str, body: bytes = b'{"name":"crash","source":"api"}', ago_ms: int = 0) -> HttpMessage:
    now_ms = int(time.time() * 1_000) - ago_ms
    headers = {"content-type": "application/json", **signature_headers("ntf-1", body, secrets, now_ms=now_ms)}
    return HttpMessage(url, headers, body)


async def test_a_signed_webhook_is_found_valid_by_the_official_library() -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as transport:
        server.inbox.know_secret("ops", SECRET)
        reply = await transport.send(signed(server.webhook_url("ops"), SECRET))
        [arrival] = server.inbox.arrivals
    assert reply == HttpReply(200, b'{"received":1}')
    assert arrival.signature is SignatureCheck.VALID
    assert arrival.message_id == "ntf-1"
    assert arrival.title == "api · crash"
    assert json.loads(arrival.text) == {"name": "crash", "source": "api"}


async def test_during_a_rotation_either_secret_verifies() -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as transport:
        for known in (SECRET, OLD_SECRET):
            server.inbox.know_secret("ops", known)
            assert await transport.send(signed(server.webhook_url("ops"), SECRET, OLD_SECRET)) == HttpReply(
                200, f'{{"received":{server.inbox.received}}}'.encode()
            )


@pytest.mark.parametrize(
    ("secrets", "ago_ms", "changed"),
    [
        ((OLD_SECRET,), 0, {}),
        ((SECRET,), 600_000, {}),
        ((SECRET,), 0, {"body": b"changed"}),
        ((SECRET,), 0, {"body": b"\xff"}),
        ((SECRET,), 0, {"headers": {"webhook-id": "ntf-1", "webhook-timestamp": "1", "webhook-signature": "x"}}),
    ],
    ids=["another secret", "old", "another body", "no text", "no signature"],
)
async def test_a_webhook_that_is_not_what_was_signed_is_refused(
    secrets: tuple[str, ...], ago_ms: int, changed: Mapping[str, Any]
) -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as transport:
        server.inbox.know_secret("ops", SECRET)
        message = signed(server.webhook_url("ops"), *secrets, ago_ms=ago_ms)
        reply = await transport.send(replace(message, **changed))
        [arrival] = server.inbox.arrivals
    assert isinstance(reply, HttpReply)
    assert reply.status == 401
    assert arrival.signature is SignatureCheck.INVALID


async def test_a_webhook_without_a_signature_is_refused_where_the_secret_is_known() -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as transport:
        server.inbox.know_secret("ops", SECRET)
        reply = await transport.send(HttpMessage(server.webhook_url("ops"), {}, b"{}"))
        [arrival] = server.inbox.arrivals
    assert isinstance(reply, HttpReply)
    assert reply.status == 401
    assert arrival.signature is SignatureCheck.MISSING


async def test_without_the_secret_a_webhook_is_taken_and_said_to_be_unchecked() -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as transport:
        await transport.send(signed(server.webhook_url("ops"), SECRET))
        await transport.send(HttpMessage(server.webhook_url("ops"), {}, b"plain"))
        first, second = server.inbox.arrivals
    assert first.signature is SignatureCheck.SECRET_UNKNOWN
    assert second.signature is SignatureCheck.NOT_SIGNED


async def test_all_channels_arrive_through_the_router() -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as http:
        smtp = SmtpServer("127.0.0.1", server.smtp_port, SmtpSecurity.NONE)
        async with SmtpTransport(smtp, sender="alerts@demo.example", per_second=0) as email:
            router = TransportRouter(http, email)
            slack = HttpMessage(server.slack_url("team"), {}, b'{"text":"HIGH: crash","attachments":[]}')
            assert await router.send(slack) == HttpReply(200, b"ok")
            assert await router.send(signed(server.webhook_url("ops"), SECRET)) == HttpReply(200, b'{"received":2}')
            mail = EmailMessage("ops@demo.example", "Grüße", "plain ä", "<b>ä</b>", message_id="d-1")
            assert await router.send(mail) == SmtpReply(250, "taken")
            arrivals = server.inbox.arrivals
    assert [arrival.channel for arrival in arrivals] == [Channel.SLACK, Channel.WEBHOOK, Channel.EMAIL]
    assert [arrival.name for arrival in arrivals] == ["team", "ops", "ops@demo.example"]
    assert (arrivals[2].title, arrivals[2].text.strip(), arrivals[2].html.strip()) == ("Grüße", "plain ä", "<b>ä</b>")
    assert arrivals[2].message_id == "<d-1@demo.example>"


async def test_a_slack_message_without_content_is_refused_as_slack_does() -> None:
    async with serve_inbox() as server, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(server.slack_url("team"), content=b"{}")
    assert (answer.status_code, answer.text) == (400, "invalid_payload")


async def test_a_message_sent_again_is_marked() -> None:
    async with serve_inbox() as server, HttpTransport(LOOPBACK) as transport:
        for _ in range(2):
            await transport.send(signed(server.webhook_url("ops"), SECRET))
        await transport.send(signed(server.webhook_url("other"), SECRET))
    assert [arrival.is_repeat for arrival in server.inbox.arrivals] == [False, True, False]


async def test_the_inbox_lists_the_newest_first_and_is_cleared_by_delete() -> None:
    async with serve_inbox() as server, httpx.AsyncClient(trust_env=False) as client:
        for number in range(3):
            await client.post(server.webhook_url("ops"), content=f"m{number}", headers={"Authorization": "Bearer x"})
        listed = (await client.get(server.url)).json()
        assert [item["text"] for item in listed["items"]] == ["m2", "m1", "m0"]
        assert "authorization" not in listed["items"][0]["headers"]
        assert len((await client.get(server.url, params={"limit": 1})).json()["items"]) == 1
        assert (await client.delete(server.url)).status_code == 204
        assert (await client.get(server.url)).json() == {"items": [], "received": 3}


async def test_a_browser_gets_a_page_in_which_no_message_can_do_anything() -> None:
    attack = b'{"name":"</pre><script>alert(1)</script>","source":"\\"onload=x","text":"\\ud800"}'
    async with serve_inbox() as server, httpx.AsyncClient(trust_env=False) as client:
        await client.post(server.webhook_url("<b>ops"), content=attack, headers={"webhook-id": "<i>1"})
        page = await client.get(server.url, headers={"Accept": "text/html,application/xhtml+xml"})
        assert (await client.get(server.url)).status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.text.count("<script") == 1
    assert "<b>ops" not in page.text
    assert "<i>1" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_a_body_beyond_the_limit_is_refused_and_not_kept() -> None:
    async with serve_inbox() as server, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(server.webhook_url("ops"), content=b"x" * (limits.BODY_BYTES_MAX + 1))
        assert answer.status_code == 413
        assert server.inbox.arrivals == ()


def test_the_inbox_keeps_a_bounded_number_of_messages() -> None:
    inbox = Inbox(arrivals_max=3)
    for number in range(10):
        inbox.take_webhook("ops", {"webhook-id": "same" if number < 3 else str(number)}, b"{}")
    assert [arrival.number for arrival in inbox.arrivals] == [8, 9, 10]
    inbox.take_webhook("ops", {"webhook-id": "same"}, b"{}")
    assert not inbox.arrivals[-1].is_repeat
