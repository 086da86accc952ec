"""The tables that the memory adapters share, as Postgres holds them for the real ones."""

from dataclasses import dataclass, field

from alerting_core.domain.client import Client
from alerting_core.domain.delivery import Attempt, Delivery
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification
from alerting_core.domain.rule import Rule
from alerting_core.ports.alerts import StoredAlert


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One row of the outbox: rule *rule_id* of *client_id* changed; versions count from 1 without gaps."""

    version: int
    client_id: str
    rule_id: str
    action: int
    rule_version: int


@dataclass(slots=True)
class DeliveryRow:
    """A delivery with its lease. `due_at_ms` is None once it is final; a lease moves it to the lease's end."""

    delivery: Delivery
    due_at_ms: int | None
    lease_owner: str | None = None


@dataclass(slots=True)
class MemoryDatabase:
    """All tables, each keyed by its id. Adapters keep the `*_of_*` look-ups in step with the tables."""

    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])
    rules_of_client: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    endpoints_of_rule: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    notifications: dict[str, Notification] = field(default_factory=dict[str, Notification])
    deliveries: dict[str, DeliveryRow] = field(default_factory=dict[str, DeliveryRow])
    deliveries_of_notification: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    attempts_of_delivery: dict[str, dict[str, Attempt]] = field(default_factory=dict[str, dict[str, Attempt]])
    outbox: list[RuleChange] = field(default_factory=list[RuleChange])
    alerts: dict[str, StoredAlert] = field(default_factory=dict[str, StoredAlert])
