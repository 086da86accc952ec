"""What can go wrong, how often and for how long, by seeded chance; and kills that were ordered."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from random import Random
from typing import Final


def dice_for(seed: int, purpose: str) -> Random:
    """Return the dice of one purpose in the world of *seed*; the same on every machine."""
    return Random(f"{seed}/{purpose}")


def happens(dice: Random, chance: float) -> bool:
    """Throw for something that happens with *chance*; nothing is thrown for what never happens."""
    return chance > 0.0 and dice.random() < chance


def wait_ms(dice: Random, *, mean_ms: float) -> float:
    """Return a wait: mostly short, now and then several times the mean."""
    return dice.expovariate(1.0) * mean_ms


OFF_PERCENT: Final = 35
"""In how many of the drawn worlds one kind of fault does not happen at all."""


class Resource(StrEnum):
    """What can be away as a whole."""

    LOG = "log"
    STORE = "store"
    RULES = "rules"
    """Where evaluators read the tables of rules themselves."""
    SNAPSHOT = "snapshot"
    """The shared snapshot of all rules."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How much goes wrong in a world. All zero: nothing.

    Attributes:
        crashes_per_call: kill -9 of the calling process, before the call's effect or after it and before its answer.
        crashes_per_minute: kill -9 of any process, wherever it is.
        stops_per_minute: A process is asked to stop, drains, and is started anew.
        refusals_per_call: PortUnavailable before the effect.
        lost_answers_per_call: PortUnavailable after the effect.
        outages_per_minute: The log, the store or the rule source is away for a while.
        slow_calls_per_call: A call that takes seconds, sometimes longer than a lease.
        split_commits_per_call: Outputs are written, wholly or in part, and the offsets are not.
        races_per_record: Two senders record the last two deliveries of a notification, and neither settles it.
        duplicates_per_record: A producer that retries: a record is appended twice.
        delays_per_poll: A partition is not seen by this poll: records of different partitions change order.
        rebalances_per_minute: A live consumer is taken for dead and loses its partitions.
        clock_jumps_per_minute: The wall clock of a machine jumps, forwards or backwards.
        edits_per_minute: A rule is created, changed, disabled or deleted.
        endpoint_edits_per_minute: An endpoint is changed, disabled, deleted, or its secret rotated.
        deletions_per_minute: A client is deleted with all that it owns.
        resends_per_minute: A person resends a finished notification.
        poison_per_alert: A record that cannot be decoded is produced beside an alert, in any of the topics.
        errors_per_attempt: An endpoint answers 500, or a mail server 451.
        limits_per_attempt: An endpoint answers 429 with Retry-After.
        hangs_per_attempt: An endpoint does not answer in time, or so late that it almost does not.
        lost_replies_per_attempt: An endpoint takes the message, and its answer is lost.
        stalls_per_attempt: The machine stands still during an attempt, often for longer than the lease.
        dead_hosts: The chance that one of the hosts is never reached.
        gone_endpoints: The share of URLs that answer 410.
        flushes_per_minute: The shared snapshot of all rules loses everything.
        breakdowns_per_minute: A host refuses every attempt for a while.
    """

    crashes_per_call: float = 0.0
    crashes_per_minute: float = 0.0
    stops_per_minute: float = 0.0
    refusals_per_call: float = 0.0
    lost_answers_per_call: float = 0.0
    outages_per_minute: float = 0.0
    slow_calls_per_call: float = 0.0
    split_commits_per_call: float = 0.0
    races_per_record: float = 0.0
    duplicates_per_record: float = 0.0
    delays_per_poll: float = 0.0
    rebalances_per_minute: float = 0.0
    clock_jumps_per_minute: float = 0.0
    edits_per_minute: float = 0.0
    endpoint_edits_per_minute: float = 0.0
    deletions_per_minute: float = 0.0
    resends_per_minute: float = 0.0
    poison_per_alert: float = 0.0
    errors_per_attempt: float = 0.0
    limits_per_attempt: float = 0.0
    hangs_per_attempt: float = 0.0
    lost_replies_per_attempt: float = 0.0
    stalls_per_attempt: float = 0.0
    dead_hosts: float = 0.0
    gone_endpoints: float = 0.0
    breakdowns_per_minute: float = 0.0
    flushes_per_minute: float = 0.0

    @classmethod
    def drawn(cls, dice: Random) -> "Faults":
        """Draw the faults of one world: each fault off, or up to its worst, small values as likely as large ones."""
        drawn = {
            field.name: 0.0 if dice.random() * 100 < OFF_PERCENT else _WORST[field.name] * dice.random() ** 2
            for field in fields(cls)
        }
        return cls(**drawn)

    def without(self, *names: str) -> "Faults":
        """Return these faults with some of them switched off."""
        return replace(self, **dict.fromkeys(names, 0.0))


_WORST: Final[dict[str, float]] = {
    "crashes_per_call": 0.03,
    "crashes_per_minute": 12.0,
    "stops_per_minute": 6.0,
    "refusals_per_call": 0.08,
    "lost_answers_per_call": 0.08,
    "outages_per_minute": 3.0,
    "slow_calls_per_call": 0.01,
    "split_commits_per_call": 0.3,
    "races_per_record": 0.3,
    "duplicates_per_record": 0.2,
    "delays_per_poll": 0.3,
    "rebalances_per_minute": 6.0,
    "clock_jumps_per_minute": 4.0,
    "edits_per_minute": 20.0,
    "endpoint_edits_per_minute": 10.0,
    "deletions_per_minute": 1.0,
    "resends_per_minute": 6.0,
    "poison_per_alert": 0.2,
    "errors_per_attempt": 0.4,
    "limits_per_attempt": 0.2,
    "hangs_per_attempt": 0.15,
    "lost_replies_per_attempt": 0.2,
    "stalls_per_attempt": 0.1,
    "dead_hosts": 0.8,
    "gone_endpoints": 0.3,
    "breakdowns_per_minute": 2.0,
    "flushes_per_minute": 3.0,
}
"""Bad enough to happen many times in a world of a minute, not so bad that nothing ever succeeds."""


class Point(StrEnum):
    """Where in a call a process can be killed."""

    BEFORE = "before"
    BETWEEN = "between"
    """A commit whose outputs are written and whose offsets are not."""
    AFTER = "after"


class KillSchedule:
    """Process name → where in its next commit it is killed."""

    def __init__(self) -> None:
        self._ordered: dict[str, Point] = {}

    def order(self, process_name: str, point: Point) -> None:
        """Let a process be killed at *point* of its next commit."""
        self._ordered[process_name] = point

    def ordered(self, process_name: str) -> Point | None:
        """Return where a process is going to be killed."""
        return self._ordered.get(process_name)

    def due(self, process_name: str, point: Point) -> bool:
        """Whether a process is killed at this point of its commit; it is killed once."""
        if not self._ordered or self._ordered.get(process_name) is not point:
            return False
        del self._ordered[process_name]
        return True
