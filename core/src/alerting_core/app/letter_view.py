"""What can be seen of a dead letter: the message that its bytes are, if they are one, and the bytes themselves."""

import codecs
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.codec import fields
from alerting_core.codec.alert import decode_alert, decode_match
from alerting_core.codec.fields import Fields, read_fields
from alerting_core.codec.notification import decode_notification_ready
from alerting_core.codec.rejected import Rejected
from alerting_core.codec.rule import decode_rule_changed
from alerting_core.ports.dead_letters import DeadLetter
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, DLQ_SUFFIX, NOTIFICATIONS_READY, RULE_CHANGED

_FIELDS: Final[Mapping[str, Fields]] = {
    ALERTS_NEW: fields.ALERT_NEW,
    ALERTS_MATCHED: fields.ALERT_MATCHED,
    NOTIFICATIONS_READY: fields.NOTIFICATION_READY,
    RULE_CHANGED: fields.RULE_CHANGED,
}

_FIELD_CHARS_SHOWN_MAX: Final = 2_000
"""Of one name or value: enough to see what is wrong with it."""

_DECODERS: Final[Mapping[str, Callable[[bytes], object]]] = {
    ALERTS_NEW: decode_alert,
    ALERTS_MATCHED: decode_match,
    NOTIFICATIONS_READY: decode_notification_ready,
    RULE_CHANGED: decode_rule_changed,
}


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
class LetterView:
    """A dead letter for people.

    Attributes:
        fields: (name, value) of those fields of the topic's message that can be read; none when it is no message.
        problem: What is wrong with it still; None when nothing is: then the reason lay elsewhere.
    """

    letter: DeadLetter
    key: BytesView
    value: BytesView
    headers: tuple[tuple[str, BytesView], ...]
    fields: tuple[tuple[str, str], ...]
    problem: str | None


def view_letter(letter: DeadLetter) -> LetterView:
    """Return what can be seen of *letter*."""
    return LetterView(
        letter=letter,
        key=view_bytes(letter.key),
        value=view_bytes(letter.value),
        headers=tuple((name, view_bytes(value)) for name, value in letter.headers),
        fields=_fields(letter),
        problem=_problem(letter),
    )


def view_bytes(raw: bytes, *, shown_max: int = limits.LETTER_BYTES_SHOWN_MAX) -> BytesView:
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


def _fields(letter: DeadLetter) -> tuple[tuple[str, str], ...]:
    known = _FIELDS.get(letter.topic.removesuffix(DLQ_SUFFIX))
    if known is None:
        return ()
    found = read_fields(known, letter.value)[: limits.LETTER_FIELDS_SHOWN_MAX]
    return tuple((_shortened(name), _shortened(text)) for name, text in found)


def _shortened(text: str) -> str:
    return text if len(text) <= _FIELD_CHARS_SHOWN_MAX else text[:_FIELD_CHARS_SHOWN_MAX] + "…"


def _problem(letter: DeadLetter) -> str | None:
    if not letter.is_whole:
        return "only the beginning was kept"
    decode = _DECODERS.get(letter.topic.removesuffix(DLQ_SUFFIX))
    if decode is None:
        return "there is no message for its topic"
    message = decode(letter.value)
    return message.reason if isinstance(message, Rejected) else None
