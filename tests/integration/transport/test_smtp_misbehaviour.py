"""What a server can do instead of taking the mail."""

import pytest

from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.mail_servers import HELLO, READY, SENDER, mail, plain
from tests.support.raw_servers import says, serve_raw

pytestmark = [
    pytest.mark.integration,
    # The test server takes passwords without TLS on purpose, and says what it thinks of that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((b"554 go away\r\n",), Reason.CONNECTION_FAILED),
        ((b"421 busy\r\n",), Reason.CONNECTION_FAILED),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), Reason.PROTOCOL_ERROR),
        ((b"\x00\xff\xfe garbage\r\n",), Reason.PROTOCOL_ERROR),
        ((READY, b"550 no\r\n", b"550 no\r\n"), Reason.CONNECTION_FAILED),
        ((READY, HELLO, b"99 what\r\n"), Reason.PROTOCOL_ERROR),
        ((READY, HELLO, b"250 OK\r\n", b"250 OK\r\n", b"250 not 354\r\n"), Reason.PROTOCOL_ERROR),
        ((b"",), Reason.TIMED_OUT),
        ((READY, b""), Reason.TIMED_OUT),
        ((READY, HELLO, b"250 OK\r\n", b""), Reason.TIMED_OUT),
    ],
)
async def test_a_server_that_does_not_speak_smtp_is_a_reply_not_an_exception(
    lines: tuple[bytes, ...], reason: Reason
) -> None:
    async with serve_raw(says(*lines)) as raw, plain(raw.port, request_ms=400, connect_ms=300) as transport:
        reply = await transport.send(mail())
    assert isinstance(reply, Unreached)
    assert reply.reason is reason


async def test_an_endless_answer_is_cut_off() -> None:
    async with (
        serve_raw(says(READY, HELLO, b"250-" + b"x" * 1_000_000)) as raw,
        plain(raw.port, request_ms=2_000) as transport,
    ):
        reply = await transport.send(mail())
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.PROTOCOL_ERROR


async def test_a_connection_lost_before_the_answer_is_a_failed_connection() -> None:
    async with (
        serve_raw(says(READY, HELLO, b"250 OK\r\n", then_hang=False)) as raw,
        plain(raw.port) as transport,
    ):
        reply = await transport.send(mail())
    assert reply == Unreached(Reason.CONNECTION_FAILED, "the mail server closed the connection")


async def test_a_refusal_counts_even_if_the_server_never_says_another_word() -> None:
    lines = (READY, HELLO, b"250 OK\r\n", b"550 no such user\r\n")
    async with serve_raw(says(*lines)) as raw, plain(raw.port) as transport:
        assert await transport.send(mail()) == SmtpReply(550, "no such user")


async def test_no_server_and_no_name_are_told_apart() -> None:
    async with plain(9) as transport:
        assert await transport.send(mail()) == Unreached(Reason.CONNECTION_FAILED, "the connection was refused")
    server = SmtpServer("mail.invalid", 25, SmtpSecurity.NONE)
    async with SmtpTransport(server, sender=SENDER, connect_ms=4_000) as transport:
        reply = await transport.send(mail())
    assert isinstance(reply, Unreached)
    assert reply.reason in {Reason.NAME_NOT_RESOLVED, Reason.TIMED_OUT}  # A machine without a name server.


async def test_the_text_of_an_answer_can_be_stored_whatever_the_server_sends() -> None:
    lines = (READY, HELLO, b"250 OK\r\n", b"550 \xff\x00 n\xc3\xb6\r\n", b"250 OK\r\n")
    async with serve_raw(says(*lines)) as raw, plain(raw.port) as transport:
        assert await transport.send(mail()) == SmtpReply(550, "\ufffd\ufffd nö")
