"""How a mail is written down."""

import email
from email.message import EmailMessage as MimeMessage
from email.policy import SMTPUTF8

from hypothesis import given
from hypothesis import strategies as st

from alerting_backend.adapters.transport.mail import Sender, write_mail
from alerting_core.domain.claim import EmailMessage

SENDER = Sender.read("Alerts, Inc. <alerts@bücher.example>".replace("Alerts, Inc.", '"Alerts, Inc."'))

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def read_back(data: bytes) -> MimeMessage:
    return email.message_from_bytes(data, policy=SMTPUTF8)


@given(subject=TEXT, text=TEXT, html=TEXT, message_id=TEXT)
def test_no_text_whatever_adds_a_header_or_gets_lost(subject: str, text: str, html: str, message_id: str) -> None:
    message = EmailMessage("a@b.example", subject=subject, text=text, html=html, message_id=message_id)
    wire = write_mail(message, SENDER, now_ms=1_700_000_000_000)
    assert wire.data.isascii()
    assert max(map(len, wire.data.split(b"\r\n"))) <= 998
    assert b"\n" not in wire.data.replace(b"\r\n", b"")
    arrived = read_back(wire.data)
    assert sorted(name.lower() for name in arrived) == [
        "auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to",
    ]  # fmt: skip
    assert arrived["To"] == "a@b.example"
    plain, marked = arrived.iter_parts()
    assert plain.get_content().split() == text.split()
    assert marked.get_content().split() == html.split()


@given(subject=st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120))
def test_a_subject_arrives_as_it_was(subject: str) -> None:
    wire = write_mail(EmailMessage("a@b.example", subject=subject, text="", html=""), SENDER, now_ms=0)
    # White space between words is folded on the way, as for every mail.
    assert str(read_back(wire.data)["Subject"]).split() == subject.split()


def test_the_sender_keeps_its_name_and_has_its_domain_in_ascii() -> None:
    wire = write_mail(EmailMessage("a@b.example", subject="s", text="t", html="h"), SENDER, now_ms=0)
    assert read_back(wire.data)["From"] == '"Alerts, Inc." <alerts@xn--bcher-kva.example>'
    assert read_back(wire.data)["Date"] == "Thu, 01 Jan 1970 00:00:00 +0000"


def test_a_mail_without_an_id_gets_one() -> None:
    wire = write_mail(EmailMessage("a@b.example", subject="s", text="t", html="h"), SENDER, now_ms=0)
    assert read_back(wire.data)["Message-ID"].endswith("@xn--bcher-kva.example>")
