"""HTTP deliveries against real sockets: what arrives, and what becomes of every way an endpoint can misbehave."""

import asyncio
import gzip
import random
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core import limits
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import HttpMessage, HttpReply, Unreached
from tests.support.raw_servers import Dialogue, RawServer, answers, drips, floods, read_http_request, says, serve_raw

pytestmark = pytest.mark.integration

LOOPBACK = AddressPolicy.allowing(["127.0.0.1"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def post(url: str, **changes: object) -> HttpMessage:
    fields: dict[str, object] = {"headers": {"Content-Type": "application/json"}, "body": b'{"a":1}', **changes}
    return HttpMessage(url=url, **fields)  # type: ignore[arg-type]


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    listing = Path("/proc/self/fd")
    if not listing.exists():
        pytest.skip("no /proc to count sockets in")
    return sum(path.startswith("socket:") for path in map(_link, listing.iterdir()))


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""  # The listing's own descriptor.


class ScriptedResolver(AbstractResolver):
    """Answers with the next list of addresses each time it is asked; the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise OSError(None, "no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        return


@asynccontextmanager
async def aiohttp_server(
    status: int = 200, headers: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """Run a well-behaved server that keeps the requests it gets."""
    requests: list[web.Request] = []

    async def take(request: web.Request) -> web.StreamResponse:
        await request.read()
        requests.append(request)
        return web.Response(status=status, headers=headers, text="taken" if status == 200 else None)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", requests
    finally:
        await runner.cleanup()


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


async def test_of_gigabytes_only_the_first_bytes_are_read_and_the_connection_is_dropped() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"
    async with serve_raw(floods(head, b"x" * 65_536)) as raw, HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(post(raw.url()))
        assert reply == HttpReply(200, b"x" * limits.RESPONSE_BYTES_MAX)
        assert raw.sent_bytes < 30_000_000  # What socket buffers take, not what the server has to give.


async def test_an_endless_chunked_body_is_cut_off_too() -> None:
    head = b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with (
        serve_raw(floods(head, b"1000\r\n" + b"y" * 4_096 + b"\r\n")) as raw,
        HttpTransport(LOOPBACK) as transport,
    ):
        assert await transport.send(post(raw.url())) == HttpReply(500, b"y" * limits.RESPONSE_BYTES_MAX)


async def test_a_compressed_body_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with serve_raw(answers(head, bomb)) as raw, HttpTransport(LOOPBACK) as transport:
        assert await transport.send(post(raw.url())) == HttpReply(200, bomb[: limits.RESPONSE_BYTES_MAX])


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\x03" * 100,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/9.9 twohundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(100_000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc",
    ],
    ids=["binary", "ssh", "status", "negative", "chunks", "long-header", "many-headers", "two-lengths"],
)
async def test_garbage_is_a_protocol_error(garbage: bytes) -> None:
    async with serve_raw(answers(garbage)) as raw, HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(post(raw.url()))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("seed", range(40))
async def test_no_answer_whatever_raises_an_exception(seed: int) -> None:
    rng = random.Random(seed)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRetry-After: 3\r\nTransfer-Encoding: gzip\r\n\r\nhello" * 2
    mutated = bytearray(whole[: rng.randrange(1, len(whole))])
    for _ in range(rng.randrange(8)):
        mutated[rng.randrange(len(mutated))] = rng.randrange(256)
    async with (
        serve_raw(answers(bytes(mutated), then_hang=rng.random() < 0.3)) as raw,
        HttpTransport(LOOPBACK, request_ms=200) as transport,
    ):
        assert isinstance(await transport.send(post(raw.url())), HttpReply | Unreached)


async def test_an_endpoint_that_hangs_up_without_an_answer_is_a_failed_connection() -> None:
    async with serve_raw(answers()) as raw, HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(post(raw.url()))
    assert reply == Unreached(Reason.CONNECTION_FAILED, "the connection was closed before an answer came")
    assert raw.connections == 1


async def test_a_success_that_breaks_off_is_no_success() -> None:
    async with (
        serve_raw(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")) as raw,
        HttpTransport(LOOPBACK) as transport,
    ):
        assert await transport.send(post(raw.url())) == Unreached(Reason.PROTOCOL_ERROR, "the answer 200 broke off")


async def test_a_refusal_that_breaks_off_is_still_a_refusal() -> None:
    async with (
        serve_raw(answers(b"HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\nhalf")) as raw,
        HttpTransport(LOOPBACK) as transport,
    ):
        assert await transport.send(post(raw.url())) == HttpReply(410, b"half")


@pytest.mark.filterwarnings("ignore:Sending a large body directly with raw bytes")  # Real ones are far smaller.
async def test_an_answer_before_the_whole_message_was_read_leaves_no_half_used_connection_behind() -> None:
    def answers_at_once(raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            raw.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            await asyncio.Event().wait()

        return talk

    body = b"x" * 20_000_000  # More than the socket's buffers take.
    async with serve_raw(answers_at_once) as raw, HttpTransport(LOOPBACK) as transport:
        for _ in range(3):
            assert await transport.send(post(raw.url(), body=body)) == HttpReply(413)
    assert raw.connections == 3
    assert all(request.startswith(b"POST / HTTP/1.1") for request in raw.requests)


@pytest.mark.filterwarnings("ignore:Sending a large body directly with raw bytes")
async def test_an_endpoint_that_takes_nothing_holds_neither_a_socket_nor_the_shutdown() -> None:
    def takes_nothing(_raw: RawServer) -> Dialogue:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        return talk

    async with serve_raw(takes_nothing) as raw, HttpTransport(LOOPBACK, request_ms=200) as transport:
        before = open_sockets()
        reply = await transport.send(post(raw.url(), body=b"x" * 20_000_000))
        await asyncio.sleep(0)
        assert reply == Unreached(Reason.TIMED_OUT, "no answer within 0.2 s")
        assert open_sockets() == before + 1  # The server's end of it.
        await asyncio.wait_for(transport.close(), 5)


async def test_an_endpoint_that_never_answers_times_out() -> None:
    async with serve_raw(answers(then_hang=True)) as raw, HttpTransport(LOOPBACK, request_ms=150) as transport:
        assert await transport.send(post(raw.url())) == Unreached(Reason.TIMED_OUT, "no answer within 0.15 s")


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["headers", "sized-body", "body-until-close"],
)
async def test_an_answer_that_drips_times_out(head: bytes) -> None:
    async with (
        serve_raw(drips(head, b"x", every_s=0.02)) as raw,
        HttpTransport(LOOPBACK, request_ms=200) as transport,
    ):
        reply = await asyncio.wait_for(transport.send(post(raw.url())), 5)
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.TIMED_OUT


async def test_a_failure_whose_body_drips_keeps_its_status() -> None:
    head = b"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\n"
    async with (
        serve_raw(drips(head, b"x", every_s=0.05)) as raw,
        HttpTransport(LOOPBACK, request_ms=200) as transport,
    ):
        reply = await transport.send(post(raw.url()))
    assert isinstance(reply, HttpReply)
    assert (reply.status, reply.retry_after) == (503, "7")


async def test_endless_interim_answers_time_out() -> None:
    async with (
        serve_raw(drips(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", every_s=0.01)) as raw,
        HttpTransport(LOOPBACK, request_ms=200) as transport,
    ):
        assert await transport.send(post(raw.url())) == Unreached(Reason.TIMED_OUT, "no answer within 0.2 s")


async def test_a_server_that_does_not_speak_tls_in_time_times_out() -> None:
    async with (
        serve_raw(answers(then_hang=True)) as raw,
        HttpTransport(LOOPBACK, connect_ms=150) as transport,
    ):
        reply = await transport.send(post(raw.url(scheme="https")))
    assert reply == Unreached(Reason.TIMED_OUT, "no connection came about in time")


async def test_nobody_listening_is_a_refused_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with HttpTransport(LOOPBACK) as transport:
            reply = await transport.send(post(f"http://127.0.0.1:{unused.getsockname()[1]}/hook/token"))
    assert reply == Unreached(Reason.CONNECTION_FAILED, "the connection was refused")


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


# TLS.


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


# Addresses.


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0"],
)
async def test_a_forbidden_address_in_the_url_is_not_connected_to(host: str) -> None:
    async with serve_raw(answers(OK)) as raw, HttpTransport(AddressPolicy()) as transport:
        reply = await transport.send(post(raw.url(host=host)))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.FORBIDDEN_ADDRESS
    assert raw.connections == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1", "10.0.0.1"]])
async def test_a_name_that_leads_to_forbidden_addresses_only_is_not_connected_to(addresses: list[str]) -> None:
    async with (
        serve_raw(answers(OK)) as raw,
        HttpTransport(AddressPolicy(), resolver=ScriptedResolver(addresses)) as transport,
    ):
        reply = await transport.send(post(raw.url(host="inside.example")))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.FORBIDDEN_ADDRESS
    assert not any(address in reply.detail for address in addresses)
    assert raw.connections == 0


async def test_of_a_name_with_forbidden_and_allowed_addresses_only_the_allowed_are_connected_to() -> None:
    resolver = ScriptedResolver(["127.0.0.2", "127.0.0.1"])
    async with (
        serve_raw(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), host="127.0.0.2") as evil,
        HttpTransport(LOOPBACK, resolver=resolver) as transport,
    ):
        reply = await transport.send(post(evil.url(host="mixed.example")))
    assert isinstance(reply, Unreached)
    assert (reply.reason, evil.connections) == (Reason.CONNECTION_FAILED, 0)


async def test_the_address_that_was_checked_is_the_one_connected_to_when_the_name_changes_its_answer() -> None:
    resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.2"])
    async with serve_raw(answers(OK)) as good, HttpTransport(LOOPBACK, resolver=resolver) as transport:
        assert await transport.send(post(good.url(host="rebind.example"))) == HttpReply(200, b"ok")
        assert resolver.asked == 1
        assert good.connections == 1
    async with (
        serve_raw(answers(OK), host="127.0.0.2") as inner,
        HttpTransport(LOOPBACK, resolver=resolver) as transport,
    ):
        reply = await transport.send(post(inner.url(host="rebind.example")))
    assert isinstance(reply, Unreached)
    assert (reply.reason, inner.connections) == (Reason.FORBIDDEN_ADDRESS, 0)


async def test_the_socket_itself_is_refused_even_if_a_forbidden_answer_came_past_the_resolver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from alerting_backend.adapters.transport import gate

    async def resolve_unchecked(
        self: gate.CheckedResolver, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await ScriptedResolver(["127.0.0.1"]).resolve(host, port, family)

    monkeypatch.setattr(gate.CheckedResolver, "resolve", resolve_unchecked)
    async with serve_raw(answers(OK)) as raw, HttpTransport(AddressPolicy()) as transport:
        reply = await transport.send(post(raw.url(host="past.example")))
    assert reply == Unreached(Reason.FORBIDDEN_ADDRESS, "leads to a forbidden target: loopback address")
    assert raw.connections == 0


async def test_a_name_without_an_address_is_named_so() -> None:
    async with HttpTransport(LOOPBACK, resolver=ScriptedResolver([])) as transport:
        reply = await transport.send(post("http://nowhere.example/hook"))
    assert reply == Unreached(Reason.NAME_NOT_RESOLVED, "the name has no address")


async def test_a_name_server_that_does_not_answer_does_not_hold_up_the_attempt() -> None:
    class Silent(ScriptedResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            await asyncio.Event().wait()
            raise AssertionError

    async with HttpTransport(LOOPBACK, resolver=Silent(), connect_ms=100) as transport:
        reply = await transport.send(post("http://silent.example/"))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.TIMED_OUT


async def test_the_name_of_this_machine_is_found_by_the_real_resolver() -> None:
    async with serve_raw(answers(OK)) as raw, HttpTransport(LOOPBACK) as transport:
        assert await transport.send(post(raw.url(host="localhost"))) == HttpReply(200, b"ok")


# What a message may not do.


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a\nb"},
        {"X-A": "a\0b"},
        {"X-A\r\nX-B": "b"},
        {"X A": "b"},
        {"": "b"},
        {"Content-Length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"HOST": "inside.example"},
    ],
)
async def test_a_header_cannot_start_another_header_or_another_request(headers: dict[str, str]) -> None:
    async with serve_raw(answers(OK)) as raw, HttpTransport(LOOPBACK) as transport:
        reply = await transport.send(post(raw.url(), headers=headers))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.PROTOCOL_ERROR
    assert raw.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "file:///etc/passwd", "ftp://127.0.0.1/", "ws://127.0.0.1/", "http://", "http://:80/",
        "http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://a\\b/", "http://" + "a" * 300 + "/",
        "http://ex ample/", "http://\ud800/",
    ],
)  # fmt: skip
async def test_a_url_that_cannot_be_used_is_a_reply_not_an_exception(url: str) -> None:
    async with HttpTransport(LOOPBACK, resolver=ScriptedResolver([])) as transport:
        assert isinstance(await transport.send(post(url)), Unreached)


async def test_a_blank_in_a_path_cannot_end_the_request_line() -> None:
    async with serve_raw(answers(OK)) as raw, HttpTransport(LOOPBACK) as transport:
        await transport.send(post(raw.url("/a HTTP/1.1\r\nX-Evil: 1\r\n")))
    assert all(b"X-Evil: 1" not in request.split(b"\r\n") for request in raw.requests)
    assert all(request.split(b"\r\n")[0].count(b" ") == 2 for request in raw.requests)


async def test_details_hold_no_part_of_the_url() -> None:
    async with serve_raw(answers(b"garbage")) as garbage, HttpTransport(LOOPBACK, request_ms=300) as transport:
        for url in (
            garbage.url("/services/T0/SECRETPATH"),
            "http://127.0.0.1:9/SECRETPATH",
            "http://10.0.0.1/SECRETPATH",
            "https://[SECRETPATH",
        ):
            reply = await transport.send(post(url))
            assert isinstance(reply, Unreached)
            assert "SECRETPATH" not in reply.detail
