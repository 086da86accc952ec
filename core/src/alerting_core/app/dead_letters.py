"""Dead letters: what can be seen of one, how the message in it is mended, and how it is replayed."""

import codecs
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from alerting_core import limits
from alerting_core.codec import records
from alerting_core.codec.fields import Settable, read_fields, set_fields, settable_fields
from alerting_core.codec.message import Message
from alerting_core.codec.records import RULE_CHANGED as RULE_CHANGED_MESSAGE
from alerting_core.errors import Conflict, InvalidInput, NotFound, Problem, ProblemCode
from alerting_core.ports.catalog import Page, PageRequest
from alerting_core.ports.operations import DeadLetter, DeadLetterStore, place_in
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
    ALERTS_NEW: _Message(records.ALERT_NEW, "alert_id", records.decode_alert),
    ALERTS_MATCHED: _Message(records.ALERT_MATCHED, "client_id", records.decode_match),
    RULE_CHANGED: _Message(RULE_CHANGED_MESSAGE, "rule_id", records.decode_rule_changed),
    NOTIFICATIONS_READY: _Message(records.NOTIFICATION_READY, "client_id", records.decode_notification_ready),
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
    if isinstance(decoded, records.Rejected):
        return decoded.problems
    # By the key a record finds its partition, and it follows from what is in the message.
    key = dict(read_fields(message.fields, value))[message.key]
    return replace(letter, key=key.encode(), value=value, is_whole=True)


def _rejected(letter: DeadLetter) -> records.Rejected | None:
    """Return what the consumer of *letter* finds wrong with it; None when it is not whole or no message is known."""
    message = _message_of(letter)
    decoded = message.decode(letter.value) if message and letter.is_whole else None
    return decoded if isinstance(decoded, records.Rejected) else None


def _message_of(letter: DeadLetter) -> _Message | None:
    return _MESSAGES.get(letter.topic.removesuffix(DLQ_SUFFIX))


_FIELD_CHARS_SHOWN_MAX: Final = 2_000
"""Of one name or value: enough to see what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BytesView:
    """Bytes for people.

    Attributes:
        size: Of all of it.
        text: The beginning as text; None when it is no text.
        base64: The same beginning.
        is_cut: Whether there is more than is shown.
    """

    size: int
    text: str | None
    base64: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class SettableView:
    """A field that can be given another value as the letter is replayed.

    Attributes:
        is_cut: Whether there is more of its value than is shown.
    """

    field: Settable
    is_cut: bool


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """A dead letter for people.

    Attributes:
        fields: (name, value) of those fields of the topic's message that can be read; none when it is no message.
        settable: The fields of that message that can be set, those that are not there among them.
        problem: What is wrong with it still; None when nothing is: then the reason lay elsewhere.
        problems: The same field by field.
    """

    letter: DeadLetter
    key: BytesView
    value: BytesView
    headers: tuple[tuple[str, BytesView], ...]
    fields: tuple[tuple[str, str], ...]
    settable: tuple[SettableView, ...]
    problem: str | None
    problems: tuple[Problem, ...]


def view_dead_letter(letter: DeadLetter) -> DeadLetterView:
    """Return what can be seen of *letter*."""
    shown = fields_of(letter)[: limits.DEAD_LETTER_FIELDS_SHOWN_MAX]
    return DeadLetterView(
        letter=letter,
        key=view_bytes(letter.key),
        value=view_bytes(letter.value),
        headers=tuple((name, view_bytes(value)) for name, value in letter.headers),
        fields=tuple((_shortened(name), _shortened(text)) for name, text in shown),
        settable=tuple(map(_view_settable, settable_of(letter)[: limits.DEAD_LETTER_FIELDS_SHOWN_MAX])),
        problem=problem_of(letter),
        problems=tuple(problems_of(letter)[: limits.DEAD_LETTER_FIELDS_SHOWN_MAX]),
    )


def view_bytes(raw: bytes, *, shown_max: int = limits.DEAD_LETTER_BYTES_SHOWN_MAX) -> BytesView:
    """Return the beginning of *raw*, as text too if it is some."""
    shown = raw[:shown_max]
    return BytesView(
        len(raw), _text(shown, is_cut=len(raw) > shown_max), b64encode(shown).decode(), len(raw) > shown_max
    )


def _text(raw: bytes, *, is_cut: bool) -> str | None:
    try:
        # A character that the cut went through is left out.
        text = codecs.getincrementaldecoder("utf-8")().decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\n\r\t" for c in text) else None


def _view_settable(field: Settable) -> SettableView:
    shown = Settable(field.name, field.kind, field.value[:_FIELD_CHARS_SHOWN_MAX])
    return SettableView(shown, is_cut=len(field.value) > _FIELD_CHARS_SHOWN_MAX)


def _shortened(text: str) -> str:
    return text if len(text) <= _FIELD_CHARS_SHOWN_MAX else text[:_FIELD_CHARS_SHOWN_MAX] + "…"


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """What may be done with dead letters. All of it is for operators: the caller sees to that."""

    store: DeadLetterStore

    async def topics(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there, none that is empty."""
        return await self.store.counts()

    async def list(self, page: PageRequest, *, topic: str | None = None) -> Page[DeadLetter]:
        """Return a page of letters, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(page, topic=topic)

    async def get(self, letter_id: str) -> DeadLetter:
        """Return one letter. Raises NotFound."""
        named = place_in(letter_id)
        letter = None if named is None else await self.store.get(*named)
        if letter is None:
            raise NotFound("there is no such dead letter, or it was replayed")
        return letter

    async def replay(self, letter_id: str, repair: Repair = AS_IT_IS) -> DeadLetter:
        """Publish the letter, mended if that is asked for, to the topic where it was refused, and take it out.

        Returns it as it was published. Left as it is, what is still wrong with it makes it a dead letter again, with
        another id; mended, it is published only when nothing is.

        Raises:
            NotFound: It is not there, or was replayed.
            InvalidInput: It was mended, and its consumer would refuse it still. Paths are the fields of its message.
            Conflict: Only its beginning was kept, and the whole of it was not given.
        """
        letter = await self.get(letter_id)
        if repair.is_needed:
            repaired = repair.of_letter(letter)
            if not isinstance(repaired, DeadLetter):
                raise InvalidInput(repaired, STILL_REFUSED)
            letter = repaired
        if not letter.is_whole:
            raise Conflict("only the beginning of this record was kept: it is replayed only when the whole is given")
        if not await self.store.replay([letter]):
            raise NotFound("the dead letter was replayed meanwhile")
        return letter
