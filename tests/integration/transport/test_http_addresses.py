"""No delivery is connected to an address that is forbidden, whatever name led there."""

import asyncio
import socket

import pytest
from aiohttp.abc import ResolveResult

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core.domain.claim import HttpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.http_endpoints import LOOPBACK, OK, ScriptedResolver, post
from tests.support.raw_servers import answers, serve_raw

pytestmark = pytest.mark.integration


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
    from alerting_backend.adapters.transport import addresses

    async def resolve_unchecked(
        self: addresses.CheckedResolver, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await ScriptedResolver(["127.0.0.1"]).resolve(host, port, family)

    monkeypatch.setattr(addresses.CheckedResolver, "resolve", resolve_unchecked)
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
