"""What happens in a world, as values: the wrapped ports and tables tell it, the checkers judge it.

A fact is told at the instant of its effect, whether or not the process that caused it ever learns of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alerting_core.domain.claim import Claim, Message, Outcome, Reply
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule
from alerting_core.memory.database import DeliveryRow
from alerting_core.ports.rule_distribution import RuleChanges, RuleSnapshot
from alerting_core.ports.stream import Offsets, Record
from alerting_core.sim.process import Process


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
