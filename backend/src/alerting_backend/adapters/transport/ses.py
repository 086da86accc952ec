"""Sends e-mail through Amazon SES. Needs the extra `alerting-backend[ses]`.

boto3 blocks, so that each call has a thread of a small pool of its own. SES is spoken of in the words of SMTP, which it
also speaks itself: a refused mail is 554, throttling is 454, an error of its own is 451; being refused as a caller is
the operator's to mend, and the mail is still wanted.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

from alerting_backend.adapters.transport.bucket import TokenBucket
from alerting_backend.adapters.transport.mail import Sender, WireMail, write_mail
from alerting_backend.adapters.transport.smtp import RATE_PER_SECOND_DEFAULT, RATE_WAIT_MS_MAX
from alerting_core import limits
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import EmailMessage, Reply, SmtpReply, Unreached

CALLS_MAX: Final = 8
"""Calls under way at once: at some 100 ms each, more than the sending rate of most accounts."""

_REFUSED_MAIL: Final = frozenset({"MessageRejected", "BadRequestException"})
_THROTTLED: Final = frozenset(
    {"TooManyRequestsException", "Throttling", "ThrottlingException", "LimitExceededException"}
)


class SesTransport:
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
        clock_ms: Callable[[], float] = lambda: time.monotonic() * 1_000,
    ) -> None:
        """Connect to nothing yet."""
        self._sender = Sender.read(sender)
        self._client = _open_client(region, endpoint_url)
        self._request_ms = request_ms
        self._clock_ms = clock_ms
        self._bucket = TokenBucket(per_second, burst=max(1, int(per_second)))
        self._threads = ThreadPoolExecutor(CALLS_MAX, thread_name_prefix="ses")
        self._slots = asyncio.Semaphore(CALLS_MAX)

    async def __aenter__(self) -> Self:
        """Open nothing: the first mail does."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.close()

    async def close(self) -> None:
        """Let calls under way end by their own timeouts, and close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def send(self, message: EmailMessage) -> Reply:
        """Make one attempt; see `Transport.send`."""
        try:
            mail = write_mail(message, self._sender, now_ms=int(time.time() * 1_000))
        except ValueError:
            return Unreached(Reason.PROTOCOL_ERROR, "the address or the text cannot be written as a mail")
        wait_ms = self._bucket.take(
            now_ms=self._clock_ms(), wait_ms_max=min(RATE_WAIT_MS_MAX, self._request_ms * 2 / 3)
        )
        if wait_ms is None:
            return Unreached(Reason.RATE_LIMITED, "more mail is waiting than may be sent now")
        try:
            async with asyncio.timeout(self._request_ms / 1_000):
                await asyncio.sleep(wait_ms / 1_000)
                return await self._call(mail)
        except TimeoutError:
            return Unreached(Reason.TIMED_OUT, f"SES did not answer within {self._request_ms / 1_000:g} s")

    async def _call(self, mail: WireMail) -> Reply:
        await self._slots.acquire()
        call = asyncio.get_running_loop().run_in_executor(self._threads, self._send_now, mail)
        # The slot is free when the thread is, not when nobody waits for it any more.
        call.add_done_callback(lambda _: self._slots.release())
        return await asyncio.shield(call)

    def _send_now(self, mail: WireMail) -> Reply:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender.address,
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Raw": {"Data": mail.data}},
            )
        except ClientError as error:
            return _explain(error.response)
        except BotoCoreError as error:
            return _explain_unreached(error)
        return SmtpReply(250, str(answer.get("MessageId", "")))


def _open_client(region: str, endpoint_url: str | None) -> Any:
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.config import Config  # noqa: PLC0415
    except ImportError:
        raise ValueError("mail through SES needs boto3: install alerting-backend[ses]") from None
    connect_s = limits.CONNECT_MS_MAX / 1_000
    config = Config(
        connect_timeout=connect_s,
        read_timeout=limits.REQUEST_MS_MAX / 1_000 - connect_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=CALLS_MAX,
    )
    return boto3.Session().client("sesv2", region_name=region, endpoint_url=endpoint_url, config=config)


def _explain(response: dict[str, Any]) -> Reply:
    code = str(response.get("Error", {}).get("Code", "unknown"))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _REFUSED_MAIL:
        return SmtpReply(554, code)
    if code in _THROTTLED or status == 429:
        return SmtpReply(454, code)
    if status >= 500:
        return SmtpReply(451, code)
    return Unreached(Reason.CONNECTION_FAILED, f"SES does not serve us: {code}")


def _explain_unreached(error: Exception) -> Unreached:
    from botocore import exceptions as known  # noqa: PLC0415 - an extra

    if isinstance(error, known.ConnectTimeoutError | known.ReadTimeoutError):
        return Unreached(Reason.TIMED_OUT, "SES did not answer in time")
    if isinstance(error, known.SSLError):
        return Unreached(Reason.TLS_FAILED, "TLS with SES could not be agreed on")
    if isinstance(error, known.NoCredentialsError | known.PartialCredentialsError):
        return Unreached(Reason.CONNECTION_FAILED, "there are no credentials for SES")
    return Unreached(Reason.CONNECTION_FAILED, "SES was not reached")
