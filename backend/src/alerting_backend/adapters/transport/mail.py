"""Writes a mail as the bytes that go over the wire."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from typing import Final

import idna

from alerting_core.domain.message import EmailMessage

SUBJECT_CHARS_MAX: Final = 500
"""Beyond what any mail program shows, and short enough that folding it stays cheap."""

_NOT_IN_SUBJECT: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_NOT_IN_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f<>\"(),:;\\\[\]]")
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
            if len(addresses) != 1 or header.defects:
                raise wrong
            return cls(addresses[0].display_name, wire_address(addresses[0].addr_spec))
        except (MessageError, IndexError, ValueError):
            raise wrong from None

    @property
    def domain(self) -> str:
        """Return what follows the @, in ASCII."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class WireMail:
    """One mail as the mail server takes it; `needs_utf8` when the part before the @ is not ASCII."""

    recipient: str
    data: bytes
    needs_utf8: bool


def write_mail(message: EmailMessage, sender: Sender, *, now_ms: int) -> WireMail:
    """Write *message* as a MIME mail with plain text and HTML.

    Everything that a client can choose is quoted or cleaned: no value can start another header or another recipient.
    Lines are short and the bytes are ASCII (but for an address that is not), so that every mail server takes them.

    Raises:
        ValueError: The address of the recipient cannot be written down, or a text cannot be encoded.
    """
    recipient = wire_address(message.to)
    needs_utf8 = not recipient.isascii()
    mail = MimeMessage(SMTPUTF8 if needs_utf8 else SMTP)
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
        return WireMail(recipient, mail.as_bytes(), needs_utf8)
    except (MessageError, IndexError) as error:
        raise ValueError("the mail cannot be written down") from error


def wire_address(address: str) -> str:
    """Return *address* as mail servers take it: its domain in ASCII.

    Raises:
        ValueError: It is not of the form `name@domain`.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or _NOT_IN_ADDRESS.search(address) or "@" in local:
        raise ValueError("an address is written name@domain, without blanks or brackets")
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError("the domain of the address is not a domain") from error
    return f"{local}@{ascii_domain}"


def _message_id(text: str, domain: str) -> str:
    clean = _NOT_IN_ID.sub("-", text.strip("<>"))
    return f"<{clean}@{domain}>" if clean else make_msgid(domain=domain)
