"""Clients as JSON."""

from alerting_core.api.shapes.base import JsonObject
from alerting_core.domain.client import Client
from alerting_core.domain.timestamp import rfc3339


def client_shape(client: Client) -> JsonObject:
    """Write *client*."""
    return {
        "client_id": client.client_id,
        "name": client.name,
        "created_at": rfc3339(client.created_at_ms),
        "updated_at": rfc3339(client.updated_at_ms),
    }
