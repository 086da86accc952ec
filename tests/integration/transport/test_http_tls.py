"""HTTPS: which certificates are good enough."""

import ssl

import pytest
import trustme

from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core.domain.claim import HttpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.http_endpoints import LOOPBACK, OK, ScriptedResolver, post
from tests.support.raw_servers import answers, says, serve_raw

pytestmark = pytest.mark.integration


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_certificate_of_a_trusted_authority_is_accepted(authority: trustme.CA) -> None:
    async with (
        serve_raw(answers(OK), tls=server_tls(authority, "hook.example")) as raw,
        HttpTransport(LOOPBACK, tls=client_tls(authority), resolver=ScriptedResolver(["127.0.0.1"])) as transport,
    ):
        assert await transport.send(post(raw.url(scheme="https", host="hook.example"))) == HttpReply(200, b"ok")


async def test_a_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    async with (
        serve_raw(answers(OK), tls=server_tls(authority, "hook.example")) as raw,
        HttpTransport(LOOPBACK, resolver=ScriptedResolver(["127.0.0.1"])) as transport,
    ):
        reply = await transport.send(post(raw.url(scheme="https", host="hook.example")))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.TLS_FAILED
    assert "certificate" in reply.detail
    assert raw.requests == []


async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    async with (
        serve_raw(answers(OK), tls=server_tls(authority, "other.example")) as raw,
        HttpTransport(LOOPBACK, tls=client_tls(authority), resolver=ScriptedResolver(["127.0.0.1"])) as transport,
    ):
        reply = await transport.send(post(raw.url(scheme="https", host="hook.example")))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.TLS_FAILED
    assert raw.requests == []


async def test_plain_http_behind_an_https_url_is_a_tls_failure() -> None:
    async with (
        serve_raw(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as raw,
        HttpTransport(LOOPBACK) as transport,
    ):
        reply = await transport.send(post(raw.url(scheme="https")))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.TLS_FAILED
