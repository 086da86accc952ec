"""What all transports of mail have in common: the mail is written, waits for its turn, and is handed over in time."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Self

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport.bucket import TokenBucket
from alerting_backend.adapters.transport.handover import Ending, Handover
from alerting_backend.adapters.transport.mail import Sender, WireMail, write_mail
from alerting_core import limits
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import EmailMessage, Reply, Unreached

RATE_WAIT_MS_MAX: Final = 10_000
"""How long a mail waits for its turn under the rate limit; the rest of `limits.REQUEST_MS_MAX` is for sending it."""

RATE_PER_SECOND_DEFAULT: Final = 2.0
"""Providers grant new accounts between one and fourteen mails a second."""

_BEGIN_SHARE_WAITING: Final = 2 / 3
"""Of the time until a mail is handed over, for its turn; the rest is for reaching the provider."""


def _always() -> bool:
    return True


class MailTransport(ABC):
    """Sends `EmailMessage`s through one provider. Use as an async context manager.

    Args:
        sender: Whom mails are from, as `alerts@example.com` or `Alerts <alerts@example.com>`.
        called: What the provider is called when it does not answer.
        per_second: Rate limit; 0 for none.
        request_ms: For the whole attempt, with the wait for the rate limit.
        clock_ms: A clock that never goes back.

    Raises:
        ValueError: *sender* holds no address.
    """

    def __init__(
        self,
        *,
        sender: str,
        called: str,
        per_second: float = RATE_PER_SECOND_DEFAULT,
        request_ms: int = limits.REQUEST_MS_MAX,
        clock_ms: Callable[[], float] = monotonic_ms,
    ) -> None:
        """Connect to nothing yet."""
        self._sender = Sender.read(sender)
        self._called = called
        self._request_ms = request_ms
        self._clock_ms = clock_ms
        self._bucket = TokenBucket(per_second, burst=max(1, int(per_second)))

    async def __aenter__(self) -> Self:
        """Open nothing: connections are made when the first mail leaves."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.close()

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""

    @abstractmethod
    async def carry(self, mail: WireMail, handing_over: Callable[[], None]) -> Handover:
        """Hand *mail* to the provider.

        Args:
            mail: As it goes over the wire.
            handing_over: Called just before the provider is given what it could take for the whole mail.
        """

    async def send(self, message: EmailMessage) -> Reply:
        """Make one attempt; see `Transport.send`."""
        return (await self.hand_in(message, within_ms=self._request_ms)).reply

    async def hand_in(
        self,
        message: EmailMessage,
        *,
        within_ms: float,
        begin_ms: float | None = None,
        still: Callable[[], bool] = _always,
    ) -> Handover:
        """Make one attempt, and say how it ended.

        Args:
            message: The mail.
            within_ms: For the whole attempt.
            begin_ms: For all until the mail is handed over; by default as long as the whole.
            still: Asked when the turn of the mail has come; if not, the mail is taken elsewhere.
        """
        begin_ms = within_ms if begin_ms is None else min(begin_ms, within_ms)
        try:
            mail = write_mail(message, self._sender, now_ms=int(time.time() * 1_000))
        except ValueError:
            reply = Unreached(Reason.PROTOCOL_ERROR, "the address or the text cannot be written as a mail")
            return Handover(Ending.MAIL_UNFIT, reply)
        wait_ms_max = min(RATE_WAIT_MS_MAX, begin_ms * _BEGIN_SHARE_WAITING)
        wait_ms = self._bucket.take(now_ms=self._clock_ms(), wait_ms_max=wait_ms_max)
        if wait_ms is None:
            reply = Unreached(Reason.RATE_LIMITED, "more mail is waiting than may be sent now")
            return Handover(Ending.TURN_TOO_FAR, reply)
        silent = Ending.NOT_REACHED
        begun_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(begun_at + begin_ms / 1_000) as limit:

                def handing_over() -> None:
                    nonlocal silent
                    silent = Ending.MAYBE_TAKEN
                    limit.reschedule(begun_at + within_ms / 1_000)

                await asyncio.sleep(wait_ms / 1_000)
                if not still():
                    reply = Unreached(Reason.CONNECTION_FAILED, "left alone since others have failed there")
                    return Handover(Ending.PASSED_BY, reply)
                return await self.carry(mail, handing_over)
        except TimeoutError:
            took_ms = within_ms if silent is Ending.MAYBE_TAKEN else begin_ms
            detail = f"{self._called} did not answer within {took_ms / 1_000:.3g} s"
            return Handover(silent, Unreached(Reason.TIMED_OUT, detail))
