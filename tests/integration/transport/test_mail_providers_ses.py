"""A mail server and an emulator of SES beside each other: who carries a mail when one of them fails."""

import json
import ssl

import pytest
import trustme

from alerting_backend.adapters.transport.ses import SesTransport
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.mail_servers import (
    NOWHERE,
    SENDER,
    Post,
    carried_by,
    mail,
    mail_server,
    plain,
    providers,
)
from tests.integration.transport.ses_emulator import forget_all, taken_in, verify_sender
from tests.support.raw_servers import answers, serve_raw

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("ses_credentials"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow"),
]

REGION = "eu-central-1"


def ses(url: str) -> SesTransport:
    return SesTransport(sender=SENDER, region=REGION, endpoint_url=url, per_second=0)


async def test_when_the_mail_server_is_away_ses_carries_the_mail_and_one_arrives(emulator: str) -> None:
    forget_all(REGION)
    verify_sender(emulator, "alerts@sender.example", region=REGION)
    async with providers(plain(NOWHERE), ses(emulator)) as mails:
        reply = await mails.send(mail())
    assert carried_by(reply) == "carried by second; first: the connection was refused"
    [taken] = taken_in(REGION)
    assert set(taken.destinations) == {"ops@receiver.example"}


async def test_when_ses_is_away_the_mail_server_carries_the_mail_and_one_arrives() -> None:
    post = Post()
    async with mail_server(post) as port, providers(ses(f"http://127.0.0.1:{NOWHERE}"), plain(port)) as mails:
        reply = await mails.send(mail())
    assert carried_by(reply) == "carried by second; first: SES was not reached"
    assert len(post.taken) == 1


def answer_of_ses(status: int, code: str, message: str = "") -> bytes:
    body = json.dumps({"message": message})
    head = f"HTTP/1.1 {status} No\r\nx-amzn-ErrorType: {code}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "AccountSuspendedException", ""),
        (400, "SendingPausedException", ""),
        (400, "MessageRejected", "Email address is not verified. The following identities failed the check: a@b"),
        (429, "TooManyRequestsException", ""),
        (403, "AccessDeniedException", ""),
    ],
)
async def test_what_ses_refuses_as_a_whole_is_carried_by_the_next(status: int, code: str, message: str) -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(answers(answer_of_ses(status, code, message))) as raw,
        providers(ses(raw.url("")), plain(port)) as mails,
    ):
        assert code in carried_by(await mails.send(mail()))
    assert len(post.taken) == 1


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "MessageRejected", SmtpReply(554, "MessageRejected", "refused by first")),
        (400, "BadRequestException", SmtpReply(554, "BadRequestException", "refused by first")),
        (
            500,
            "InternalFailure",
            SmtpReply(451, "InternalFailure", "first: 451 InternalFailure (no other was asked: it may have the mail)"),
        ),
    ],
)
async def test_what_ses_says_of_the_mail_or_may_have_taken_goes_to_no_other(
    status: int, code: str, expected: SmtpReply
) -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(answers(answer_of_ses(status, code))) as raw,
        providers(ses(raw.url("")), plain(port)) as mails,
    ):
        assert await mails.send(mail()) == expected
    assert post.sessions == 0


async def test_an_answer_of_ses_that_breaks_off_goes_to_no_other() -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(answers()) as raw,
        providers(ses(raw.url("")), plain(port)) as mails,
    ):
        reply = await mails.send(mail())
    assert isinstance(reply, Unreached)
    assert reply.detail.startswith("first: the connection to SES broke off")
    assert post.sessions == 0


async def test_a_certificate_of_ses_that_is_not_trusted_sends_the_mail_to_the_next() -> None:
    post, tls = Post(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with (
        mail_server(post) as port,
        serve_raw(answers(answer_of_ses(200, "")), tls=tls) as raw,
        providers(ses(raw.url("", scheme="https")), plain(port)) as mails,
    ):
        assert "the certificate was not accepted" in carried_by(await mails.send(mail()))
    assert (len(post.taken), raw.requests) == (1, [])


async def test_when_both_are_away_the_attempt_tells_of_both() -> None:
    async with providers(ses(f"http://127.0.0.1:{NOWHERE}"), plain(NOWHERE)) as mails:
        for _ in range(2):  # The second time both rest, and are asked all the same.
            assert await mails.send(mail()) == Unreached(
                Reason.CONNECTION_FAILED, "first: SES was not reached; second: the connection was refused"
            )
