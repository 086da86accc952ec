"""The tables that the memory adapters share, as Postgres holds them for the real ones."""

from dataclasses import dataclass, field

from alerting_core.domain.client import Client
from alerting_core.domain.delivery import Attempt
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.key import ApiKey
from alerting_core.domain.rule import Rule
from alerting_core.memory.tables import DeliveryTable, NotificationTable
from alerting_core.ports.alerts import StoredAlert


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One row of the outbox: rule *rule_id* of *client_id* changed; versions count from 1 without gaps.

    Attributes:
        rule_updated_at_ms: Of the rule as it is now; of a deleted one, as it last was.
    """

    version: int
    client_id: str
    rule_id: str
    action: int
    rule_version: int
    rule_updated_at_ms: int = 0


@dataclass(slots=True)
class MemoryDatabase:
    """All tables, each keyed by its id. Adapters keep the `*_of_*` look-ups in step with the tables.

    Rows are frozen: a change is the assignment of a new row, by which the tables keep their own indexes.
    """

    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    keys: dict[str, ApiKey] = field(default_factory=dict[str, ApiKey])
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])
    rules_of_client: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    endpoints_of_rule: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    notifications: NotificationTable = field(default_factory=NotificationTable)
    deliveries: DeliveryTable = field(default_factory=DeliveryTable)
    deliveries_of_notification: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    attempts_of_delivery: dict[str, dict[str, Attempt]] = field(default_factory=dict[str, dict[str, Attempt]])
    senders_present: set[str] = field(default_factory=set[str])
    outbox: list[RuleChange] = field(default_factory=list[RuleChange])
    outbox_published: set[int] = field(default_factory=set[int])
    alerts: dict[str, StoredAlert] = field(default_factory=dict[str, StoredAlert])
