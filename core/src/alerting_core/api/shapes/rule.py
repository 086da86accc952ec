"""Rules as JSON."""

from alerting_core.api.shapes.base import JsonObject
from alerting_core.domain.rule import Rule
from alerting_core.domain.timestamp import rfc3339


def rule_shape(rule: Rule) -> JsonObject:
    """Write *rule*."""
    return {
        "rule_id": rule.rule_id,
        "client_id": rule.client_id,
        "severity": rule.severity,
        "source": rule.source,
        "name": rule.name,
        "enabled": rule.enabled,
        "version": rule.version,
        "created_at": rfc3339(rule.created_at_ms),
        "updated_at": rfc3339(rule.updated_at_ms),
    }
