"""What the stream stages share: splitting a batch into values and poison, and saying how far it was done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from alerting_core.codec.headers import MESSAGE_HEADERS, TRACE_HEADER
from alerting_core.codec.rejected import Rejected
from alerting_core.ports.records import dead_letter
from alerting_core.ports.stream import Headers, Outgoing, Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Intake(Generic[T]):
    """A batch, decoded. Order within each part is that of the batch."""

    good: Sequence[tuple[Record, T]]
    dead_letters: Sequence[Outgoing]

    @property
    def values(self) -> list[T]:
        """The decoded messages."""
        return [value for _, value in self.good]


def take_in(records: Iterable[Record], decode: Callable[[bytes], T | Rejected]) -> Intake[T]:
    """Decode *records*; what cannot be used becomes a record for the dead-letter topic."""
    good: list[tuple[Record, T]] = []
    dead_letters: list[Outgoing] = []
    for record in records:
        value = decode(record.value)
        if isinstance(value, Rejected):
            dead_letters.append(dead_letter(record, value.reason))
        else:
            good.append((record, value))
    return Intake(good, dead_letters)


def offsets_after(records: Iterable[Record]) -> dict[int, int]:
    """Return, per partition, the offset that follows the last of *records*."""
    offsets: dict[int, int] = {}
    for record in records:
        offsets[record.partition] = max(record.offset + 1, offsets.get(record.partition, 0))
    return offsets


def headers_from(cause: Record) -> Headers:
    """Return the headers of a message that *cause* led to; its trace context goes along."""
    if not cause.headers:
        return MESSAGE_HEADERS
    trace = tuple(header for header in cause.headers if header[0] == TRACE_HEADER)
    return (*MESSAGE_HEADERS, *trace)
