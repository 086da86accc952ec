"""Mail by Amazon SES, and what its answers mean."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final, TypeVar

from alerting_backend.adapters.system import monotonic_ms
from alerting_backend.adapters.transport import endings, http
from alerting_backend.adapters.transport.mail import AT_ONCE_MAX, RATE_PER_SECOND_DEFAULT, MailTransport, WireMail
from alerting_core import limits
from alerting_core.domain import claim, delivery

_ENDINGS: Final[Mapping[str, endings.Ending]] = {
    "MessageRejected": endings.Ending.MAIL_REFUSED,
    "BadRequestException": endings.Ending.MAIL_REFUSED,
    "TooManyRequestsException": endings.Ending.THROTTLED,
    "Throttling": endings.Ending.THROTTLED,
    "ThrottlingException": endings.Ending.THROTTLED,
    "LimitExceededException": endings.Ending.THROTTLED,
    "AccountSuspendedException": endings.Ending.NOT_SERVED,
    "SendingPausedException": endings.Ending.NOT_SERVED,
    "MailFromDomainNotVerifiedException": endings.Ending.NOT_SERVED,
    "NotFoundException": endings.Ending.NOT_SERVED,
}
"""The errors of SendEmail by their codes. Any other is told by its HTTP status."""

_NOT_VERIFIED: Final = "not verified"
"""What a MessageRejected says when it is about the account and not about the mail: it may not send as this sender."""

_HANDSHAKE: Final = frozenset(
    {
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)
"""What OpenSSL says before anything could be sent. A TLS error of another kind may have come later."""


def explain_ses_answer(response: Mapping[str, Any]) -> endings.Handover:
    """Say what an error that SES answered with means; *response* is that of botocore's ClientError."""
    error: Mapping[str, Any] = response.get("Error", {})
    code, status = str(error.get("Code", "unknown")), int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    ending = _ENDINGS.get(code) or _ending_of_status(status)
    if ending is endings.Ending.MAIL_REFUSED and _NOT_VERIFIED in str(error.get("Message", "")).lower():
        ending, code = endings.Ending.NOT_SERVED, f"{code}, the sender or the recipient is not verified"
    match ending:
        case endings.Ending.MAIL_REFUSED:
            return endings.Handover(ending, claim.SmtpReply(554, code))
        case endings.Ending.THROTTLED:
            return endings.Handover(ending, claim.SmtpReply(454, code))
        case endings.Ending.MAYBE_TAKEN:
            return endings.Handover(ending, claim.SmtpReply(451, code))
        case _:
            return endings.Handover(
                ending, claim.Unreached(delivery.Reason.CONNECTION_FAILED, f"SES does not serve us: {code}")
            )


def _ending_of_status(status: int) -> endings.Ending:
    if status == 429:
        return endings.Ending.THROTTLED
    if status in {401, 403}:
        return endings.Ending.LOGIN_REFUSED
    # After an error of its own, it may have the mail all the same.
    return endings.Ending.NOT_SERVED if 300 <= status < 500 else endings.Ending.MAYBE_TAKEN


def may_pass(error: BaseException) -> bool:
    """Say whether a client that could not be opened may be opened later without anybody setting anything."""
    known = _exceptions()
    waits_for_role = known.NoCredentialsError, known.CredentialRetrievalError, known.MetadataRetrievalError
    return isinstance(error, (*waits_for_role, known.TokenRetrievalError))


def explain_ses_opening(error: BaseException) -> endings.Handover:
    """Say why the client could not be opened; nothing was sent. *error* is a BotoCoreError or a ValueError."""
    handover = explain_ses_silence(error)
    if handover.ending is endings.Ending.LOGIN_REFUSED:
        return handover
    reply = claim.Unreached(delivery.Reason.CONNECTION_FAILED, "SES is set up in a way that cannot work")
    return endings.Handover(endings.Ending.LOGIN_REFUSED, reply)


def explain_ses_silence(error: BaseException) -> endings.Handover:
    """Say why SES gave no answer. *error* is a BotoCoreError."""
    known = _exceptions()
    match error:
        case known.ConnectTimeoutError():
            return endings.Handover(
                endings.Ending.NOT_REACHED, claim.Unreached(delivery.Reason.TIMED_OUT, "SES did not answer in time")
            )
        case known.ReadTimeoutError():
            return endings.Handover(
                endings.Ending.MAYBE_TAKEN, claim.Unreached(delivery.Reason.TIMED_OUT, "SES did not answer in time")
            )
        case known.SSLError():
            return _explain_tls(error)
        case known.EndpointConnectionError() | known.ProxyConnectionError():
            return endings.Handover(
                endings.Ending.NOT_REACHED, claim.Unreached(delivery.Reason.CONNECTION_FAILED, "SES was not reached")
            )
        case known.NoCredentialsError() | known.PartialCredentialsError():
            reply = claim.Unreached(delivery.Reason.CONNECTION_FAILED, "there are no credentials for SES")
            return endings.Handover(endings.Ending.LOGIN_REFUSED, reply)
        case known.CredentialRetrievalError() | known.TokenRetrievalError() | known.MetadataRetrievalError():
            reply = claim.Unreached(delivery.Reason.CONNECTION_FAILED, "the credentials for SES could not be had")
            return endings.Handover(endings.Ending.LOGIN_REFUSED, reply)
        case known.ParamValidationError():
            reply = claim.Unreached(delivery.Reason.PROTOCOL_ERROR, "the mail cannot be handed in as it is")
            return endings.Handover(endings.Ending.MAIL_UNFIT, reply)
        case _:
            reply = claim.Unreached(
                delivery.Reason.CONNECTION_FAILED, "the connection to SES broke off, or its answer was garbled"
            )
            return endings.Handover(endings.Ending.MAYBE_TAKEN, reply)


def _explain_tls(error: BaseException) -> endings.Handover:
    inner = next((each for each in _inside(error) if isinstance(each, ssl.SSLError)), None)
    in_handshake = isinstance(inner, ssl.SSLCertVerificationError) or getattr(inner, "reason", None) in _HANDSHAKE
    detail = f"with SES: {http.tls_text(inner)}" if inner else "TLS with SES could not be agreed on"
    return endings.Handover(
        endings.Ending.TLS_FAILED if in_handshake else endings.Ending.MAYBE_TAKEN,
        claim.Unreached(delivery.Reason.TLS_FAILED, detail),
    )


def _inside(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what libraries have wrapped into each other, outermost first."""
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        # botocore keeps it among the values of its text, urllib3 as the first argument.
        inner = getattr(inner, "kwargs", {}).get("error") or next(iter(inner.args), None)


T = TypeVar("T")

CALLS_MAX: Final = AT_ONCE_MAX
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

    async def carry(self, mail: WireMail, handing_over: Callable[[], None]) -> endings.Handover:
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
        known = _exceptions()
        with self._opening:
            try:
                self._client = self._client or _open_client(self._region, self._endpoint_url)
            except (known.BotoCoreError, ValueError) as error:
                return error
        return None

    def _send_now(self, mail: WireMail) -> endings.Handover:
        known = _exceptions()
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender.address,
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Raw": {"Data": mail.data}},
            )
        except known.ClientError as error:
            return explain_ses_answer(error.response)
        except known.BotoCoreError as error:
            return explain_ses_silence(error)
        return endings.Handover(endings.Ending.TAKEN, claim.SmtpReply(250, str(answer.get("MessageId", ""))))


def _settle(loop: asyncio.AbstractEventLoop, settle: Callable[[T], object], outcome: T) -> None:
    with suppress(RuntimeError):  # The loop has ended, and with it whoever waited.
        loop.call_soon_threadsafe(settle, outcome)


def _exceptions() -> Any:
    """Return what goes wrong with botocore, which is an extra."""
    from botocore import exceptions  # noqa: PLC0415

    return exceptions


def _need_boto3() -> None:
    if find_spec("boto3") is None:
        raise ValueError("mail through SES needs boto3: install alerting-backend[ses]")


def _open_client(region: str, endpoint_url: str | None) -> Any:
    import boto3  # noqa: PLC0415 - an extra
    from botocore.config import Config  # noqa: PLC0415

    connect_s = limits.CONNECT_MS_MAX / 1_000
    config = Config(
        connect_timeout=connect_s,
        read_timeout=limits.REQUEST_MS_MAX / 1_000 - connect_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=CALLS_MAX,
    )
    session = boto3.Session()
    if session.get_credentials() is None:
        raise _exceptions().NoCredentialsError
    return session.client("sesv2", region_name=region, endpoint_url=endpoint_url, config=config)
