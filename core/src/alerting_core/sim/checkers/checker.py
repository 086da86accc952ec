"""What checkers have in common, and records as messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

from alerting_core.codec.records import decode_alert, decode_match, decode_notification_ready, decode_rule_changed
from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.alert import Alert
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.log import MemoryLog
from alerting_core.sim.facts import Fact


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a checker may look at beside the facts.

    Attributes:
        accepted: The alerts for which the log has answered.
        poison: (topic, value) of the records made to be undecodable.
        blame: Takes the name of a promise and how it was broken.
        now_ms: Virtual time.
        distributed: Whether evaluators have the rules from the shared snapshot, later than they are edited.
    """

    database: MemoryDatabase
    log: MemoryLog
    schedule: RetrySchedule
    accepted: Sequence[Alert]
    poison: Sequence[tuple[str, bytes]]
    blame: Callable[[str, str], None]
    now_ms: Callable[[], int]
    distributed: bool = False


class Checker:
    """Watches over one promise.

    Attributes:
        name: Of the promise, stable: reports carry it.
        sees: The kinds of facts that it looks at.
    """

    name: ClassVar[str]
    sees: ClassVar[tuple[type[Fact], ...]] = ()

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    def see(self, fact: Fact) -> None:
        """Take in one fact of a kind in `sees`."""

    def finish(self) -> None:
        """Say the last word when the world is still."""

    def blame(self, message: str) -> None:
        """Report that the promise was broken."""
        self.evidence.blame(self.name, message)


_VALUES_MAX: Final = 4_096
"""More than one world has."""

read_alert = lru_cache(maxsize=_VALUES_MAX)(decode_alert)
read_match = lru_cache(maxsize=_VALUES_MAX)(decode_match)
read_ready = lru_cache(maxsize=_VALUES_MAX)(decode_notification_ready)
read_rule_changed = lru_cache(maxsize=_VALUES_MAX)(decode_rule_changed)
