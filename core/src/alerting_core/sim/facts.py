"""What happens in a world, as values: the wrapped ports and tables tell it, the checkers judge it.

A fact is told at the instant of its effect, whether or not the process that caused it ever learns of it. Before the
facts stand the processes that they are about, and the claims that these hold.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from alerting_core.app.episodes import ReportResult
from alerting_core.domain.claim import Claim, EmailMessage, Message, Outcome, Reply
from alerting_core.domain.episode import Episode
from alerting_core.domain.episode_report import Report
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule
from alerting_core.memory.database import DeliveryRow
from alerting_core.ports.rule_distribution import RuleChanges, RuleSnapshot
from alerting_core.ports.stream import Offsets, Record
from alerting_core.stages.attempts import attempt_name


class Process:
    """A worker process: the tasks that run in its context.

    Attributes:
        name: Unique in the world.
        is_dead: Killed, or ended; nothing of it runs any more.
        does: The call of a port that it made last.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.does = ""
        self._tasks: list[asyncio.Task[Any]] = []
        self._tasks_max = 64
        self.context = Context()
        self.context.run(_PROCESS.set, self)

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Keep *task* alive for as long as it has something to do."""
        self._tasks.append(task)
        if len(self._tasks) > self._tasks_max:
            self._tasks = self.unfinished()
            self._tasks_max = 64 + 2 * len(self._tasks)

    def unfinished(self) -> list[asyncio.Task[Any]]:
        """Return its tasks that have not ended."""
        return [task for task in self._tasks if not task.done()]


_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


def current_process() -> Process | None:
    """Return the process whose code is running; None outside of any."""
    return _PROCESS.get()


def process_in(context: Context) -> Process | None:
    """Return the process whose code runs in *context*."""
    return context.get(_PROCESS)


def process_of(handle: asyncio.Handle) -> Process | None:
    """Return the process whose code *handle* will run."""
    return process_in(cast("Context", handle._context))  # type: ignore[attr-defined]


class ClaimBook:
    """Follows each claim from the store to its message, and on to its record.

    A process may hold two claims of one delivery, when its clock jumped over the end of the first; their messages are
    the same. So a message is told by the task that sends it, which bears the name of its attempt.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Claim] = {}
        self._under_way: dict[str, Process] = {}

    def open(self, process: Process, claim: Claim) -> None:
        """Note that *process* holds *claim*."""
        self._held[process.name, attempt_name(claim)] = claim

    def send(self, process: Process, message: Message) -> Claim | None:
        """Return the claim by which *process* sends *message*, each claim once; None when it has none."""
        task = asyncio.current_task()
        assert task is not None, "messages are sent by tasks"
        claim = self._held.pop((process.name, task.get_name()), None)
        if claim is None or not _is_about(message, claim):
            return None
        self._under_way[attempt_name(claim)] = process
        return claim

    def close(self, process: Process, claim: Claim) -> None:
        """Note that a claim was recorded or given back: nothing is to be sent by it any more."""
        self._held.pop((process.name, attempt_name(claim)), None)
        self._under_way.pop(attempt_name(claim), None)

    def forget(self, process: Process) -> None:
        """Forget what *process* held: it is dead."""
        for key in [key for key in self._held if key[0] == process.name]:
            del self._held[key]
        for name in [name for name, owner in self._under_way.items() if owner is process]:
            del self._under_way[name]

    def under_way(self) -> int:
        """Return how many messages living processes have sent and not yet recorded."""
        return sum(not process.is_dead for process in self._under_way.values())


def _is_about(message: Message, claim: Claim) -> bool:
    if isinstance(message, EmailMessage):
        return message.message_id == claim.delivery.delivery_id
    return claim.delivery.notification_id.encode() in message.body


@dataclass(frozen=True, slots=True)
class Appended:
    """A record is in the log."""

    record: Record


@dataclass(frozen=True, slots=True)
class Polled:
    """A consumer has been given records."""

    process: Process
    group: str
    topic: str
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Committed:
    """A consumer group moved on.

    Attributes:
        before: Partition → offset before the commit, of the partitions committed.
        owned: The partitions that this consumer owned then.
        records: Those that the group passed by it, partition by partition.
    """

    process: Process
    group: str
    topic: str
    before: Mapping[int, int]
    after: Offsets
    owned: Sequence[int]
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """The rules were edited; these are all enabled ones as of *version*."""

    version: int
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class FaultsEnded:
    """The last fault is over; from now on everything works."""


@dataclass(frozen=True, slots=True)
class RulesRead:
    """An evaluator has been told the rules as of *version*, all of them or what changed."""

    process: Process
    version: int
    answer: RuleSnapshot | RuleChanges


@dataclass(frozen=True, slots=True)
class NotificationPut:
    """A row of notifications was written; None for what was not there before or is not any more."""

    old: Notification | None
    new: Notification | None


@dataclass(frozen=True, slots=True)
class DeliveryPut:
    """A row of deliveries was written; None for what was not there before or is not any more."""

    old: DeliveryRow | None
    new: DeliveryRow | None


@dataclass(frozen=True, slots=True)
class EpisodePut:
    """A row of episodes was written; None for what was not there before or is not any more."""

    old: Episode | None
    new: Episode | None


@dataclass(frozen=True, slots=True)
class ReportsSent:
    """A monitor has said something, each alert once. Whether it is taken in, nobody knows yet.

    Attributes:
        number: Unique in the world.
    """

    number: int
    reports: Sequence[Report]


@dataclass(frozen=True, slots=True)
class ReportsAnswered:
    """A monitor was told what became of its reports; None: it was not, and nothing more will come of them."""

    number: int
    reports: Sequence[Report]
    results: Sequence[ReportResult] | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery was leased, by the clock of the machine that asked."""

    process: Process
    claim: Claim
    now_ms: int
    lease_ms: int


@dataclass(frozen=True, slots=True)
class Released:
    """A claim was given back."""

    process: Process
    claim: Claim


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A lease was taken back from an owner whose sender was absent."""

    process: Process
    delivery_id: str
    owner: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The store was told what a claim came to.

    Attributes:
        moved: What the store answered.
        before: The delivery's row before; None when it was gone.
    """

    process: Process
    outcome: Outcome
    moved: bool
    before: DeliveryRow | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A process was told that a port is away, before or after the effect of its call."""

    process: Process
    operation: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message is on its way.

    Attributes:
        number: Unique in the world.
        claim: By which it was sent; None when the process has no such claim.
        accepted: Whether the endpoint takes it.
    """

    number: int
    process: Process
    target: str
    message: Message
    claim: Claim | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A process is told what an endpoint said to a message."""

    sent: Sent
    reply: Reply


@dataclass(frozen=True, slots=True)
class Died:
    """A process was killed."""

    process: Process


@dataclass(frozen=True, slots=True)
class Ended:
    """A process was asked to stop, and has drained and ended."""

    process: Process


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """The wall clock of a machine was set."""

    machine: str
    by_ms: int


@dataclass(frozen=True, slots=True)
class Raised:
    """A stage ended with an error that is not the world's: a bug."""

    process: Process
    error: BaseException


Fact: TypeAlias = (
    Appended
    | Polled
    | Committed
    | RulesChanged
    | FaultsEnded
    | RulesRead
    | NotificationPut
    | DeliveryPut
    | EpisodePut
    | ReportsSent
    | ReportsAnswered
    | Claimed
    | Released
    | TakenBack
    | Recorded
    | Refused
    | Sent
    | Answered
    | Died
    | Ended
    | ClockJumped
    | Raised
)
