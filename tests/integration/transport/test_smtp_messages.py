"""What a mail may not do, whatever it holds."""

import email
from email.policy import SMTPUTF8

import pytest

from alerting_backend.adapters.transport.smtp import SmtpServer, SmtpTransport
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason
from alerting_core.domain.endpoint import read_address
from tests.integration.transport.mail_servers import Post, mail, mail_server, plain

pytestmark = [
    pytest.mark.integration,
    # The test server takes passwords without TLS on purpose, and says what it thinks of that.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


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


async def test_a_domain_beyond_ascii_goes_out_as_it_was_checked() -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        reply = await transport.send(mail(to="ops@Bücher.example"))
        assert isinstance(reply, SmtpReply)
        assert reply.code == 250
    assert [each.rcpt_tos for each in post.taken] == [[read_address("ops@Bücher.example")]]
    assert post.taken[0].rcpt_tos == ["ops@xn--bcher-kva.example"]


@pytest.mark.parametrize("to", ["ops@straße.example", "øps@bücher.example"])
async def test_what_the_check_refuses_is_not_sent_to(to: str) -> None:
    post = Post()
    async with mail_server(post) as port, plain(port) as transport:
        reply = await transport.send(mail(to=to))
    assert (read_address(to), isinstance(reply, Unreached), post.taken) == (None, True, [])


@pytest.mark.parametrize("sender", ["", "alerts", "Alerts <>", "a@b c", "Alerts a@b", "a@b, c@d", "a@b\r\nBcc: c@d"])
def test_a_sender_without_an_address_is_an_error_at_start(sender: str) -> None:
    with pytest.raises(ValueError, match="is no sender: write it like"):
        SmtpTransport(SmtpServer("h", 25), sender=sender)
