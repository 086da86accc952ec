"""What Amazon SES refuses, in the words of SMTP, and whether it lies with SES, our account, or the mail.

A refused mail is 554, throttling is 454, an error of its own is 451. Being refused as a caller is the operator's to
mend, and the mail is still wanted.
"""

import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

from alerting_backend.adapters.transport.failures import tls_text
from alerting_backend.adapters.transport.handover import Ending, Handover
from alerting_core.domain.delivery import Reason
from alerting_core.domain.message import SmtpReply, Unreached

_ENDINGS: Final[Mapping[str, Ending]] = {
    "MessageRejected": Ending.MAIL_REFUSED,
    "BadRequestException": Ending.MAIL_REFUSED,
    "TooManyRequestsException": Ending.THROTTLED,
    "Throttling": Ending.THROTTLED,
    "ThrottlingException": Ending.THROTTLED,
    "LimitExceededException": Ending.THROTTLED,
    "AccountSuspendedException": Ending.NOT_SERVED,
    "SendingPausedException": Ending.NOT_SERVED,
    "MailFromDomainNotVerifiedException": Ending.NOT_SERVED,
    "NotFoundException": Ending.NOT_SERVED,
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


def explain_ses_answer(response: Mapping[str, Any]) -> Handover:
    """Say what an error that SES answered with means; *response* is that of botocore's ClientError."""
    error: Mapping[str, Any] = response.get("Error", {})
    code, status = str(error.get("Code", "unknown")), int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    ending = _ENDINGS.get(code) or _ending_of_status(status)
    if ending is Ending.MAIL_REFUSED and _NOT_VERIFIED in str(error.get("Message", "")).lower():
        ending, code = Ending.NOT_SERVED, f"{code}, the sender or the recipient is not verified"
    match ending:
        case Ending.MAIL_REFUSED:
            return Handover(ending, SmtpReply(554, code))
        case Ending.THROTTLED:
            return Handover(ending, SmtpReply(454, code))
        case Ending.MAYBE_TAKEN:
            return Handover(ending, SmtpReply(451, code))
        case _:
            return Handover(ending, Unreached(Reason.CONNECTION_FAILED, f"SES does not serve us: {code}"))


def _ending_of_status(status: int) -> Ending:
    if status == 429:
        return Ending.THROTTLED
    if status in {401, 403}:
        return Ending.LOGIN_REFUSED
    # After an error of its own, it may have the mail all the same.
    return Ending.NOT_SERVED if 300 <= status < 500 else Ending.MAYBE_TAKEN


def may_pass(error: BaseException) -> bool:
    """Say whether a client that could not be opened may be opened later without anybody setting anything."""
    from botocore import exceptions as known  # noqa: PLC0415 - an extra

    waits_for_role = known.NoCredentialsError, known.CredentialRetrievalError, known.MetadataRetrievalError
    return isinstance(error, (*waits_for_role, known.TokenRetrievalError))


def explain_ses_opening(error: BaseException) -> Handover:
    """Say why the client could not be opened; nothing was sent. *error* is a BotoCoreError or a ValueError."""
    handover = explain_ses_silence(error)
    if handover.ending is Ending.LOGIN_REFUSED:
        return handover
    reply = Unreached(Reason.CONNECTION_FAILED, "SES is set up in a way that cannot work")
    return Handover(Ending.LOGIN_REFUSED, reply)


def explain_ses_silence(error: BaseException) -> Handover:
    """Say why SES gave no answer. *error* is a BotoCoreError."""
    from botocore import exceptions as known  # noqa: PLC0415 - an extra

    match error:
        case known.ConnectTimeoutError():
            return Handover(Ending.NOT_REACHED, Unreached(Reason.TIMED_OUT, "SES did not answer in time"))
        case known.ReadTimeoutError():
            return Handover(Ending.MAYBE_TAKEN, Unreached(Reason.TIMED_OUT, "SES did not answer in time"))
        case known.SSLError():
            return _explain_tls(error)
        case known.EndpointConnectionError() | known.ProxyConnectionError():
            return Handover(Ending.NOT_REACHED, Unreached(Reason.CONNECTION_FAILED, "SES was not reached"))
        case known.NoCredentialsError() | known.PartialCredentialsError():
            reply = Unreached(Reason.CONNECTION_FAILED, "there are no credentials for SES")
            return Handover(Ending.LOGIN_REFUSED, reply)
        case known.CredentialRetrievalError() | known.TokenRetrievalError() | known.MetadataRetrievalError():
            reply = Unreached(Reason.CONNECTION_FAILED, "the credentials for SES could not be had")
            return Handover(Ending.LOGIN_REFUSED, reply)
        case known.ParamValidationError():
            reply = Unreached(Reason.PROTOCOL_ERROR, "the mail cannot be handed in as it is")
            return Handover(Ending.MAIL_UNFIT, reply)
        case _:
            reply = Unreached(Reason.CONNECTION_FAILED, "the connection to SES broke off, or its answer was garbled")
            return Handover(Ending.MAYBE_TAKEN, reply)


def _explain_tls(error: BaseException) -> Handover:
    inner = next((each for each in _inside(error) if isinstance(each, ssl.SSLError)), None)
    in_handshake = isinstance(inner, ssl.SSLCertVerificationError) or getattr(inner, "reason", None) in _HANDSHAKE
    detail = f"with SES: {tls_text(inner)}" if inner else "TLS with SES could not be agreed on"
    return Handover(
        Ending.TLS_FAILED if in_handshake else Ending.MAYBE_TAKEN,
        Unreached(Reason.TLS_FAILED, detail),
    )


def _inside(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what libraries have wrapped into each other, outermost first."""
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        # botocore keeps it among the values of its text, urllib3 as the first argument.
        inner = getattr(inner, "kwargs", {}).get("error") or next(iter(inner.args), None)
