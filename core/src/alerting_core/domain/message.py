"""One message to one target, and what the target said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from alerting_core.domain.delivery import Reason


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """One POST. `headers` and `url` may hold credentials: do not log."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EmailMessage:
    """One mail to one address, with plain text and HTML.

    Attributes:
        message_id: For the Message-ID header, the same on every attempt: `<id>` without a domain.
    """

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    message_id: str = ""


Message: TypeAlias = HttpMessage | EmailMessage


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer came.

    Attributes:
        status: HTTP status code.
        retry_after: The Retry-After header as sent, if any.
        body: At most `limits.RESPONSE_BYTES_MAX` bytes.
    """

    status: int
    body: bytes = b""
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """The mail server's final answer; 250 when it took the message. `detail` is for people, as who carried it."""

    code: int
    text: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer came. `reason` is one of the "never reached it" reasons; `detail` is for people, without secrets."""

    reason: Reason
    detail: str = ""


Reply: TypeAlias = HttpReply | SmtpReply | Unreached
