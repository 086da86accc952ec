"""HTTP deliveries against real sockets: what arrives, and what is passed on."""

import asyncio

import pytest

from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core import limits
from alerting_core.domain.claim import HttpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.http_endpoints import LOOPBACK, OK, aiohttp_server, post
from tests.support.raw_servers import Dialogue, RawServer, answers, read_http_request, serve_raw

pytestmark = pytest.mark.integration


async def test_a_post_arrives_with_its_headers_and_its_body_byte_for_byte() -> None:
    async with aiohttp_server() as (url, requests), HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(
            post(url + "/hook?sig=a%2Bb%2Fc", headers={"webhook-id": "n1", "X-Team": "Ä"}, body=b"\x00\xff")
        )
    assert reply == HttpReply(200, b"taken")
    [request] = requests
    assert request.method == "POST"
    assert request.raw_path == "/hook?sig=a%2Bb%2Fc"
    assert request.headers["webhook-id"] == "n1"
    assert request.headers["X-Team"] == "Ä"
    assert await request.read() == b"\x00\xff"
    assert "Cookie" not in request.headers
    assert request.headers["Accept-Encoding"] == "identity"


async def test_a_connection_is_used_again_for_the_next_message() -> None:
    def keeps_alive(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                raw.requests.append(await read_http_request(reader))
                writer.write(OK)

        return talk

    async with serve_raw(keeps_alive) as raw, HttpTransport(LOOPBACK) as transport:
        for _ in range(5):
            assert await transport.send(post(raw.url())) == HttpReply(200, b"ok")
    assert (raw.connections, len(raw.requests)) == (1, 5)


async def test_a_kept_connection_that_the_server_closes_is_no_failure() -> None:
    def closes_on_second_request(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            raw.requests.append(await read_http_request(reader))
            writer.write(OK)
            await reader.readexactly(1)

        return talk

    async with serve_raw(closes_on_second_request) as raw, HttpTransport(LOOPBACK) as transport:
        for _ in range(3):
            assert await transport.send(post(raw.url())) == HttpReply(200, b"ok")
    assert raw.connections == 3


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 404, 410, 429, 500, 503])
async def test_the_status_is_passed_on(status: int) -> None:
    async with aiohttp_server(status) as (url, _), HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(post(url))
    assert isinstance(reply, HttpReply)
    assert reply.status == status


async def test_retry_after_is_passed_on_as_sent() -> None:
    headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    async with aiohttp_server(429, headers) as (url, _), HttpTransport(LOOPBACK) as transport:
        assert await transport.send(post(url)) == HttpReply(429, b"", "Wed, 21 Oct 2026 07:28:00 GMT")


async def test_a_retry_after_of_absurd_length_is_left_out() -> None:
    async with (
        serve_raw(
            answers(b"HTTP/1.1 429 No\r\nRetry-After: " + b"9" * 5_000 + b"\r\nContent-Length: 0\r\n\r\n")
        ) as raw,
        HttpTransport(LOOPBACK) as transport,
    ):
        assert await transport.send(post(raw.url())) == HttpReply(429)


async def test_redirects_are_not_followed() -> None:
    async with (
        aiohttp_server() as (elsewhere, followed),
        aiohttp_server(307, {"Location": elsewhere}) as (url, _),
        HttpTransport(LOOPBACK) as transport,
    ):
        reply = await transport.send(post(url))
    assert isinstance(reply, HttpReply)
    assert reply.status == 307
    assert followed == []


async def test_cookies_of_one_answer_are_not_sent_with_the_next_message() -> None:
    cookie = {"Set-Cookie": "who=me; Path=/"}
    async with aiohttp_server(200, cookie) as (url, requests), HttpTransport(LOOPBACK) as transport:
        assert await transport.send(post(url)) == HttpReply(200, b"taken")
        assert await transport.send(post(url)) == HttpReply(200, b"taken")
    assert [request.cookies for request in requests] == [{}, {}]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_raw(answers(OK)) as proxy, aiohttp_server() as (url, requests):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        async with HttpTransport(LOOPBACK) as transport:
            await transport.send(post(url))
    assert (proxy.connections, len(requests)) == (0, 1)


async def test_credentials_in_a_url_are_sent_as_basic_authentication() -> None:
    async with aiohttp_server() as (url, requests), HttpTransport(LOOPBACK) as transport:
        await transport.send(post(url.replace("http://", "http://me:secret@")))
    assert requests[0].headers["Authorization"] == "Basic bWU6c2VjcmV0"


async def test_credentials_both_in_the_url_and_in_a_header_are_a_reply_not_an_exception() -> None:
    async with HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(post("http://me:secret@127.0.0.1:9/", headers={"Authorization": "Bearer x"}))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.PROTOCOL_ERROR
    assert "secret" not in reply.detail


# What an endpoint can do with its answer.


async def test_no_more_connections_to_one_host_than_the_limit() -> None:
    wanted = limits.HOST_CONCURRENCY_MAX * 3
    async with (
        serve_raw(answers(b"HTTP/1.1 200 OK\r\n\r\n")) as raw,  # Ends with the connection, so that none is used again.
        HttpTransport(LOOPBACK) as transport,
    ):
        replies = await asyncio.gather(*(transport.send(post(raw.url())) for _ in range(wanted)))
    assert replies == [HttpReply(200)] * wanted
    assert raw.connections == wanted
    assert raw.open_max <= limits.HOST_CONCURRENCY_MAX + 1  # The server sees an end a moment after the next beginning.
