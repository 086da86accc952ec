"""One occurrence that a source reports, how bad it is, and the rules of one client that it met."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeAlias

from alerting_core import limits
from alerting_core.domain.text import check_id, check_text
from alerting_core.errors import Problem, ProblemCode

WILDCARD: Final = "*"
"""In a rule's field: any value, unknown severities included. In an alert's own field it is plain text."""


class Severity(IntEnum):
    """Severity of an alert. An unknown number from a newer producer reads as UNSPECIFIED."""

    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @classmethod
    def from_number(cls, number: int) -> "Severity":
        """Read a number of the wire; one that this version does not know is UNSPECIFIED."""
        return _BY_NUMBER.get(number, cls.UNSPECIFIED)


SEVERITY_NAMES: Final = tuple(one.name for one in Severity if one is not Severity.UNSPECIFIED)
"""What a caller may name, mildest first."""

_BY_NUMBER: Final = {int(s): s for s in Severity}


class AlertStatus(IntEnum):
    """What a record says of an alert with a life. The numbers are those on the wire and never change."""

    FIRING = 0
    RESOLVED = 1

    @classmethod
    def from_number(cls, number: int) -> "AlertStatus":
        """Read a number of the wire; one that this version does not know is FIRING, so that nobody stays untold."""
        return cls.RESOLVED if number == cls.RESOLVED else cls.FIRING

    @classmethod
    def from_word(cls, word: str | None) -> "AlertStatus | None":
        """Read what `word` writes; None stays None."""
        return None if word is None else cls[word.upper()]

    @property
    def word(self) -> str:
        """How it is written outside the wire: `firing`, `resolved`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class AlertLife:
    """Where a record stands in the life of its alert, which fires and is resolved later.

    Attributes:
        fingerprint: What its reports are known by, however often it fires; see `domain.episode`.
        phase: Counts the records of one episode from 1. The same alert_id and phase is the same record again.
        ends_at: When a resolved one ended, unix seconds; None while it fires.
    """

    fingerprint: str
    phase: int
    status: AlertStatus = AlertStatus.FIRING
    ends_at: int | None = None


SCHEMA_VERSION = 1
"""Version of the messages this package writes."""

EVENT_TS_MAX = limits.TIME_MS_MAX // 1_000
"""The latest time of an alert, in whole seconds."""


AlertKey: TypeAlias = tuple[str, str]
"""(owner, alert_id); the owner of a shared alert is empty."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as every stage sees it.

    It is shared, and met by the rules of every client, or private to one client, and met by that client's rules alone.

    Attributes:
        alert_id: Unique per owner and occurrence; the same id of the same owner again is the same alert again.
        severity: UNSPECIFIED when the producer used a number unknown here.
        source: System that reports, for example `api`.
        name: What happened, for example `timeout`.
        event_ts: When it happened, unix seconds.
        context: Labels, text to text: what tells this alert from others of the same name.
        schema_version: Of the producer's message.
        owner: client_id of the one client that a private alert belongs to; empty when the alert is shared.
        life: None for an event, which happened and is over. Else the alert is an episode, whose id is the alert_id, and
            event_ts is when it began.
        annotations: What the source says of it to people, text to text: a summary, a description, links. They tell no
            two alerts apart.
    """

    alert_id: str
    severity: Severity
    source: str
    name: str
    event_ts: int
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    schema_version: int = SCHEMA_VERSION
    owner: str = ""
    life: AlertLife | None = None
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def has_life(self) -> bool:
        """Whether it fires and is resolved; else it is an event."""
        return self.life is not None

    @property
    def status(self) -> AlertStatus:
        """Whether it fires or is resolved; an event is FIRING."""
        return AlertStatus.FIRING if self.life is None else self.life.status

    @property
    def ends_at(self) -> int | None:
        """When it ended, unix seconds; None for an event, and while it fires."""
        return None if self.life is None else self.life.ends_at

    @property
    def fingerprint(self) -> str:
        """What its reports are known by; empty for an event."""
        return "" if self.life is None else self.life.fingerprint

    @property
    def phase(self) -> int:
        """Which record of its episode this is, from 1; 0 for an event."""
        return 0 if self.life is None else self.life.phase

    @property
    def key(self) -> AlertKey:
        """What no two alerts share. Owners have name spaces of their own: none takes an id from another."""
        return (self.owner, self.alert_id)


def check_alert(alert: Alert) -> tuple[Problem, ...]:
    """Return all that is wrong with *alert*; empty when every later stage can store and send it."""
    problems = [
        *check_id("alert_id", alert.alert_id, chars_max=limits.ID_CHARS_MAX),
        *check_text("source", alert.source, chars_max=limits.ID_CHARS_MAX),
        *check_text("name", alert.name, chars_max=limits.ID_CHARS_MAX),
    ]
    if not 0 <= alert.event_ts <= EVENT_TS_MAX:
        detail = f"must be 0 to {EVENT_TS_MAX}, in unix seconds"
        problems.append(Problem("event_ts", ProblemCode.OUT_OF_RANGE, detail))
    problems += check_context(alert.context)
    if alert.annotations:
        problems += check_annotations(alert.annotations, alert.context)
    if alert.owner:
        problems += check_id("client_id", alert.owner, chars_max=limits.ID_CHARS_MAX)
    if alert.life is not None:
        problems += _life_problems(alert.life, alert.event_ts)
    return tuple(problems)


def _life_problems(life: AlertLife, event_ts: int) -> Iterator[Problem]:
    if not life.fingerprint:
        detail = "status, ends_at and phase are of an alert with a fingerprint"
        yield Problem("fingerprint", ProblemCode.MISSING, detail)
        return
    yield from check_id("fingerprint", life.fingerprint, chars_max=limits.ID_CHARS_MAX)
    if life.phase < 1:
        yield Problem("phase", ProblemCode.OUT_OF_RANGE, "must be 1 or more with a fingerprint")
    if life.status is AlertStatus.RESOLVED and life.ends_at is None:
        yield Problem("ends_at", ProblemCode.MISSING, "a resolved alert needs the time of its end")
    if life.ends_at is not None and not event_ts <= life.ends_at <= EVENT_TS_MAX:
        yield Problem("ends_at", ProblemCode.OUT_OF_RANGE, f"must be event_ts to {EVENT_TS_MAX}, in unix seconds")


def check_context(context: Mapping[str, str]) -> Sequence[Problem]:
    """Return what is wrong with the labels of an alert: their number, their sizes, their characters."""
    problems, total = _check_texts("context", context, entries_max=limits.CONTEXT_ENTRIES_MAX)
    if total > limits.CONTEXT_BYTES_MAX:
        detail = f"has {total} bytes in all, at most {limits.CONTEXT_BYTES_MAX} are allowed"
        problems.append(Problem("context", ProblemCode.TOO_LARGE, detail))
    return problems


def check_annotations(annotations: Mapping[str, str], context: Mapping[str, str]) -> Sequence[Problem]:
    """Return what is wrong with the annotations of an alert, which share the room of its labels."""
    problems, total = _check_texts("annotations", annotations, entries_max=limits.ANNOTATIONS_MAX)
    labels = _check_texts("context", context, entries_max=limits.CONTEXT_ENTRIES_MAX)[1]
    # What is too much by itself is said of the labels, and not once more of the annotations.
    if total + labels > limits.CONTEXT_BYTES_MAX >= labels:
        detail = f"has {total} bytes beside {labels} of labels, at most {limits.CONTEXT_BYTES_MAX} together are allowed"
        problems.append(Problem("annotations", ProblemCode.TOO_LARGE, detail))
    return problems


def _check_texts(path: str, texts: Mapping[str, str], *, entries_max: int) -> tuple[list[Problem], int]:
    """Return what is wrong with each, and how many bytes all are; of too many none is looked at."""
    if len(texts) > entries_max:
        detail = f"has {len(texts)} entries, at most {entries_max} are allowed"
        return [Problem(path, ProblemCode.TOO_MANY, detail)], 0
    problems: list[Problem] = []
    total = 0
    for key, value in texts.items():
        problems += check_text(path, key, chars_max=limits.CONTEXT_KEY_CHARS_MAX)
        place = f"{path}.{key[:40]}"
        problems += check_text(place, value, chars_max=limits.CONTEXT_VALUE_CHARS_MAX, allow_empty=True)
        total += len(key.encode(errors="replace")) + len(value.encode(errors="replace"))
    return problems, total


@dataclass(frozen=True, slots=True)
class Match:
    """One alert and one client with all of that client's matching rules.

    Attributes:
        client_id: Of a private alert, its owner.
        rule_ids: At least one, the most specific rule first.
    """

    alert: Alert
    client_id: str
    rule_ids: tuple[str, ...]
