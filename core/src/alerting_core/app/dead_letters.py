"""Dead letters: what can be seen of one, and how it is replayed."""

import codecs
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.app.repair import AS_IT_IS, STILL_REFUSED, Repair, fields_of, problem_of, problems_of, settable_of
from alerting_core.codec.fields import Settable
from alerting_core.errors import Conflict, InvalidInput, NotFound, Problem
from alerting_core.ports.dead_letters import DeadLetter, DeadLetterStore, place_in
from alerting_core.ports.paging import Page, PageRequest

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
