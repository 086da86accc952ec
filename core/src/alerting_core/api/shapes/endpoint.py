"""Endpoints as JSON."""

from alerting_core.api.shapes.base import JsonObject
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.timestamp import rfc3339


def endpoint_shape(endpoint: Endpoint) -> JsonObject:
    """Write *endpoint*, without its secret."""
    return {
        "endpoint_id": endpoint.endpoint_id,
        "rule_id": endpoint.rule_id,
        "client_id": endpoint.client_id,
        "type": endpoint.type.value,
        "value": endpoint.value,
        "headers": dict(endpoint.headers),
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason.value if endpoint.disabled_reason else None,
        "version": endpoint.version,
        "created_at": rfc3339(endpoint.created_at_ms),
        "updated_at": rfc3339(endpoint.updated_at_ms),
    }


def endpoint_with_secret_shape(endpoint: Endpoint) -> JsonObject:
    """Write *endpoint* with its current secret, for the one time that it is shown."""
    return endpoint_shape(endpoint) | {"secret": endpoint.secret.current if endpoint.secret else None}
