"""API keys as JSON."""

from alerting_core.api.shapes.base import JsonObject, time_or_none
from alerting_core.domain.key import KEY_PREFIX, ApiKey, KeyScope
from alerting_core.domain.timestamp import rfc3339


def key_shape(key: ApiKey) -> JsonObject:
    """Write *key* without what would let anybody use it."""
    return {
        "key_id": key.key_id,
        "client_id": key.client_id,
        "name": key.name,
        "prefix": KEY_PREFIX + key.prefix,
        "scopes": [scope.value for scope in KeyScope if scope in key.scopes],
        "created_at": rfc3339(key.created_at_ms),
        "expires_at": time_or_none(key.expires_at_ms),
        "revoked_at": time_or_none(key.revoked_at_ms),
        "last_used_at": time_or_none(key.last_used_at_ms),
    }


def new_key_shape(key: ApiKey, text: str | None) -> JsonObject:
    """Write a key that was just made, with its *text*; None when the answer is repeated."""
    return key_shape(key) | {"key": text}


def caller_shape(key: ApiKey) -> JsonObject:
    """Write who calls with *key*, and what it may do."""
    return {
        "key_id": key.key_id,
        "name": key.name,
        "client_id": key.client_id,
        "is_operator": key.client_id is None,
        "scopes": [scope.value for scope in KeyScope if scope in key.scopes],
        "allowed": [scope.value for scope in KeyScope if key.allows(scope)],
        "expires_at": time_or_none(key.expires_at_ms),
    }
