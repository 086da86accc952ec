"""Sends e-mail through Amazon SES. Needs the extra `alerting-backend[ses]`.

boto3 blocks, so that each call has a thread of its own, a few at a time. What SES says is read by `ses_failures`. A
process does not wait for these threads when it ends: a call that is cut off counts as one that may have been taken.

Credentials are looked for when the client is opened, which may ask a server for those of a role, and so blocks too. A
client that was opened without any would stay without: it is not kept, and the next mail looks again.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final, TypeVar

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport.handover import Ending, Handover
from alerting_backend.adapters.transport.mail import WireMail
from alerting_backend.adapters.transport.mail_transport import RATE_PER_SECOND_DEFAULT, MailTransport
from alerting_backend.adapters.transport.ses_failures import (
    explain_ses_answer,
    explain_ses_opening,
    explain_ses_silence,
    may_pass,
)
from alerting_core import limits
from alerting_core.domain.message import SmtpReply

T = TypeVar("T")

CALLS_MAX: Final = 8
"""Calls under way at once: at some 100 ms each, more than the sending rate of most accounts."""


class SesTransport(MailTransport):
    """Sends `EmailMessage`s. Use as an async context manager. Credentials are found as boto3 finds them.

    Args:
        sender: Whom mails are from; a verified identity of the account.
        region: Of the account, as `eu-west-1`.
        endpoint_url: Another address than Amazon's own, for private links and tests.
        per_second: Rate limit; 0 for none.
        request_ms: For the whole attempt, with the wait for the rate limit.
        clock_ms: A clock that never goes back.

    Raises:
        ValueError: *sender* holds no address, or boto3 is not installed.
    """

    def __init__(
        self,
        *,
        sender: str,
        region: str,
        endpoint_url: str | None = None,
        per_second: float = RATE_PER_SECOND_DEFAULT,
        request_ms: int = limits.REQUEST_MS_MAX,
        clock_ms: Callable[[], float] = monotonic_ms,
    ) -> None:
        """Connect to nothing yet."""
        super().__init__(sender=sender, called="SES", per_second=per_second, request_ms=request_ms, clock_ms=clock_ms)
        _need_boto3()
        self._region = region
        self._endpoint_url = endpoint_url
        self._client: Any = None
        self._opening = threading.Lock()
        self._slots = asyncio.Semaphore(CALLS_MAX)

    async def close(self) -> None:
        """Let calls under way end by their own timeouts, and close the connections."""
        if self._client is not None:
            self._client.close()

    async def prepare(self) -> str | None:
        """Open the client; return what is missing now and may come by itself, as the credentials of a role.

        Raises:
            ValueError: It cannot be opened as things are set.
        """
        error = await self._in_thread(self._open)
        if error is not None and not may_pass(error):
            raise ValueError(str(error))
        return None if error is None else explain_ses_opening(error).said

    async def carry(self, mail: WireMail, handing_over: Callable[[], None]) -> Handover:
        """Hand *mail* in by a thread that is free."""
        if self._client is None and (error := await self._in_thread(self._open)) is not None:
            return explain_ses_opening(error)
        return await self._in_thread(self._send_now, mail, before=handing_over)

    async def _in_thread(
        self, work: Callable[..., T], *arguments: object, before: Callable[[], None] = lambda: None
    ) -> T:
        await self._slots.acquire()
        before()
        loop = asyncio.get_running_loop()
        call: asyncio.Future[T] = loop.create_future()
        # The slot is free when the thread is, not when nobody waits for it any more.
        call.add_done_callback(lambda _: self._slots.release())

        def run() -> None:
            try:
                outcome = work(*arguments)
            except BaseException as error:
                _settle(loop, call.set_exception, error)  # Whatever it is belongs to whoever waits.
            else:
                _settle(loop, call.set_result, outcome)

        threading.Thread(target=run, name="ses", daemon=True).start()
        return await asyncio.shield(call)

    def _open(self) -> Exception | None:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra

        with self._opening:
            try:
                self._client = self._client or _open_client(self._region, self._endpoint_url)
            except (BotoCoreError, ValueError) as error:
                return error
        return None

    def _send_now(self, mail: WireMail) -> Handover:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender.address,
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Raw": {"Data": mail.data}},
            )
        except ClientError as error:
            return explain_ses_answer(error.response)
        except BotoCoreError as error:
            return explain_ses_silence(error)
        return Handover(Ending.TAKEN, SmtpReply(250, str(answer.get("MessageId", ""))))


def _settle(loop: asyncio.AbstractEventLoop, settle: Callable[[T], object], outcome: T) -> None:
    with suppress(RuntimeError):  # The loop has ended, and with it whoever waited.
        loop.call_soon_threadsafe(settle, outcome)


def _need_boto3() -> None:
    if find_spec("boto3") is None:
        raise ValueError("mail through SES needs boto3: install alerting-backend[ses]")


def _open_client(region: str, endpoint_url: str | None) -> Any:
    import boto3  # noqa: PLC0415 - an extra
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

    connect_s = limits.CONNECT_MS_MAX / 1_000
    config = Config(
        connect_timeout=connect_s,
        read_timeout=limits.REQUEST_MS_MAX / 1_000 - connect_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=CALLS_MAX,
    )
    session = boto3.Session()
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session.client("sesv2", region_name=region, endpoint_url=endpoint_url, config=config)
