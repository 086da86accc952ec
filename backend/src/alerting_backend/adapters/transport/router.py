"""The `Transport` of the platform: hands each message to the one that knows how."""

from typing import Protocol, assert_never

from alerting_core.domain.claim import EmailMessage, HttpMessage, Message, Reply, Unreached
from alerting_core.domain.notification import Reason


class HttpSender(Protocol):
    """Sends HTTP messages, with the promises of `Transport`."""

    async def send(self, message: HttpMessage) -> Reply:
        """Make one attempt."""
        ...


class EmailSender(Protocol):
    """Sends e-mail, with the promises of `Transport`."""

    async def send(self, message: EmailMessage) -> Reply:
        """Make one attempt."""
        ...


class TransportRouter:
    """Sends every kind of message. Opening and closing what it routes to stays with whoever made it.

    Args:
        http: For webhooks and Slack.
        email: For mail; None when the operator has set up no provider.
    """

    def __init__(self, http: HttpSender, email: EmailSender | None) -> None:
        """Route to *http* and *email*."""
        self._http = http
        self._email = email

    async def send(self, message: Message) -> Reply:
        """Make one attempt; see `Transport.send`."""
        match message:
            case HttpMessage():
                return await self._http.send(message)
            case EmailMessage():
                if self._email is None:
                    return Unreached(Reason.NOT_CONFIGURED, "no provider of mail is set up")
                return await self._email.send(message)
            case _:
                assert_never(message)
