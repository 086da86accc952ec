"""How handing a mail to a provider may end, and what follows from each ending: which provider is asked next."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerting_core.domain.claim import SmtpReply, Unreached


class Ending(StrEnum):
    """How one provider's part in one mail ended. Stable names: logs show them."""

    TAKEN = "taken"
    # Said of the recipient or of the mail.
    RECIPIENT_REFUSED = "recipient-refused"
    RECIPIENT_DEFERRED = "recipient-deferred"
    MAIL_REFUSED = "mail-refused"
    MAIL_UNFIT = "mail-unfit"
    # It lies with the provider, and the mail is certainly not there.
    NOT_REACHED = "not-reached"
    TLS_FAILED = "tls-failed"
    LOGIN_REFUSED = "login-refused"
    NOT_SERVED = "not-served"
    THROTTLED = "throttled"
    DEFERRED = "deferred"
    # Decided here: the provider was not asked.
    TURN_TOO_FAR = "turn-too-far"
    PASSED_BY = "passed-by"
    OUT_OF_TIME = "out-of-time"
    # Nobody knows whether the mail is there.
    MAYBE_TAKEN = "maybe-taken"


class Shows(StrEnum):
    """What an ending shows of the provider."""

    SERVES = "serves"
    FAILS = "fails"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from an ending.

    Attributes:
        falls_back: Whether the next provider is asked.
        shows: Whether the provider is left alone for a while.
        why: For people.
    """

    falls_back: bool
    shows: Shows
    why: str


CONSEQUENCES: Final[Mapping[Ending, Consequence]] = {
    Ending.TAKEN: Consequence(False, Shows.SERVES, "the provider has the mail"),
    Ending.RECIPIENT_REFUSED: Consequence(False, Shows.SERVES, "another provider would be told the same"),
    Ending.RECIPIENT_DEFERRED: Consequence(False, Shows.SERVES, "the mailbox takes it later, whoever brings it"),
    Ending.MAIL_REFUSED: Consequence(False, Shows.SERVES, "what is refused here is not to be tried elsewhere"),
    Ending.MAIL_UNFIT: Consequence(False, Shows.NOTHING, "no provider can be given this mail"),
    Ending.NOT_REACHED: Consequence(True, Shows.FAILS, "the mail was not handed over"),
    Ending.TLS_FAILED: Consequence(True, Shows.FAILS, "the mail was not handed over"),
    Ending.LOGIN_REFUSED: Consequence(True, Shows.FAILS, "the operator mends the login; the mail is wanted now"),
    Ending.NOT_SERVED: Consequence(True, Shows.FAILS, "the provider takes no mail from this sender or account"),
    Ending.THROTTLED: Consequence(True, Shows.FAILS, "the provider has said no for now, and wants to be left alone"),
    Ending.DEFERRED: Consequence(True, Shows.NOTHING, "the provider has said no for now, to this mail at least"),
    Ending.TURN_TOO_FAR: Consequence(False, Shows.NOTHING, "our own limit postpones it, which is no failure"),
    Ending.PASSED_BY: Consequence(True, Shows.NOTHING, "the provider came to be left alone while the mail waited"),
    Ending.OUT_OF_TIME: Consequence(True, Shows.NOTHING, "those before it took all the time of the attempt"),
    Ending.MAYBE_TAKEN: Consequence(False, Shows.FAILS, "it may be under way already, and would arrive twice"),
}
"""Every ending, with what follows from it."""


_QUOTED_CHARS_MAX: Final = 160
"""Of a server's words, which are kept whole in the attempt's answer when they are its outcome."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What came of handing a mail to one provider."""

    ending: Ending
    reply: SmtpReply | Unreached

    @property
    def consequence(self) -> Consequence:
        """Return what follows from it."""
        return CONSEQUENCES[self.ending]

    @property
    def is_final(self) -> bool:
        """Whether the reply alone would end the delivery for good."""
        return isinstance(self.reply, SmtpReply) and self.reply.code >= 500

    @property
    def said(self) -> str:
        """What is to be told of it in the attempt, in one line."""
        if isinstance(self.reply, Unreached):
            return self.reply.detail
        first_line = self.reply.text.partition("\n")[0].strip()
        return f"{self.reply.code} {first_line[:_QUOTED_CHARS_MAX]}".strip()

    @property
    def gist(self) -> str:
        """The same without the words of a server, which may tell of the recipient: for logs and for other mails."""
        return self.reply.detail if isinstance(self.reply, Unreached) else f"it answered {self.reply.code}"
