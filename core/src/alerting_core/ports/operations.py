"""What operators look at and start: dead letters, and jobs of the alert generator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from alerting_core.domain.text import is_storable
from alerting_core.generator.config import GeneratorConfig
from alerting_core.ports.catalog import OFFSETS_END, PARTITIONS_END, Page, PageRequest, PlaceKey, encode_place_cursor
from alerting_core.ports.stream import DLQ_SUFFIX, Headers, Outgoing, Record


class JobStatus(StrEnum):
    """Where a job is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self in _FINAL


_FINAL: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class GeneratorJob:
    """One run of the alert generator.

    Attributes:
        config: What to generate; it has been checked and has a seed.
        started_at_ms: When it was first taken by a runner.
        completed_at_ms: When it became final.
        stop_asked: Somebody wants it to end; the runner has not done so yet.
        alerts_sent: Alerts that are durable in the log.
        error: Why it failed, for people.
    """

    job_id: str
    status: JobStatus
    config: GeneratorConfig
    created_at_ms: int
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    stop_asked: bool = False
    alerts_sent: int = 0
    error: str | None = None


class JobStore(Protocol):
    """Durable jobs."""

    async def create(self, job: GeneratorJob) -> GeneratorJob:
        """Store a new PENDING job. Raises LimitExceeded beyond `limits.JOBS_UNFINISHED_MAX` that are not final."""
        ...

    async def get(self, job_id: str) -> GeneratorJob:
        """Return one job. Raises NotFound."""
        ...

    async def list(self, page: PageRequest, *, status: JobStatus | None = None) -> Page[GeneratorJob]:
        """Return a page of jobs, newest first (created_at, then job_id)."""
        ...

    async def ask_stop(self, job_id: str, *, now_ms: int) -> GeneratorJob:
        """Make a PENDING job CANCELLED, and tell the runner of a RUNNING one; a final one stays. Raises NotFound."""
        ...

    async def take(self, *, now_ms: int) -> GeneratorJob | None:
        """Make the oldest PENDING job RUNNING and return it; None when there is none. No job is taken twice."""
        ...

    async def note_progress(self, job_id: str, alerts_sent: int) -> bool:
        """Store how many alerts a RUNNING job has sent in all; return whether it shall go on.

        False: somebody asked it to stop, or it is not RUNNING any more.
        """
        ...

    async def finish(self, job_id: str, status: JobStatus, *, alerts_sent: int, error: str | None, now_ms: int) -> None:
        """Make a RUNNING job final. Does nothing to one that is final already."""
        ...

    async def requeue_running(self) -> int:
        """Make all RUNNING jobs PENDING again and return how many, for the only runner when it starts.

        They keep what they have sent: the runner goes on after that.
        """
        ...


MARK: Final = "dlq-"
"""Headers that begin so say where a dead letter is from; the others are those that the record came with."""

REPLAYS_HEADER: Final = MARK + "replays"
"""On a record that was replayed: how often, in decimal. It stays on the letter when the record is refused again."""

LISTED: Final = "dead-letters"
"""Name of the list in its cursors."""

REPLAY_BATCH_MAX: Final = 500
"""Dead letters replayed, or looked at, in one go."""


class RecordId(NamedTuple):
    """Names a record within its topic; in the order of partitions, and of offsets within one."""

    partition: int
    offset: int


BEFORE_ALL: Final = RecordId(-1, -1)
"""Before every record of a topic."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused record.

    Attributes:
        place: In the dead-letter topic.
        source: Topic, partition and offset where it was refused.
        reason: Why, for people.
        headers: Those that it came with.
        is_whole: Whether all of its value was kept; one that was cut cannot be replayed.
        replays: How often the record had been replayed before it was refused this time.
    """

    topic: str
    place: RecordId
    source: tuple[str, int, int]
    reason: str
    key: bytes
    value: bytes
    headers: Headers
    refused_at_ms: int
    is_whole: bool = True
    replays: int = 0

    @classmethod
    def of(cls, record: Record, *, is_whole: bool = True) -> "DeadLetter":
        """Return what a record of a dead-letter topic holds."""
        marks = {name: value.decode(errors="replace") for name, value in record.headers if name.startswith(MARK)}
        return cls(
            topic=record.topic,
            place=RecordId(record.partition, record.offset),
            source=(
                marks.get("dlq-topic", record.topic.removesuffix(DLQ_SUFFIX)),
                _number(marks.get("dlq-partition")),
                _number(marks.get("dlq-offset")),
            ),
            reason=marks.get("dlq-reason", ""),
            key=record.key,
            value=record.value,
            headers=tuple(header for header in record.headers if not header[0].startswith(MARK)),
            refused_at_ms=record.timestamp_ms,
            is_whole=is_whole,
            replays=max(0, _number(marks.get(REPLAYS_HEADER))),
        )

    @property
    def id(self) -> str:
        """Names it on the command line and in the API: topic/partition/offset."""
        return f"{self.topic}/{self.place.partition}/{self.place.offset}"

    @property
    def key_of_order(self) -> PlaceKey:
        """Where it stands in a list that runs newest first."""
        return PlaceKey(self.refused_at_ms, self.topic, *self.place)

    def again(self) -> Outgoing:
        """Return the record that a replay publishes: as it came to where it came from, and how often that was done."""
        count = (REPLAYS_HEADER, str(self.replays + 1).encode())
        return Outgoing(self.topic.removesuffix(DLQ_SUFFIX), self.key, self.value, (*self.headers, count))


class DeadLetterStore(Protocol):
    """The dead letters of one log that were not replayed yet."""

    async def counts(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there, none that is empty.

        Raises:
            PortUnavailable: The log is away.
        """
        ...

    async def page(self, topic: str, *, after: RecordId, limit: int) -> Sequence[DeadLetter]:
        """Return up to *limit* letters of *topic* after a place, in order."""
        ...

    async def list(self, page: PageRequest, *, topic: str | None = None) -> Page[DeadLetter]:
        """Return a page of letters of one topic or of all, newest first (refused_at_ms, then topic and place).

        Of a partition that holds more than `limits.DEAD_LETTERS_LOOKED_AT_MAX` records the oldest may be left out.
        Raises InvalidInput for a foreign cursor.
        """
        ...

    async def get(self, topic: str, place: RecordId) -> DeadLetter | None:
        """Return one letter; None when it is not there (any more)."""
        ...

    async def replay(self, letters: Sequence[DeadLetter]) -> int:
        """Publish letters of one topic to where they came from, and take them out; return how many it were.

        Published is what the letters given hold, so that a letter can be mended before. Those that were replayed
        meanwhile, or are not whole, are passed over. What is still wrong with a record makes it a dead letter again,
        which counts one replay more.
        """
        ...


def page_of(newest: Sequence[DeadLetter], page: PageRequest) -> Page[DeadLetter]:
    """Return the page that begins *newest*, which holds one more letter than the page when there are more."""
    shown = newest[: page.limit]
    more = len(newest) > page.limit
    return Page(shown, encode_place_cursor(LISTED, shown[-1].key_of_order) if more else None)


def place_in(letter_id: str) -> tuple[str, RecordId] | None:
    """Return the topic and the place that the id of a dead letter names; None when it can name none."""
    parts = letter_id.split("/")
    if len(parts) != 3 or not parts[0] or not is_storable(parts[0]):
        return None
    partition, offset = _number(parts[1]), _number(parts[2])
    if not (0 <= partition < PARTITIONS_END and 0 <= offset < OFFSETS_END):
        return None
    return parts[0], RecordId(partition, offset)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 20 else -1
