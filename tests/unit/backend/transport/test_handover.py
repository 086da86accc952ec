"""After which endings a mail goes to another provider, and what an attempt tells of it."""

import pytest

from alerting_backend.adapters.transport.endings import CONSEQUENCES, Ending, Handover, Shows
from alerting_backend.adapters.transport.providers import Asked, sum_up
from alerting_core.domain.claim import SmtpReply, Unreached
from alerting_core.domain.delivery import Reason

FALLS_BACK = {
    Ending.NOT_REACHED, Ending.TLS_FAILED, Ending.LOGIN_REFUSED, Ending.NOT_SERVED, Ending.THROTTLED, Ending.DEFERRED,
    Ending.PASSED_BY, Ending.OUT_OF_TIME,
}  # fmt: skip
RESTS = {
    Ending.NOT_REACHED, Ending.TLS_FAILED, Ending.LOGIN_REFUSED, Ending.NOT_SERVED, Ending.THROTTLED,
    Ending.MAYBE_TAKEN,
}  # fmt: skip

AWAY = Handover(Ending.NOT_REACHED, Unreached(Reason.CONNECTION_FAILED, "the connection was refused"))
BUSY = Handover(Ending.THROTTLED, SmtpReply(454, "4.7.0 slow down\nsecond line"))
SUSPENDED = Handover(Ending.NOT_SERVED, SmtpReply(550, "5.7.1 sender not allowed"))
TAKEN = Handover(Ending.TAKEN, SmtpReply(250, "queued"))


def test_every_ending_has_a_consequence_and_a_reason_for_it() -> None:
    assert set(CONSEQUENCES) == set(Ending)
    assert all(each.why for each in CONSEQUENCES.values())


def test_another_provider_is_asked_only_where_the_first_has_certainly_not_taken_the_mail() -> None:
    assert {ending for ending in Ending if CONSEQUENCES[ending].falls_back} == FALLS_BACK
    said_of_the_mail = {Ending.RECIPIENT_REFUSED, Ending.RECIPIENT_DEFERRED, Ending.MAIL_REFUSED, Ending.MAIL_UNFIT}
    assert FALLS_BACK.isdisjoint(said_of_the_mail | {Ending.TAKEN, Ending.MAYBE_TAKEN, Ending.TURN_TOO_FAR})


def test_a_provider_is_left_alone_only_for_its_own_failures() -> None:
    assert {ending for ending in Ending if CONSEQUENCES[ending].shows is Shows.FAILS} == RESTS


def test_the_attempt_says_who_carried_the_mail() -> None:
    assert sum_up([Asked("ses", TAKEN)]) == SmtpReply(250, "queued", "carried by ses")
    expected = "carried by smtp; ses: the connection was refused"
    assert sum_up([Asked("ses", AWAY), Asked("smtp", TAKEN)]) == SmtpReply(250, "queued", expected)


def test_the_attempt_says_who_was_left_alone_and_since_when_it_failed() -> None:
    reply = sum_up([Asked("smtp", TAKEN)], [("ses", "SES was not reached")])
    assert reply == SmtpReply(250, "queued", "carried by smtp; ses is left alone since it failed: SES was not reached")


def test_when_all_have_failed_the_attempt_tells_of_each() -> None:
    reply = sum_up([Asked("ses", BUSY), Asked("smtp", AWAY)])
    assert reply == Unreached(Reason.CONNECTION_FAILED, "ses: 454 4.7.0 slow down; smtp: the connection was refused")


@pytest.mark.parametrize(("first", "second"), [(AWAY, SUSPENDED), (SUSPENDED, AWAY)])
def test_a_final_answer_of_one_provider_does_not_end_what_another_may_still_carry(
    first: Handover, second: Handover
) -> None:
    reply = sum_up([Asked("ses", first), Asked("smtp", second)])
    assert isinstance(reply, Unreached)
    assert reply.reason is Reason.CONNECTION_FAILED
    assert "550 5.7.1 sender not allowed" in reply.detail


def test_when_all_have_given_a_final_answer_it_is_final() -> None:
    reply = sum_up([Asked("ses", SUSPENDED), Asked("smtp", SUSPENDED)])
    assert isinstance(reply, SmtpReply)
    assert reply.code == 550


def test_a_refusal_names_who_refused() -> None:
    refused = Handover(Ending.RECIPIENT_REFUSED, SmtpReply(550, "no such user"))
    assert sum_up([Asked("ses", refused)]) == SmtpReply(550, "no such user", "refused by ses")


def test_what_may_have_been_taken_says_why_no_other_was_asked() -> None:
    unknown = Handover(Ending.MAYBE_TAKEN, Unreached(Reason.TIMED_OUT, "SES did not answer in time"))
    assert sum_up([Asked("ses", unknown)]) == Unreached(
        Reason.TIMED_OUT, "ses: SES did not answer in time (no other was asked: it may have the mail)"
    )


def test_the_words_of_a_server_are_told_to_no_other_mail() -> None:
    answered = Handover(Ending.THROTTLED, SmtpReply(454, "slow down, ops@receiver.example"))
    assert "receiver.example" in answered.said
    assert answered.gist == "it answered 454"
    assert AWAY.gist == "the connection was refused"
