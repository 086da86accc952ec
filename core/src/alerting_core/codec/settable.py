"""What of a message can be set, with the values that are there: what a form for mending it is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerting_core.codec import wire
from alerting_core.codec.fields import read_fields
from alerting_core.codec.message import FieldKind, Message
from alerting_core.codec.wire import Undecodable


@dataclass(frozen=True, slots=True)
class Settable:
    """A field that `set_fields` may name.

    Attributes:
        name: As it is named there; one of the kind LABELS stands for any further `name.LABEL`.
        value: As people write it; empty for what is not there.
    """

    name: str
    kind: FieldKind
    value: str


def settable_fields(message: Message, value: bytes) -> Sequence[Settable]:
    """Return all that can be set, in the order of the message, each once; nothing when this is no message."""
    found = read_fields(message, value)
    if not found and not _is_message(value):
        return ()
    return [one for name, field in message.fields.items() for one in _of_field(name, field.kind, found)]


def _of_field(name: str, kind: FieldKind, found: Sequence[tuple[str, str]]) -> Iterator[Settable]:
    if kind is FieldKind.LABELS:
        # Of a label that is there twice the last one counts, as with any other field. One without a name is not set.
        labels = dict(one for one in found if one[0].startswith(f"{name}.") and one[0] != f"{name}.")
        yield from (Settable(label, FieldKind.TEXT, text) for label, text in labels.items())
        yield Settable(name, kind, "")
        return
    texts = [text for one, text in found if one == name]
    yield Settable(name, kind, ", ".join(texts) if kind is FieldKind.TEXTS else "".join(texts[-1:]))


def _is_message(value: bytes) -> bool:
    try:
        return all(True for _ in wire.spans(value))
    except Undecodable:
        return False
