"""Whom a mail server's refusal is about, and what may have happened when it fell silent."""

import socket
import ssl

import aiosmtplib
import pytest

from alerting_backend.adapters.transport.endings import Ending
from alerting_backend.adapters.transport.smtp import Step, explain_connect, explain_submit, read_refusal
from alerting_core.domain.claim import SmtpReply

_E = Ending


@pytest.mark.parametrize(
    ("step", "code", "text", "ending"),
    [
        # The sender is named: nothing is known of the recipient yet.
        (Step.MAIL, 421, "closing", _E.NOT_SERVED),
        (Step.MAIL, 450, "later", _E.THROTTLED),
        (Step.MAIL, 451, "4.1.8 sender's domain cannot be looked up", _E.THROTTLED),
        (Step.MAIL, 454, "Throttling failure: maximum sending rate exceeded", _E.THROTTLED),
        (Step.MAIL, 530, "5.7.0 must log in", _E.LOGIN_REFUSED),
        (Step.MAIL, 535, "5.7.8 bad login", _E.LOGIN_REFUSED),
        (Step.MAIL, 550, "5.7.1 sender not allowed", _E.NOT_SERVED),
        (Step.MAIL, 554, "5.7.13 account disabled", _E.NOT_SERVED),
        (Step.MAIL, 552, "too large", _E.MAIL_REFUSED),
        (Step.MAIL, 554, "5.3.4 larger than the limit", _E.MAIL_REFUSED),
        # The recipient is named.
        (Step.RCPT, 550, "5.1.1 no such user", _E.RECIPIENT_REFUSED),
        (Step.RCPT, 550, "no such user", _E.RECIPIENT_REFUSED),
        (Step.RCPT, 554, "5.7.1 relay access denied", _E.RECIPIENT_REFUSED),
        (Step.RCPT, 551, "user not local", _E.RECIPIENT_REFUSED),
        (Step.RCPT, 530, "must log in", _E.LOGIN_REFUSED),
        (Step.RCPT, 421, "closing", _E.NOT_SERVED),
        (Step.RCPT, 450, "mailbox busy", _E.RECIPIENT_DEFERRED),
        (Step.RCPT, 452, "4.2.2 mailbox full", _E.RECIPIENT_DEFERRED),
        (Step.RCPT, 451, "4.1.1 not known now", _E.RECIPIENT_DEFERRED),
        (Step.RCPT, 450, "4.7.1 try again later", _E.DEFERRED),
        (Step.RCPT, 451, "local error", _E.DEFERRED),
        (Step.RCPT, 452, "too many recipients", _E.DEFERRED),
        # The mail is written.
        (Step.DATA, 554, "looks like spam", _E.MAIL_REFUSED),
        (Step.DATA, 550, "5.7.1 content refused", _E.MAIL_REFUSED),
        (Step.DATA, 552, "5.3.4 too large", _E.MAIL_REFUSED),
        (Step.DATA, 550, "5.1.1 no such user", _E.RECIPIENT_REFUSED),
        (Step.DATA, 554, "5.7.13 account disabled", _E.NOT_SERVED),
        (Step.DATA, 554, "5.3.2 takes no mail", _E.NOT_SERVED),
        (Step.DATA, 421, "closing", _E.NOT_SERVED),
        (Step.DATA, 454, "Throttling failure: daily quota exceeded", _E.THROTTLED),
        (Step.DATA, 452, "out of space", _E.THROTTLED),
        (Step.DATA, 451, "4.3.0 system trouble", _E.THROTTLED),
        (Step.DATA, 451, "greylisted", _E.DEFERRED),
        (Step.DATA, 450, "4.2.1 receives too fast", _E.RECIPIENT_DEFERRED),
        (Step.DATA, 550, "5.7.130 of no standard", _E.MAIL_REFUSED),
    ],
)
def test_a_refusal_is_about_the_provider_or_about_the_mail(step: Step, code: int, text: str, ending: Ending) -> None:
    assert read_refusal(step, code, text) is ending


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (aiosmtplib.SMTPAuthenticationError(535, "no"), _E.LOGIN_REFUSED),
        (aiosmtplib.SMTPException("no login that we know"), _E.LOGIN_REFUSED),
        (aiosmtplib.SMTPConnectResponseError(554, "go away"), _E.NOT_SERVED),
        (aiosmtplib.SMTPHeloError(421, "busy"), _E.NOT_SERVED),
        (aiosmtplib.SMTPResponseException(-1, "garbage"), _E.NOT_REACHED),
        (ssl.SSLError(1, "no"), _E.TLS_FAILED),
        (socket.gaierror(-2, "no name"), _E.NOT_REACHED),
        (TimeoutError(), _E.NOT_REACHED),
        (ConnectionRefusedError(111, "refused"), _E.NOT_REACHED),
    ],
)
def test_without_a_session_no_mail_was_handed_over(error: Exception, ending: Ending) -> None:
    handover = explain_connect(error)
    assert handover.ending is ending
    assert handover.consequence.falls_back


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        aiosmtplib.SMTPServerDisconnected("gone"),
        aiosmtplib.SMTPReadTimeoutError("silent"),
        ConnectionResetError(104, "reset"),
        aiosmtplib.SMTPDataError(99, "garbage"),
    ],
)
def test_silence_is_ambiguous_only_once_the_mail_was_being_written(error: Exception) -> None:
    assert explain_submit(error, handed_over=False).ending is Ending.NOT_REACHED
    assert explain_submit(error, handed_over=True).ending is Ending.MAYBE_TAKEN


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (aiosmtplib.SMTPSenderRefused(550, "5.7.1 no", "a@b"), _E.NOT_SERVED),
        (aiosmtplib.SMTPRecipientRefused(550, "5.7.1 no", "a@b"), _E.RECIPIENT_REFUSED),
        (aiosmtplib.SMTPDataError(550, "5.7.1 no"), _E.MAIL_REFUSED),
    ],
)
def test_the_same_answer_means_another_thing_at_each_step(error: Exception, ending: Ending) -> None:
    handover = explain_submit(error, handed_over=True)
    assert (handover.ending, handover.reply) == (ending, SmtpReply(550, "5.7.1 no"))


def test_what_no_server_says_is_the_mail_s_fault_until_it_was_handed_over() -> None:
    assert explain_submit(ValueError("no"), handed_over=False).ending is Ending.MAIL_UNFIT
    assert explain_submit(ValueError("no"), handed_over=True).ending is Ending.MAYBE_TAKEN
