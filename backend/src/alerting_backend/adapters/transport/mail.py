"""Writes a mail as the bytes that go over the wire."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final

from alerting_core.domain.message import EmailMessage
from alerting_core.domain.target import read_address

SUBJECT_CHARS_MAX: Final = 500
"""Beyond what any mail program shows, and short enough that folding it stays cheap."""

_NOT_IN_SUBJECT: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_NOT_IN_ID: Final = re.compile(r"[^A-Za-z0-9._+-]")


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails are from: `Alerts <alerts@example.com>`, taken apart."""

    name: str
    address: str

    @classmethod
    def read(cls, text: str) -> "Sender":
        """Read the sender from a setting.

        Raises:
            ValueError: It holds no address of the form `name@domain`.
        """
        wrong = ValueError(f"{text!r} is no sender: write it like alerts@example.com or Alerts <alerts@example.com>")
        try:
            header = SMTP.header_factory("from", text)
            addresses: tuple[Address, ...] = getattr(header, "addresses", ())
            address = read_address(addresses[0].addr_spec) if len(addresses) == 1 else None
            if address is None or header.defects:
                raise wrong
            return cls(addresses[0].display_name, address)
        except (MessageError, IndexError, ValueError):
            raise wrong from None

    @property
    def domain(self) -> str:
        """Return what follows the @, in ASCII."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class WireMail:
    """One mail as the mail server takes it, in ASCII alone."""

    recipient: str
    data: bytes


def write_mail(message: EmailMessage, sender: Sender, *, now_ms: int) -> WireMail:
    """Write *message* as a MIME mail with plain text and HTML.

    Everything that a client can choose is quoted or cleaned: no value can start another header or another recipient.
    Lines are short and the bytes are ASCII, so that every mail server takes them. The recipient is read as it was when
    the endpoint was checked: the one reader of addresses is the core's, so that the domain contacted is the one that
    limits and placeholder lists were asked about.

    Raises:
        ValueError: The address of the recipient cannot be written down, or a text cannot be encoded.
    """
    recipient = read_address(message.to)
    if recipient is None:
        raise ValueError("the recipient is not an e-mail address of the form name@domain")
    mail = MimeMessage(SMTP)
    local, _, domain = recipient.rpartition("@")
    try:
        mail["From"] = Address(sender.name, addr_spec=sender.address)
        mail["To"] = Address(username=local, domain=domain)
        mail["Subject"] = _NOT_IN_SUBJECT.sub(" ", message.subject).strip()[:SUBJECT_CHARS_MAX]
        mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1_000, UTC))
        mail["Message-ID"] = _message_id(message.message_id, sender.domain)
        # RFC 3834: out-of-office programs do not answer it.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text, cte="quoted-printable")
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        return WireMail(recipient, mail.as_bytes())
    except (MessageError, IndexError) as error:
        raise ValueError("the mail cannot be written down") from error


def _message_id(text: str, domain: str) -> str:
    clean = _NOT_IN_ID.sub("-", text.strip("<>"))
    return f"<{clean}@{domain}>" if clean else make_msgid(domain=domain)
