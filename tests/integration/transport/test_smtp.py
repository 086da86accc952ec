"""Mails through real SMTP sessions."""

import asyncio
import email
import time
from email.policy import SMTPUTF8

import pytest

from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.mail_servers import SENDER, Post, mail, mail_server, plain

pytestmark = [
    pytest.mark.integration,
    # The test server takes passwords without TLS on purpose, and says what it thinks of that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


async def test_a_mail_arrives_with_both_of_its_bodies() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        reply = await transport.send(mail(subject="Alarm: Größe – 警報", text="Zeile 1\n.\nZeile 3 ä", html="<b>ä</b>"))
    assert isinstance(reply, SmtpReply)
    assert reply.code == 250
    [envelope] = post.taken
    assert envelope.mail_from == "alerts@sender.example"
    assert envelope.rcpt_tos == ["ops@receiver.example"]
    assert envelope.original_content is not None
    assert envelope.original_content.isascii()
    arrived = email.message_from_bytes(envelope.original_content, policy=SMTPUTF8)
    assert arrived["From"] == SENDER
    assert arrived["To"] == "ops@receiver.example"
    assert arrived["Subject"] == "Alarm: Größe – 警報"
    assert arrived["Message-ID"] == "<delivery-1@sender.example>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Date"] is not None
    assert arrived.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content().replace("\r\n", "\n") for part in arrived.iter_parts())
    assert (text, html) == ("Zeile 1\n.\nZeile 3 ä\n", "<b>ä</b>\n")


async def test_the_message_id_is_the_same_on_every_attempt() -> None:
    post = Post()
    async with mail_server(post) as port:
        for _ in range(2):
            async with plain(port) as transport:
                await transport.send(mail())
    ids = {email.message_from_bytes(each.original_content or b"")["Message-ID"] for each in post.taken}
    assert ids == {"<delivery-1@sender.example>"}


async def test_many_mails_share_few_connections() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        for _ in range(5):
            await transport.send(mail())
        assert post.sessions == 1
        replies = await asyncio.gather(*(transport.send(mail(message_id=f"d-{n}")) for n in range(40)))
    assert [reply.code for reply in replies if isinstance(reply, SmtpReply)] == [250] * 40
    assert len(post.taken) == 45
    assert post.sessions <= 8


async def test_a_kept_connection_that_the_server_closed_is_no_failure() -> None:
    now = 0.0
    post = Post()
    async with mail_server(post) as port, plain(port, clock_ms=lambda: now) as transport:
        assert isinstance(await transport.send(mail()), SmtpReply)
        for idle in transport._idle:
            assert idle.connection.transport is not None
            idle.connection.transport.close()
        assert isinstance(await transport.send(mail()), SmtpReply)
        now = 10_000  # Long enough that the connection is asked whether it lives.
        assert isinstance(await transport.send(mail()), SmtpReply)
    assert len(post.taken) == 3
    assert post.sessions == 2


@pytest.mark.parametrize(
    ("post", "reply"),
    [
        (Post(rcpt="450 mailbox busy"), SmtpReply(450, "mailbox busy")),
        (Post(rcpt="550 no such user"), SmtpReply(550, "no such user")),
        (Post(data="452 out of space"), SmtpReply(452, "out of space")),
        (Post(data="554 looks like spam"), SmtpReply(554, "looks like spam")),
        (Post(sender="451 later"), SmtpReply(451, "later")),
        (Post(sender="552 too large"), SmtpReply(552, "too large")),
        (Post(rcpt="421 closing"), SmtpReply(421, "closing")),
    ],
)
async def test_what_the_server_says_of_a_mail_is_the_answer(post: Post, reply: SmtpReply) -> None:
    async with mail_server(post) as port, plain(port) as transport:
        assert await transport.send(mail()) == reply
    assert post.taken == []


async def test_after_a_refusal_the_next_mail_goes_out_on_the_same_connection() -> None:
    post = Post(rcpt="550 no such user")
    async with mail_server(post) as port, plain(port) as transport:
        await transport.send(mail())
        post.rcpt = "250 OK"
        assert isinstance(await transport.send(mail()), SmtpReply)
    assert (post.sessions, len(post.taken)) == (1, 1)


# Rate limit.


async def test_mails_beyond_the_rate_wait_their_turn() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port, per_second=20) as transport:
        started = time.monotonic()
        await asyncio.gather(*(transport.send(mail()) for _ in range(26)))
        assert time.monotonic() - started >= 0.3  # 20 at once, six more at 50 ms each.
    assert len(post.taken) == 26


async def test_a_mail_whose_turn_is_too_far_away_is_told_so_and_not_sent() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port, per_second=1, request_ms=900) as transport:
        assert isinstance(await transport.send(mail()), SmtpReply)
        reply = await transport.send(mail())
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.RATE_LIMITED
    assert len(post.taken) == 1
