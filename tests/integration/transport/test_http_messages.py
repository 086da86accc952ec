"""What a message may not do, whatever it holds."""

import pytest

from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core.domain.claim import Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.http_endpoints import LOOPBACK, OK, ScriptedResolver, post
from tests.support.raw_servers import answers, serve_raw

pytestmark = pytest.mark.integration


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
