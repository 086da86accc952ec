"""The names of stages and workers, and what one step of a stage did, for logs, metrics and people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class StageName(StrEnum):
    """The stages: those that an alert meets, in that order, then those that an edit of a rule meets.

    Metrics and the API carry the values, which never change: the sender has been called `deliverer` there from the
    beginning.
    """

    RECORDER = "recorder"
    EVALUATOR = "evaluator"
    AGGREGATOR = "aggregator"
    DISPATCHER = "dispatcher"
    SENDER = "deliverer"
    RECLAIMER = "reclaimer"
    SWEEPER = "sweeper"
    RELAY = "relay"
    RULE_UPDATER = "rule-updater"
    RULE_RECONCILER = "rule-reconciler"


class WorkerKind(StrEnum):
    """What a worker process does, as it is typed at the command line."""

    RECORDER = "recorder"
    EVALUATOR = "evaluator"
    AGGREGATOR = "aggregator"
    SENDER = "sender"
    RELAY = "relay"
    RULE_UPDATER = "rule-updater"


class Count(StrEnum):
    """What stages count beside the records that came in and went out. Names are stable: metrics carry them."""

    ALERTS_MATCHED = "alerts-matched"
    ALERTS_UNMATCHED = "alerts-unmatched"
    NOTIFICATIONS_CREATED = "notifications-created"
    NOTIFICATIONS_KNOWN = "notifications-known"
    NOTIFICATIONS_SETTLED = "notifications-settled"
    NOTIFICATIONS_DRIVEN_AGAIN = "notifications-driven-again"
    NOTIFICATIONS_GONE = "notifications-gone"
    CLIENTS_UNKNOWN = "clients-unknown"
    DELIVERIES_PLANNED = "deliveries-planned"
    DELIVERIES_CLAIMED = "deliveries-claimed"
    DELIVERIES_DELIVERED = "deliveries-delivered"
    DELIVERIES_RETRYING = "deliveries-retrying"
    DELIVERIES_DEAD = "deliveries-dead"
    DELIVERIES_SKIPPED = "deliveries-skipped"
    DELIVERIES_POSTPONED = "deliveries-postponed"
    DELIVERIES_RELEASED = "deliveries-released"
    DELIVERIES_RECLAIMED = "deliveries-reclaimed"
    OUTCOMES_TOO_LATE = "outcomes-too-late"
    RULES_RELOADED = "rules-reloaded"
    RULE_CLIENTS_UPDATED = "rule-clients-updated"
    RULE_SOURCE_AWAY = "rule-source-away"
    RULES_DIFFERED = "rules-differed"
    RULE_CLIENTS_REPAIRED = "rule-clients-repaired"
    RULES_REBUILT = "rules-rebuilt"


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One step.

    Attributes:
        received: Records or claims taken.
        published: Records written to the next topic, dead letters not included.
        rejected: Poison records, each of which went to the dead-letter topic.
        took_ms: From the records in hand to their work committed; None when it was not measured.
    """

    stage: StageName
    received: int = 0
    published: int = 0
    rejected: int = 0
    counts: Mapping[Count, int] = field(default_factory=dict[Count, int])
    took_ms: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not self.received and not self.published and not any(self.counts.values())
