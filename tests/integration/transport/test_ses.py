"""Mails through the real boto3 client, against an emulator of SES that speaks its HTTP."""

import asyncio
import email
import threading
from email.policy import SMTP

import pytest

from alerting_backend.adapters.transport.ses import SesTransport
from alerting_core.domain.claim import EmailMessage, SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from tests.integration.transport.ses_emulator import taken_in, verify_sender
from tests.support.raw_servers import answers, serve_raw

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("ses_credentials"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow"),
]

REGION = "eu-west-1"
MAIL = EmailMessage("ops@receiver.example", "Grüße", "plain ä", "<b>ä</b>", message_id="d-1")


def transport(url: str, **changes: float) -> SesTransport:
    return SesTransport(
        sender="Alerts <alerts@sender.example>",
        region=REGION,
        endpoint_url=url,
        **{"per_second": 0, **changes},  # type: ignore[arg-type]
    )


async def test_a_mail_is_taken_by_ses_with_both_of_its_bodies(emulator: str) -> None:
    verify_sender(emulator, "alerts@sender.example", region=REGION)
    async with transport(emulator) as ses:
        replies = await asyncio.gather(*(ses.send(MAIL) for _ in range(20)))
    assert all(isinstance(reply, SmtpReply) and reply.code == 250 and reply.text for reply in replies)
    taken = taken_in(REGION)
    assert len(taken) == 20
    assert set(taken[0].destinations) == {"ops@receiver.example"}
    arrived = email.message_from_string(taken[0].raw_data, policy=SMTP)
    assert arrived["Subject"] == "Grüße"
    assert arrived["Message-ID"] == "<d-1@sender.example>"
    assert [part.get_content().strip() for part in arrived.iter_parts()] == ["plain ä", "<b>ä</b>"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "MessageRejected", SmtpReply(554, "MessageRejected")),
        (429, "TooManyRequestsException", SmtpReply(454, "TooManyRequestsException")),
        (500, "InternalFailure", SmtpReply(451, "InternalFailure")),
        (
            403,
            "UnrecognizedClientException",
            Unreached(Reason.CONNECTION_FAILED, "SES does not serve us: UnrecognizedClientException"),
        ),
    ],
)
async def test_what_ses_says_is_told_apart(status: int, code: str, expected: SmtpReply | Unreached) -> None:
    head = f"HTTP/1.1 {status} No\r\nx-amzn-ErrorType: {code}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    async with serve_raw(answers(head.encode())) as raw, transport(raw.url("")) as ses:
        assert await ses.send(MAIL) == expected
        assert len(raw.requests) == 1  # Tries again are decided above.


async def test_ses_that_is_away_or_hangs_is_a_reply_not_an_exception() -> None:
    async with transport("http://127.0.0.1:9") as ses:
        assert await ses.send(MAIL) == Unreached(Reason.CONNECTION_FAILED, "SES was not reached")
    async with serve_raw(answers(then_hang=True)) as raw, transport(raw.url(""), request_ms=200) as ses:
        assert await ses.prepare() is None
        assert await ses.send(MAIL) == Unreached(Reason.TIMED_OUT, "SES did not answer within 0.2 s")
        # A process that ends does not wait for a call that hangs.
        assert {thread.daemon for thread in threading.enumerate() if thread.name == "ses"} == {True}


async def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    async with transport("http://127.0.0.1:9") as ses:
        missing = "there are no credentials for SES"
        assert await ses.prepare() == missing
        assert await ses.send(MAIL) == Unreached(Reason.CONNECTION_FAILED, missing)
        # They come, as those of a role do when its server is back: no restart is needed.
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        assert await ses.prepare() is None
        assert await ses.send(MAIL) == Unreached(Reason.CONNECTION_FAILED, "SES was not reached")


async def test_half_of_the_credentials_is_an_error_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    async with transport("http://127.0.0.1:9") as ses:
        with pytest.raises(ValueError, match="missing: AWS_SECRET_ACCESS_KEY"):
            await ses.prepare()
