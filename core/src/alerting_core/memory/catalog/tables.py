"""Changes of rows that several tables feel: what a rule's deletion takes along, and what evaluators are told."""

from alerting_core.codec.rule import RuleAction
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Rule
from alerting_core.memory.database import MemoryDatabase, RuleChange


def append_change(database: MemoryDatabase, rule: Rule, action: RuleAction) -> None:
    """Append to the outbox that *rule* is now as given, or is gone."""
    version = database.outbox[-1].version + 1 if database.outbox else 1
    change = RuleChange(version, rule.client_id, rule.rule_id, action, rule.version, rule.updated_at_ms)
    database.outbox.append(change)


def add_rule(database: MemoryDatabase, rule: Rule) -> None:
    """Store a new rule and tell of it."""
    database.rules[rule.rule_id] = rule
    database.rules_of_client.setdefault(rule.client_id, {})[rule.rule_id] = None
    append_change(database, rule, RuleAction.CREATED)


def add_endpoint(database: MemoryDatabase, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    database.endpoints[endpoint.endpoint_id] = endpoint
    database.endpoints_of_rule.setdefault(endpoint.rule_id, {})[endpoint.endpoint_id] = None


def remove_rule(database: MemoryDatabase, rule: Rule) -> None:
    """Delete a rule with its endpoints and tell of it."""
    for endpoint_id in database.endpoints_of_rule.pop(rule.rule_id, {}):
        del database.endpoints[endpoint_id]
    del database.rules[rule.rule_id]
    del database.rules_of_client[rule.client_id][rule.rule_id]
    append_change(database, rule, RuleAction.DELETED)


def remove_endpoint(database: MemoryDatabase, endpoint: Endpoint) -> None:
    """Delete an endpoint. What was planned for it stays, and is skipped when its turn comes."""
    del database.endpoints[endpoint.endpoint_id]
    del database.endpoints_of_rule[endpoint.rule_id][endpoint.endpoint_id]


def remove_client(database: MemoryDatabase, client_id: str) -> None:
    """Delete a client with all that it owns and tell of its rules."""
    for rule_id in list(database.rules_of_client.get(client_id, {})):
        remove_rule(database, database.rules[rule_id])
    database.rules_of_client.pop(client_id, None)
    for notification_id in [id_ for id_, row in database.notifications.items() if row.client_id == client_id]:
        for delivery_id in database.deliveries_of_notification.pop(notification_id, {}):
            database.attempts_of_delivery.pop(delivery_id, None)
            del database.deliveries[delivery_id]
        del database.notifications[notification_id]
    for key_id in [id_ for id_, key in database.keys.items() if key.client_id == client_id]:
        del database.keys[key_id]
    del database.clients[client_id]
