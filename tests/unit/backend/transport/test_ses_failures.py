"""What Amazon SES says, and what its silence leaves open."""

import ssl

import pytest
from botocore import exceptions as known
from urllib3.exceptions import SSLError as Urllib3SslError

from alerting_backend.adapters.transport.endings import Ending
from alerting_backend.adapters.transport.ses import (
    explain_ses_answer,
    explain_ses_opening,
    explain_ses_silence,
    may_pass,
)
from alerting_core.domain.claim import SmtpReply, Unreached

_E = Ending
URL = "https://email.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("status", "code", "message", "ending"),
    [
        (400, "MessageRejected", "Transaction failed: virus", _E.MAIL_REFUSED),
        (400, "MessageRejected", "Email address is not verified. The following …", _E.NOT_SERVED),
        (400, "BadRequestException", "Illegal address", _E.MAIL_REFUSED),
        (429, "TooManyRequestsException", "", _E.THROTTLED),
        (400, "ThrottlingException", "Rate exceeded", _E.THROTTLED),
        (400, "Throttling", "Daily message quota exceeded", _E.THROTTLED),
        (400, "LimitExceededException", "", _E.THROTTLED),
        (429, "Whatever", "", _E.THROTTLED),
        (400, "AccountSuspendedException", "", _E.NOT_SERVED),
        (400, "SendingPausedException", "", _E.NOT_SERVED),
        (400, "MailFromDomainNotVerifiedException", "", _E.NOT_SERVED),
        (404, "NotFoundException", "", _E.NOT_SERVED),
        (403, "AccessDeniedException", "", _E.LOGIN_REFUSED),
        (403, "ExpiredTokenException", "", _E.LOGIN_REFUSED),
        (401, "Whatever", "", _E.LOGIN_REFUSED),
        (400, "Whatever", "", _E.NOT_SERVED),
        (301, "Whatever", "", _E.NOT_SERVED),
        (500, "InternalFailure", "", _E.MAYBE_TAKEN),
        (503, "ServiceUnavailable", "", _E.MAYBE_TAKEN),
        (0, "Whatever", "", _E.MAYBE_TAKEN),
    ],
)
def test_an_answer_is_about_the_account_or_about_the_mail(status: int, code: str, message: str, ending: Ending) -> None:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    handover = explain_ses_answer(response)
    assert handover.ending is ending
    codes = {_E.MAIL_REFUSED: 554, _E.THROTTLED: 454, _E.MAYBE_TAKEN: 451}
    if ending in codes:
        assert handover.reply == SmtpReply(codes[ending], code)
    else:
        assert isinstance(handover.reply, Unreached), "the operator mends it, and the mail is still wanted"
        assert code in handover.reply.detail


def test_an_answer_without_any_sense_may_hide_that_the_mail_was_taken() -> None:
    assert explain_ses_answer({}).ending is Ending.MAYBE_TAKEN


def tls_error(inner: ssl.SSLError) -> known.SSLError:
    return known.SSLError(endpoint_url=URL, error=Urllib3SslError(inner))


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "unknown authority")
    error.verify_message = "unknown authority"
    return error


def handshake_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (known.ConnectTimeoutError(endpoint_url=URL), _E.NOT_REACHED),
        (known.EndpointConnectionError(endpoint_url=URL), _E.NOT_REACHED),
        (known.ProxyConnectionError(proxy_url=URL), _E.NOT_REACHED),
        (known.NoCredentialsError(), _E.LOGIN_REFUSED),
        (known.PartialCredentialsError(provider="env", cred_var="X"), _E.LOGIN_REFUSED),
        (known.CredentialRetrievalError(provider="role", error_msg="away"), _E.LOGIN_REFUSED),
        (known.ParamValidationError(report="no"), _E.MAIL_UNFIT),
        (tls_error(certificate_error()), _E.TLS_FAILED),
        (tls_error(handshake_error("WRONG_VERSION_NUMBER")), _E.TLS_FAILED),
        # What may have come after the mail was sent.
        (known.ReadTimeoutError(endpoint_url=URL), _E.MAYBE_TAKEN),
        (known.ConnectionClosedError(endpoint_url=URL), _E.MAYBE_TAKEN),
        (known.HTTPClientError(error="?"), _E.MAYBE_TAKEN),
        (tls_error(handshake_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC")), _E.MAYBE_TAKEN),
        (known.SSLError(endpoint_url=URL, error="?"), _E.MAYBE_TAKEN),
    ],
)
def test_silence_is_certain_only_when_nothing_was_sent(error: Exception, ending: Ending) -> None:
    handover = explain_ses_silence(error)
    assert handover.ending is ending
    assert isinstance(handover.reply, Unreached)
    assert URL not in handover.reply.detail


def test_a_client_that_cannot_be_opened_has_sent_nothing() -> None:
    for error in (known.NoCredentialsError(), known.ProfileNotFound(profile="x"), ValueError("no endpoint")):
        assert explain_ses_opening(error).ending is Ending.LOGIN_REFUSED


def test_credentials_may_come_later_and_half_of_them_may_not() -> None:
    assert may_pass(known.NoCredentialsError())
    assert may_pass(known.CredentialRetrievalError(provider="role", error_msg="away"))
    assert not may_pass(known.PartialCredentialsError(provider="env", cred_var="X"))
    assert not may_pass(known.ProfileNotFound(profile="x"))
    assert not may_pass(ValueError("no endpoint"))
