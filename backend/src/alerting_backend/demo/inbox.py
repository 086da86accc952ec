"""The built-in inbox of the demo: a place where webhooks, Slack messages and mails arrive and can be looked at.

Mails come by a mail server of its own, on loopback only, which takes everything.
"""

import asyncio
import email
import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from enum import StrEnum
from typing import Final, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from alerting_backend.adapters.system import SystemClock
from alerting_core import limits
from alerting_core.delivery.webhook import ID_HEADER, SIGNATURE_HEADER, SignatureVerdict, verify
from alerting_core.domain.text import storable
from alerting_core.ports.clock import Clock

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


ARRIVALS_MAX: Final = 200
"""Messages that the inbox keeps; the page shows them all."""

TEXT_CHARS_MAX: Final = 131_072
"""What is kept of a message: twice the context of an alert, so that the whole inbox stays within some 50 MB."""

TITLE_CHARS_MAX: Final = 200
"""One line of the page."""

_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


class Inbox:
    """The last messages, newest last. Lives in one event loop."""

    def __init__(self, clock: Clock | None = None, *, arrivals_max: int = ARRIVALS_MAX) -> None:
        """Start empty, taking everything; signatures are as old as *clock* says, by default that of this machine."""
        self._clock = clock or SystemClock()
        self._arrivals: deque[Arrival] = deque(maxlen=arrivals_max)
        self._in_inbox: Counter[tuple[Channel, str, str]] = Counter()
        self._secrets: dict[str, str] = {}
        self._received = 0

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """Return what is in the inbox, oldest first."""
        return tuple(self._arrivals)

    @property
    def received(self) -> int:
        """Return how many messages came since the inbox was opened, cleared or not."""
        return self._received

    def know_secret(self, name: str, secret: str) -> None:
        """Check the signatures of webhooks for *name* with *secret* (`whsec_…`) from now on, and refuse wrong ones."""
        self._secrets[name] = secret

    def clear(self) -> None:
        """Forget all messages; the numbers go on."""
        self._arrivals.clear()
        self._in_inbox.clear()

    def take_webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a webhook and return the status of the answer; a wrong signature is 401."""
        seal = self._check(name, headers, body)
        wrong = seal in {SignatureCheck.INVALID, SignatureCheck.MISSING}
        status = 401 if wrong else 200
        self._put_post(Channel.WEBHOOK, name, headers, body, seal=seal, status=status)
        return status

    def take_slack(self, name: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a Slack message and return the status of the answer; what Slack would not show is 400."""
        payload = _json(body)
        shows = isinstance(payload, dict) and any(payload.get(key) for key in ("text", "blocks", "attachments"))
        status = 200 if shows else 400
        self._put_post(Channel.SLACK, name, headers, body, seal=SignatureCheck.NOT_SIGNED, status=status)
        return status

    def take_mail(self, address: str, headers: Mapping[str, str], *, text: str, html: str) -> None:
        """Take a mail."""
        self._put(
            Arrival(
                channel=Channel.EMAIL,
                name=address,
                status=250,
                message_id=headers.get("message-id", ""),
                title=headers.get("subject", ""),
                headers=headers,
                text=text,
                html=html,
            )
        )

    def _check(self, name: str, headers: Mapping[str, str], body: bytes) -> SignatureCheck:
        secret = self._secrets.get(name)
        if SIGNATURE_HEADER not in headers:
            return SignatureCheck.NOT_SIGNED if secret is None else SignatureCheck.MISSING
        if secret is None:
            return SignatureCheck.SECRET_UNKNOWN
        verdict = verify(headers, body, [secret], now_ms=self._clock.now_ms())
        return SignatureCheck.VALID if verdict is SignatureVerdict.VALID else SignatureCheck.INVALID

    def _put_post(
        self, channel: Channel, name: str, headers: Mapping[str, str], body: bytes, *, seal: SignatureCheck, status: int
    ) -> None:
        payload = _json(body)
        text = body.decode(errors="replace")
        self._put(
            Arrival(
                channel=channel,
                name=name,
                status=status,
                message_id=headers.get(ID_HEADER, ""),
                title=_title(payload) or text,
                headers={key: value for key, value in headers.items() if key not in _SECRET_HEADERS},
                text=text if payload is None else json.dumps(payload, indent=2, ensure_ascii=False),
                signature=seal,
            )
        )

    def _put(self, arrival: Arrival) -> None:
        self._make_room()
        self._received += 1
        key = _key(arrival)
        self._arrivals.append(
            replace(
                arrival,
                number=self._received,
                received_at=datetime.now(UTC),
                is_repeat=bool(arrival.message_id) and self._in_inbox[key] > 0,
                title=storable(" ".join(arrival.title.split())[:TITLE_CHARS_MAX]),
                headers={name: storable(value) for name, value in arrival.headers.items()},
                text=storable(arrival.text[:TEXT_CHARS_MAX]),
                html=storable(arrival.html[:TEXT_CHARS_MAX]),
            )
        )
        self._in_inbox[key] += 1

    def _make_room(self) -> None:
        if self._arrivals and len(self._arrivals) == self._arrivals.maxlen:
            oldest = self._arrivals.popleft()
            key = _key(oldest)
            self._in_inbox[key] -= 1
            if not self._in_inbox[key]:
                del self._in_inbox[key]


def _key(arrival: Arrival) -> tuple[Channel, str, str]:
    return arrival.channel, arrival.name, arrival.message_id


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _title(payload: object) -> str:
    """Return what a person wants to know first; our webhooks and Slack messages have it at known places."""
    if not isinstance(payload, dict):
        return ""
    if isinstance(text := payload.get("text"), str):
        return text
    parts = [payload.get(key) for key in ("severity", "source", "name")]
    return " · ".join(part for part in parts if isinstance(part, str))


_HOST: Final = "127.0.0.1"

MAIL_BYTES_MAX: Final = 4 * limits.BODY_BYTES_MAX
"""A mail holds its text twice, and quoting may triple what is not ASCII."""


class MailSink:
    """Serves SMTP from the event loop that entered it. Use as an async context manager.

    Attributes:
        host: Where it listens.
        port: Where it listens; known once entered.
    """

    def __init__(self, inbox: Inbox, *, port: int = 0) -> None:
        """Put mails into *inbox*; *port* 0 takes a free one."""
        self._inbox = inbox
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.BaseTransport] = set()
        self.host = _HOST
        self.port = port

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return _Connection(self._inbox, loop, self._connections)

        self._server = await loop.create_server(protocol, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more and hang up on whoever is still there."""
        if self._server is not None:
            self._server.close()
            for transport in tuple(self._connections):
                transport.close()
            await self._server.wait_closed()


class _Connection(SMTP):
    """One client of the sink."""

    def __init__(self, inbox: Inbox, loop: asyncio.AbstractEventLoop, connections: set[asyncio.BaseTransport]) -> None:
        super().__init__(
            _Delivery(inbox),
            loop=loop,
            hostname="inbox.localhost",
            ident="demo inbox",
            enable_SMTPUTF8=True,
            data_size_limit=MAIL_BYTES_MAX,
        )
        self._all = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = transport
        self._all.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.discard(self._own)
        super().connection_lost(error)


class _Delivery:
    """What aiosmtpd calls when a mail is complete; the name is its own."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        message = email.message_from_bytes(content, policy=SMTPUTF8)
        headers = {name.lower(): str(value) for name, value in message.items()}
        text, html = _part(message, "plain"), _part(message, "html")
        for address in envelope.rcpt_tos:
            self._inbox.take_mail(address, headers, text=text, html=html)
        return "250 taken"


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if not isinstance(part, EmailMessage):
        return ""
    content = part.get_content()
    return content if isinstance(content, str) else ""
