"""What every `Transport` promises, whatever its targets do."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

import pytest

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_backend.wiring.transport import TransportRouter
from alerting_core.delivery.retry import UNREACHED_REASONS
from alerting_core.domain.claim import EmailMessage, HttpMessage, HttpReply, Message, Reply, SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from alerting_core.memory.transport import MemoryTransport, target_of
from alerting_core.ports.delivery import Transport
from tests.support.raw_servers import Dialogue, RawServer, answers, drips, floods, mail_server, says, serve_raw

REQUEST_MS = 500
"""The limit in these tests; in production it is `limits.REQUEST_MS_MAX`."""


class Behaviour(StrEnum):
    """What a target does to a message."""

    TAKES = "takes it"
    REFUSES = "refuses it"
    REDIRECTS = "sends it elsewhere"
    HANGS = "hangs"
    DRIPS = "drips"
    GARBAGE = "answers garbage"
    GIGABYTES = "answers gigabytes"
    HANGS_UP = "hangs up"
    IS_AWAY = "is away"


_B = Behaviour
_READY = b"220 mail.example\r\n"
_OK = b"250 OK\r\n"

HTTP_DIALOGUES: dict[Behaviour, Callable[[RawServer], Dialogue]] = {
    _B.TAKES: answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    _B.REFUSES: answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    _B.REDIRECTS: answers(b"HTTP/1.1 307 There\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    _B.HANGS: answers(then_hang=True),
    _B.DRIPS: drips(b"HTTP/1.1 200 OK\r\n", b"x", every_s=0.02),
    _B.GARBAGE: answers(b"\x00\xffgarbage\r\n\r\n"),
    _B.GIGABYTES: floods(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", b"x" * 65_536),
    _B.HANGS_UP: answers(),
}

SMTP_DIALOGUES: dict[Behaviour, Callable[[RawServer], Dialogue]] = {
    _B.TAKES: mail_server(),
    _B.REFUSES: mail_server(rcpt=b"550 no such user\r\n"),
    _B.REDIRECTS: mail_server(rcpt=b"551 try <elsewhere@x.example>\r\n"),
    _B.HANGS: says(_READY, _OK, b""),
    _B.DRIPS: says(_READY, _OK, b"2", then_hang=True),
    _B.GARBAGE: says(_READY, b"\x00\xffgarbage\r\n"),
    _B.GIGABYTES: says(_READY, _OK, b"250-" + b"x" * 1_000_000),
    _B.HANGS_UP: says(_READY, _OK, then_hang=False),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A transport, a message whose target behaves as wanted, and how often the target was asked to take it."""

    transport: Transport
    message: Message
    tries: Callable[[], int]


Opener = Callable[[Behaviour], AbstractAsyncContextManager[Subject]]


@asynccontextmanager
async def http(behaviour: Behaviour) -> AsyncIterator[Subject]:
    async with AsyncExitStack() as stack:
        raw = RawServer("127.0.0.1", 9)
        if behaviour is not _B.IS_AWAY:
            raw = await stack.enter_async_context(serve_raw(HTTP_DIALOGUES[behaviour]))
        policy = AddressPolicy.allowing(["127.0.0.1"])
        transport = await stack.enter_async_context(HttpTransport(policy, request_ms=REQUEST_MS))
        message = HttpMessage(raw.url(), {}, b"{}")
        yield Subject(TransportRouter(transport, None), message, lambda: len(raw.requests))


@asynccontextmanager
async def smtp(behaviour: Behaviour) -> AsyncIterator[Subject]:
    async with AsyncExitStack() as stack:
        raw = RawServer("127.0.0.1", 9)
        if behaviour is not _B.IS_AWAY:
            raw = await stack.enter_async_context(serve_raw(SMTP_DIALOGUES[behaviour]))
        server = SmtpServer("127.0.0.1", raw.port, SmtpSecurity.NONE)
        transport = SmtpTransport(server, sender="a@b.example", per_second=0, request_ms=REQUEST_MS)
        mails = await stack.enter_async_context(transport)
        web = await stack.enter_async_context(HttpTransport(AddressPolicy()))
        message = EmailMessage("c@d.example", "subject", "text", "<p>html</p>")
        yield Subject(
            TransportRouter(web, mails), message, lambda: sum(line.startswith(b"RCPT") for line in raw.requests)
        )


@asynccontextmanager
async def memory(behaviour: Behaviour) -> AsyncIterator[Subject]:
    replies: dict[Behaviour, Reply] = {_B.TAKES: HttpReply(200), _B.REFUSES: HttpReply(404)}
    transport, message = MemoryTransport(), HttpMessage("https://hook.example/", {}, b"{}")
    transport.answer(target_of(message), replies[behaviour])
    yield Subject(transport, message, lambda: len(transport.arrivals))


_MEMORY = pytest.param(memory, id="memory")
_REAL = [
    pytest.param(http, id="http", marks=pytest.mark.integration),
    pytest.param(smtp, id="smtp", marks=pytest.mark.integration),
]
every_transport = pytest.mark.parametrize("opened", [_MEMORY, *_REAL])
every_transport_to_strangers = pytest.mark.parametrize("opened", _REAL)


@every_transport
async def test_a_message_that_is_taken_is_answered_with_success(opened: Opener) -> None:
    async with opened(_B.TAKES) as subject:
        reply = await subject.transport.send(subject.message)
    assert reply == HttpReply(200) or (isinstance(reply, SmtpReply) and reply.code == 250)


@every_transport
async def test_a_refusal_is_the_targets_answer(opened: Opener) -> None:
    async with opened(_B.REFUSES) as subject:
        assert await subject.transport.send(subject.message) in {HttpReply(404), SmtpReply(550, "no such user")}


@every_transport
@pytest.mark.parametrize("behaviour", [_B.TAKES, _B.REFUSES])
async def test_a_call_is_one_try(opened: Opener, behaviour: Behaviour) -> None:
    async with opened(behaviour) as subject:
        await subject.transport.send(subject.message)
        assert subject.tries() == 1
        await subject.transport.send(subject.message)
        assert subject.tries() == 2


@every_transport_to_strangers
@pytest.mark.parametrize("behaviour", Behaviour)
async def test_whatever_the_target_does_is_a_reply_within_the_limit(opened: Opener, behaviour: Behaviour) -> None:
    async with opened(behaviour) as subject:
        started = time.monotonic()
        reply = await subject.transport.send(subject.message)
        took_ms = (time.monotonic() - started) * 1_000
    assert isinstance(reply, HttpReply | SmtpReply | Unreached)
    assert took_ms < REQUEST_MS * 6  # The limit, and as much again as a busy machine may need.
    if isinstance(reply, Unreached):
        assert reply.reason in UNREACHED_REASONS
    assert subject.tries() <= 1


@every_transport_to_strangers
@pytest.mark.parametrize("behaviour", [_B.HANGS, _B.DRIPS])
async def test_targets_that_hang_do_not_hold_up_each_other(opened: Opener, behaviour: Behaviour) -> None:
    async with opened(behaviour) as subject:
        started = time.monotonic()
        replies = await asyncio.gather(*(subject.transport.send(subject.message) for _ in range(8)))
        took_ms = (time.monotonic() - started) * 1_000
    assert all(isinstance(reply, Unreached) and reply.reason is Reason.TIMED_OUT for reply in replies)
    assert took_ms < REQUEST_MS * 6  # Far less than one after the other.


@every_transport_to_strangers
async def test_redirects_are_not_followed(opened: Opener) -> None:
    async with opened(_B.REDIRECTS) as subject:
        reply = await subject.transport.send(subject.message)
        assert subject.tries() == 1
    assert reply in {HttpReply(307), SmtpReply(551, "try <elsewhere@x.example>")}


@pytest.mark.integration
async def test_addresses_that_the_policy_forbids_are_not_connected_to() -> None:
    async with serve_raw(HTTP_DIALOGUES[_B.TAKES]) as raw, HttpTransport(AddressPolicy()) as web:
        for host in ("127.0.0.1", "localhost"):
            reply = await TransportRouter(web, None).send(HttpMessage(raw.url(host=host), {}, b""))
            assert isinstance(reply, Unreached)
            assert reply.reason is Reason.FORBIDDEN_ADDRESS
    assert raw.connections == 0


async def test_a_message_of_a_kind_that_is_not_set_up_is_not_sent() -> None:
    async with HttpTransport(AddressPolicy()) as web:
        reply = await TransportRouter(web, None).send(EmailMessage("c@d.example", "s", "t", "h"))
    assert reply == Unreached(Reason.NOT_CONFIGURED, "no provider of mail is set up")
