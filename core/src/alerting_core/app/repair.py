"""The message in a dead letter: read, and mended so that it can be replayed.

A mended one is held to the checks of the consumer that refused it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from alerting_core.codec.fields import Settable, read_fields, set_fields, settable_fields
from alerting_core.codec.message import Message
from alerting_core.codec.records import (
    ALERT_MATCHED,
    ALERT_NEW,
    NOTIFICATION_READY,
    Rejected,
    decode_alert,
    decode_match,
    decode_notification_ready,
    decode_rule_changed,
)
from alerting_core.codec.records import RULE_CHANGED as RULE_CHANGED_MESSAGE
from alerting_core.errors import Problem, ProblemCode
from alerting_core.ports.dead_letters import DeadLetter
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX, NOTIFICATIONS_READY, RULE_CHANGED

STILL_REFUSED: Final = "the letter would be refused still, and was left where it is"
"""Why a mended letter is not replayed; the problems say more."""


@dataclass(frozen=True, slots=True)
class Repair:
    """How a letter is mended before it is replayed: other values of some fields, or another value as a whole.

    Attributes:
        fields: Name → value as people write it; not together with a value.
        value: All bytes of the message; None to leave it.
    """

    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    value: bytes | None = None

    def __post_init__(self) -> None:
        assert self.value is None or not self.fields, "a letter is mended in one way"

    @property
    def is_needed(self) -> bool:
        """Whether it changes anything."""
        return bool(self.fields) or self.value is not None

    def of_letter(self, letter: DeadLetter) -> DeadLetter | tuple[Problem, ...]:
        """Return *letter* mended, or why its consumer would refuse it still."""
        return apply_repair(letter, self.fields) if self.value is None else apply_whole_repair(letter, self.value)


AS_IT_IS: Final = Repair()
"""Changes nothing."""


@dataclass(frozen=True, slots=True)
class _Message:
    """What stands in a topic.

    Attributes:
        key: The field that is the key of a record.
    """

    fields: Message
    key: str
    decode: Callable[[bytes], object]


_MESSAGES: Final[Mapping[str, _Message]] = {
    ALERTS_NEW: _Message(ALERT_NEW, "alert_id", decode_alert),
    ALERTS_MATCHED: _Message(ALERT_MATCHED, "client_id", decode_match),
    RULE_CHANGED: _Message(RULE_CHANGED_MESSAGE, "rule_id", decode_rule_changed),
    NOTIFICATIONS_READY: _Message(NOTIFICATION_READY, "client_id", decode_notification_ready),
}


def fields_of(letter: DeadLetter) -> Sequence[tuple[str, str]]:
    """Return the fields that can be read in *letter*, by name; none when it holds no message of its topic."""
    message = _message_of(letter)
    return read_fields(message.fields, letter.value) if message else ()


def settable_of(letter: DeadLetter) -> Sequence[Settable]:
    """Return the fields that `apply_repair` may set in *letter*; none when it can be mended as a whole alone."""
    message = _message_of(letter)
    return settable_fields(message.fields, letter.value) if message and letter.is_whole else ()


def problem_of(letter: DeadLetter) -> str | None:
    """Return what is wrong with *letter* as it is; None when its consumer would take it."""
    if not letter.is_whole:
        return "only the beginning was kept"
    if _message_of(letter) is None:
        return "there is no message for its topic"
    rejected = _rejected(letter)
    return None if rejected is None else rejected.reason


def problems_of(letter: DeadLetter) -> Sequence[Problem]:
    """Return all that is wrong with the message in *letter*, each with its field; nothing when it holds none."""
    rejected = _rejected(letter)
    return () if rejected is None else rejected.problems


def apply_repair(letter: DeadLetter, wanted: Mapping[str, str]) -> DeadLetter | tuple[Problem, ...]:
    """Return *letter* with other values of some fields, or why its consumer would refuse it still."""
    message = _message_of(letter)
    if message is None or not letter.is_whole:
        why = "only the beginning of this letter was kept" if message else "this topic has no known messages"
        return (Problem("", ProblemCode.UNDECODABLE, f"{why}: its fields cannot be set, only the whole value given"),)
    value = set_fields(message.fields, letter.value, wanted)
    return apply_whole_repair(letter, value) if isinstance(value, bytes) else value


def apply_whole_repair(letter: DeadLetter, value: bytes) -> DeadLetter | tuple[Problem, ...]:
    """Return *letter* with another value, or why its consumer would refuse it still."""
    message = _message_of(letter)
    if message is None:
        return replace(letter, value=value, is_whole=True)
    decoded = message.decode(value)
    if isinstance(decoded, Rejected):
        return decoded.problems
    # By the key a record finds its partition, and it follows from what is in the message.
    key = dict(read_fields(message.fields, value))[message.key]
    return replace(letter, key=key.encode(), value=value, is_whole=True)


def _rejected(letter: DeadLetter) -> Rejected | None:
    """Return what the consumer of *letter* finds wrong with it; None when it is not whole or no message is known."""
    message = _message_of(letter)
    decoded = message.decode(letter.value) if message and letter.is_whole else None
    return decoded if isinstance(decoded, Rejected) else None


def _message_of(letter: DeadLetter) -> _Message | None:
    return _MESSAGES.get(letter.topic.removesuffix(DLQ_SUFFIX))
