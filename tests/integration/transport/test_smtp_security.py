"""TLS and login of mail servers."""

import ssl

import pytest
import trustme

from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.mail_servers import HELLO, READY, SENDER, Post, mail, mail_server, plain
from tests.support.raw_servers import says, serve_raw

pytestmark = [
    pytest.mark.integration,
    # The test server takes passwords without TLS on purpose, and says what it thinks of that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


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
