"""Endpoints as rows."""

from typing import Any, Final

import asyncpg

from alerting_core.domain.endpoint import DisableReason, Endpoint, EndpointType, SigningSecret

COLUMNS: Final = (
    "client_id, endpoint_id, rule_id, type, value, headers, secret, previous_secret, previous_secret_until, enabled, "
    "disabled_reason, version, created_at, updated_at"
)


def secret_columns(secret: SigningSecret | None) -> tuple[str | None, str | None, int | None]:
    """Return secret, previous_secret and previous_secret_until."""
    if secret is None:
        return (None, None, None)
    return (secret.current, secret.previous, None if secret.previous is None else secret.previous_until_ms)


def row_of(endpoint: Endpoint) -> tuple[Any, ...]:
    """Return the values of `COLUMNS`."""
    return (
        endpoint.client_id,
        endpoint.endpoint_id,
        endpoint.rule_id,
        str(endpoint.type),
        endpoint.value,
        dict(endpoint.headers),
        *secret_columns(endpoint.secret),
        endpoint.enabled,
        endpoint.disabled_reason,
        endpoint.version,
        endpoint.created_at_ms,
        endpoint.updated_at_ms,
    )


def read_endpoint(row: asyncpg.Record) -> Endpoint:
    """Return the endpoint of a row with `COLUMNS`."""
    secret = None
    if row["secret"] is not None:
        secret = SigningSecret(row["secret"], row["previous_secret"], row["previous_secret_until"] or 0)
    return Endpoint(
        endpoint_id=row["endpoint_id"],
        client_id=row["client_id"],
        rule_id=row["rule_id"],
        type=EndpointType(row["type"]),
        value=row["value"],
        enabled=row["enabled"],
        version=row["version"],
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
        headers=row["headers"],
        secret=secret,
        disabled_reason=None if row["disabled_reason"] is None else DisableReason(row["disabled_reason"]),
    )
