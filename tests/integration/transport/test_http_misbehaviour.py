"""What becomes of every way an endpoint can misbehave."""

import asyncio
import gzip
import random
import socket

import pytest

from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core import limits
from alerting_core.domain.claim import HttpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.http_endpoints import LOOPBACK, open_sockets, post
from tests.support.raw_servers import Dialogue, RawServer, answers, drips, floods, serve_raw

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize("header_bytes", [8_191, 9_000, 60_000])
async def test_an_answer_with_a_long_header_counts_as_what_it_is(header_bytes: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Security-Policy: " + b"a" * header_bytes + b"\r\nContent-Length: 2\r\n\r\n"
    async with serve_raw(answers(head, b"ok")) as raw, HttpTransport(LOOPBACK) as transport:
        assert await transport.send(post(raw.url())) == HttpReply(200, b"ok")


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
