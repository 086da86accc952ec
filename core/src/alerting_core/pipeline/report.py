"""What one step of a conductor did, for logs, metrics and people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Stage(StrEnum):
    """The conductors: those that an alert meets, in that order, then those that an edit of a rule meets."""

    RECORDER = "recorder"
    EVALUATOR = "evaluator"
    AGGREGATOR = "aggregator"
    DISPATCHER = "dispatcher"
    DELIVERER = "deliverer"
    RECLAIMER = "reclaimer"
    SWEEPER = "sweeper"
    RELAY = "relay"
    RULE_UPDATER = "rule-updater"
    RULE_RECONCILER = "rule-reconciler"


class Count(StrEnum):
    """What conductors count beside the records that came in and went out. Names are stable: metrics carry them."""

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

    stage: Stage
    received: int = 0
    published: int = 0
    rejected: int = 0
    counts: Mapping[Count, int] = field(default_factory=dict[Count, int])
    took_ms: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not self.received and not self.published and not any(self.counts.values())
