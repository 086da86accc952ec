"""One message that reached the demo inbox, as it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

_NOT_YET: Final = datetime(1, 1, 1, tzinfo=UTC)


class Channel(StrEnum):
    """How a message came."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    EMAIL = "email"


class SignatureCheck(StrEnum):
    """What the signature of a webhook is worth."""

    VALID = "valid"
    INVALID = "invalid"
    MISSING = "missing"
    SECRET_UNKNOWN = "secret-unknown"
    NOT_SIGNED = "not-signed"
    """Slack messages and mails carry none."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message.

    Attributes:
        name: Of the inbox's URL, or the mail address.
        status: What it was answered with.
        message_id: The webhook-id or Message-ID header, the same on every attempt; empty when there is none.
        title: One line that says what it is about.
        headers: Names in lower case.
        text: The body to read: JSON, or the plain text of a mail.
        html: The HTML of a mail; empty otherwise.
        is_repeat: Another message with that id, name and channel was in the inbox when it came; set by the inbox.
        number: 1 for the first since the inbox was opened, never given twice; set by the inbox.
        received_at: Set by the inbox.
    """

    channel: Channel
    name: str
    status: int
    message_id: str
    title: str
    headers: Mapping[str, str]
    text: str
    html: str = ""
    signature: SignatureCheck = SignatureCheck.NOT_SIGNED
    is_repeat: bool = False
    number: int = 0
    received_at: datetime = _NOT_YET

    def as_json(self) -> Mapping[str, object]:
        """Return it as the inbox's API shows it."""
        return {
            "number": self.number,
            "received_at": self.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "channel": self.channel.value,
            "name": self.name,
            "message_id": self.message_id,
            "is_repeat": self.is_repeat,
            "signature": self.signature.value,
            "title": self.title,
            "headers": dict(self.headers),
            "text": self.text,
            "html": self.html,
            "status": self.status,
        }
