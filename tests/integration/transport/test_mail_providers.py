"""Several mail servers, real ones: who carries a mail when one of them fails."""

import ssl

import pytest
import trustme

from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.mail_servers import (
    GO_ON,
    HELLO,
    OK,
    READY,
    SENDER,
    Post,
    carried_by,
    mail,
    mail_server,
    plain,
    providers,
)
from tests.support.raw_servers import says, serve_raw

pytestmark = [
    pytest.mark.integration,
    # The test server takes passwords without TLS on purpose, and says what it thinks of that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


async def test_the_first_carries_the_mail_as_long_as_it_can() -> None:
    first, second = Post(), Post()
    async with (
        mail_server(first) as one,
        mail_server(second) as other,
        providers(plain(one), plain(other)) as mails,
    ):
        for _ in range(3):
            assert carried_by(await mails.send(mail())) == "carried by first"
    assert (len(first.taken), second.sessions) == (3, 0)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (Post(sender="550 5.7.1 account suspended"), "550 5.7.1 account suspended"),
        (Post(sender="454 4.7.0 throttled"), "454 4.7.0 throttled"),
        (Post(rcpt="451 4.3.2 system trouble"), "451 4.3.2 system trouble"),
        (Post(data="452 out of space"), "452 out of space"),
        (Post(data="554 5.7.13 account disabled"), "554 5.7.13 account disabled"),
    ],
)
async def test_what_a_mail_server_refuses_on_its_own_account_is_carried_by_the_next(first: Post, said: str) -> None:
    second = Post()
    async with (
        mail_server(first) as one,
        mail_server(second) as other,
        providers(plain(one), plain(other)) as mails,
    ):
        assert carried_by(await mails.send(mail())) == f"carried by second; first: {said}"
    assert (len(first.taken), len(second.taken)) == (0, 1)


@pytest.mark.parametrize(
    ("first", "code", "text"),
    [
        (Post(rcpt="550 5.1.1 no such user"), 550, "5.1.1 no such user"),
        (Post(rcpt="450 mailbox busy"), 450, "mailbox busy"),
        (Post(data="554 looks like spam"), 554, "looks like spam"),
        (Post(sender="552 too large"), 552, "too large"),
    ],
)
async def test_what_is_said_of_the_recipient_or_the_mail_goes_to_no_other(first: Post, code: int, text: str) -> None:
    second = Post()
    async with (
        mail_server(first) as one,
        mail_server(second) as other,
        providers(plain(one), plain(other)) as mails,
    ):
        assert await mails.send(mail()) == SmtpReply(code, text, "refused by first")
        first.rcpt = first.data = first.sender = "250 OK"
        assert carried_by(await mails.send(mail())) == "carried by first"  # It serves: it is not left alone.
    assert second.sessions == 0


@pytest.mark.parametrize("then_hang", [True, False])
async def test_a_mail_that_may_have_been_taken_goes_to_no_other(then_hang: bool) -> None:
    post, lines = Post(), (READY, HELLO, OK, OK, GO_ON)
    async with (
        mail_server(post) as port,
        serve_raw(says(*lines, then_hang=then_hang)) as raw,
        providers(plain(raw.port), plain(port), request_ms=4_000) as mails,
    ):
        reply = await mails.send(mail())
        assert isinstance(reply, Unreached)
        assert reply.reason is (Reason.TIMED_OUT if then_hang else Reason.CONNECTION_FAILED)
        assert reply.detail.endswith("(no other was asked: it may have the mail)")
        assert post.sessions == 0
        # The next try does not go to where it hangs.
        assert carried_by(await mails.send(mail())).startswith("carried by second; first is left alone")
    assert (len(post.taken), raw.connections) == (1, 1)


@pytest.mark.parametrize("lines", [(READY,), (READY, HELLO), (READY, HELLO, OK)])
async def test_a_server_that_hangs_up_before_the_mail_is_written_has_not_taken_it(lines: tuple[bytes, ...]) -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(says(*lines, then_hang=False)) as raw,
        providers(plain(raw.port), plain(port)) as mails,
    ):
        assert carried_by(await mails.send(mail())).startswith("carried by second; first: ")
    assert len(post.taken) == 1


@pytest.mark.parametrize("lines", [(b"",), (READY, HELLO, OK, b"")])
async def test_a_server_that_hangs_leaves_time_for_the_next(lines: tuple[bytes, ...]) -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(says(*lines)) as raw,
        providers(plain(raw.port), plain(port), request_ms=4_000) as mails,
    ):
        detail = carried_by(await mails.send(mail()))
    assert detail.startswith("carried by second; first: the mail server did not answer within ")
    assert len(post.taken) == 1


async def test_refused_logins_and_certificates_send_the_mail_to_the_next() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    post = Post()
    async with (
        mail_server(Post(), password="right") as guarded,
        mail_server(Post(), tls=tls) as untrusted,
        mail_server(post) as port,
    ):
        for server, said in (
            (SmtpServer("127.0.0.1", guarded, SmtpSecurity.NONE, "us", "wrong-secret"), "refused the user or the pass"),
            (SmtpServer("127.0.0.1", guarded, SmtpSecurity.NONE), "wants another login"),
            (SmtpServer("127.0.0.1", untrusted, SmtpSecurity.STARTTLS), "the certificate was not accepted"),
        ):
            async with providers(SmtpTransport(server, sender=SENDER, per_second=0), plain(port)) as mails:
                detail = carried_by(await mails.send(mail()))
            assert said in detail
            assert "wrong-secret" not in detail
    assert len(post.taken) == 3


async def test_our_own_limit_postpones_a_mail_and_does_not_send_it_elsewhere() -> None:
    first, second = Post(), Post()
    async with (
        mail_server(first) as one,
        mail_server(second) as other,
        providers(plain(one, per_second=0.1), plain(other)) as mails,
    ):
        assert carried_by(await mails.send(mail())) == "carried by first"
        reply = await mails.send(mail())
    assert reply == Unreached(Reason.RATE_LIMITED, "more mail is waiting than may be sent now")
    assert (len(first.taken), second.sessions) == (1, 0)
