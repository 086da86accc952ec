"""Mails through real SMTP sessions, and what becomes of every way a mail server can misbehave."""

import asyncio
import email
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.policy import SMTPUTF8

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import EmailMessage, SmtpReply, Unreached
from tests.support.raw_servers import says, serve_raw

pytestmark = [
    pytest.mark.integration,
    # The test server takes passwords without TLS on purpose, and says what it thinks of that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]

SENDER = "Alerts <alerts@sender.example>"
READY = b"220 mail.example ESMTP\r\n"
HELLO = b"250-mail.example\r\n250 SIZE 1000000\r\n"


def mail(**changes: str) -> EmailMessage:
    fields = {
        "to": "ops@receiver.example",
        "subject": "Alert: HIGH - crash",
        "text": "plain words",
        "html": "<p>marked words</p>",
        "message_id": "delivery-1",
        **changes,
    }
    return EmailMessage(**fields)


class Post:
    """A mail server's decisions: what it says to each command, and what it was given."""

    def __init__(self, *, rcpt: str = "250 OK", data: str = "250 taken", sender: str = "250 OK") -> None:
        self.rcpt, self.data, self.sender = rcpt, data, sender
        self.taken: list[Envelope] = []
        self.sessions = 0
        self.was_encrypted: list[bool] = []

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.sender

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data.startswith("250"):
            self.taken.append(envelope)
            self.was_encrypted.append(session.ssl is not None)
        return self.data


@asynccontextmanager
async def mail_server(
    post: Post, *, tls: ssl.SSLContext | None = None, implicit_tls: bool = False, password: str | None = None
) -> AsyncIterator[int]:
    """Run a real mail server; return its port."""
    loop = asyncio.get_running_loop()
    transports: list[asyncio.BaseTransport] = []

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        return AuthResult(success=(login.login, login.password) == (b"us", (password or "").encode()), handled=False)

    class Counted(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if (transport not in transports and transport.get_extra_info("sslcontext") is None) or implicit_tls:
                post.sessions += 1
            transports.append(transport)
            super().connection_made(transport)

    def protocol() -> SMTP:
        return Counted(
            post,
            loop=loop,
            hostname="mail.example",
            enable_SMTPUTF8=True,
            tls_context=None if implicit_tls else tls,
            require_starttls=tls is not None and not implicit_tls,
            auth_required=password is not None,
            auth_require_tls=False,
            authenticator=authenticate,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit_tls else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in transports:
            transport.close()
        await asyncio.sleep(0)


def plain(port: int, **changes: object) -> SmtpTransport:
    return SmtpTransport(
        SmtpServer("127.0.0.1", port, SmtpSecurity.NONE),
        sender=SENDER,
        **{"per_second": 0, **changes},  # type: ignore[arg-type]
    )


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


# TLS and login.


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
async def test_mail_goes_out_encrypted_and_logged_in(security: SmtpSecurity) -> None:
    authority, post = trustme.CA(), Post()
    async with mail_server(
        post,
        tls=server_tls(authority, "127.0.0.1"),
        implicit_tls=security is SmtpSecurity.TLS,
        password="p\u00e4ss",
    ) as port:
        server = SmtpServer("127.0.0.1", port, security, "us", "p\u00e4ss")
        async with SmtpTransport(server, sender=SENDER, tls=client_tls(authority), per_second=0) as transport:
            reply = await transport.send(mail())
            assert isinstance(reply, SmtpReply)
            assert reply.code == 250
    assert len(post.taken) == 1
    if security is SmtpSecurity.STARTTLS:
        assert post.was_encrypted == [True]


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
async def test_a_certificate_that_is_not_trusted_stops_the_mail(security: SmtpSecurity) -> None:
    post = Post()
    tls = server_tls(trustme.CA(), "127.0.0.1")
    async with mail_server(post, tls=tls, implicit_tls=security is SmtpSecurity.TLS) as port:
        server = SmtpServer("127.0.0.1", port, security, "us", "secret")
        async with SmtpTransport(server, sender=SENDER, per_second=0) as transport:
            reply = await transport.send(mail())
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.TLS_FAILED
    assert "certificate" in reply.detail
    assert post.taken == []


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    async with serve_raw(says(READY, HELLO)) as raw:
        server = SmtpServer("127.0.0.1", raw.port, SmtpSecurity.STARTTLS, "us", "secret")
        async with SmtpTransport(server, sender=SENDER) as transport:
            reply = await transport.send(mail())
    assert reply == Unreached(Reason.TLS_FAILED, "the mail server offers no STARTTLS")
    assert len(raw.requests) == 1


async def test_a_wrong_password_is_the_operators_to_mend_and_not_the_end_of_the_mail() -> None:
    async with mail_server(Post(), password="right") as port:
        server = SmtpServer("127.0.0.1", port, SmtpSecurity.NONE, "us", "wrong-secret")
        async with SmtpTransport(server, sender=SENDER, per_second=0) as transport:
            reply = await transport.send(mail())
    assert reply == Unreached(Reason.CONNECTION_FAILED, "the mail server refused the user or the password (535)")


async def test_a_server_that_wants_a_login_we_do_not_have_is_the_operators_to_mend() -> None:
    async with mail_server(Post(), password="right") as port, plain(port) as transport:
        reply = await transport.send(mail())
    assert reply == Unreached(Reason.CONNECTION_FAILED, "the mail server wants another login (530)")


def test_secrets_are_not_in_the_printed_form_of_a_server() -> None:
    assert "hush" not in repr(SmtpServer("h", 25, user="us", password="hush"))


# What a server can do instead of taking the mail.


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


# What a message may not do.


@pytest.mark.parametrize(
    "to",
    ["", "ops", "@receiver.example", "ops@", "a@b\r\nBcc: c@d", "a@b> SIZE=1", "a b@c.example", "<a@b>", "a@b,c@d",
     "a@b@c", "a@\ud800", "a@xn--\u00fc..de"],
)  # fmt: skip
async def test_an_address_that_is_none_is_a_reply_not_an_exception(to: str) -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        reply = await transport.send(mail(to=to))
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.PROTOCOL_ERROR
    assert post.taken == []


async def test_a_subject_cannot_start_another_header() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        await transport.send(mail(subject="one\r\nBcc: evil@x.example\r\n\r\ntwo\x00", message_id="a\r\nX: b"))
    arrived = email.message_from_bytes(post.taken[0].original_content or b"", policy=SMTPUTF8)
    assert arrived["Subject"] == "one Bcc: evil@x.example two"
    assert arrived["Bcc"] is None
    assert arrived["X"] is None


async def test_addresses_beyond_ascii_go_out_as_mail_servers_take_them() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        for to in ("ops@straße.example", "øps@bücher.example"):
            reply = await transport.send(mail(to=to))
            assert isinstance(reply, SmtpReply)
            assert reply.code == 250
    assert [each.rcpt_tos for each in post.taken] == [
        ["ops@xn--strae-oqa.example"],
        ["øps@xn--bcher-kva.example"],
    ]


async def test_a_server_that_takes_no_utf8_addresses_is_told_of() -> None:
    async with serve_raw(says(READY, HELLO)) as raw, plain(raw.port) as transport:
        reply = await transport.send(mail(to="øps@receiver.example"))
    assert reply == Unreached(Reason.PROTOCOL_ERROR, "the mail server takes no addresses beyond ASCII")


@pytest.mark.parametrize("sender", ["", "alerts", "Alerts <>", "a@b c", "Alerts a@b", "a@b, c@d", "a@b\r\nBcc: c@d"])
def test_a_sender_without_an_address_is_an_error_at_start(sender: str) -> None:
    with pytest.raises(ValueError, match="is no sender: write it like"):
        SmtpTransport(SmtpServer("h", 25), sender=sender)
