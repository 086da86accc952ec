"""Which columns hold what: the tables of what people edit, of notifications, deliveries and attempts."""

from typing import Any, Final

import asyncpg

from alerting_backend.adapters.postgres.tables import Columns, Table, column, optional_texts
from alerting_core.domain import client, delivery, endpoint, rule
from alerting_core.domain.alert import Severity
from alerting_core.domain.notification import Notification, NotificationKind, NotificationStatus

CLIENTS: Final = Table(
    "clients",
    client.Client,
    {
        "client_id": column("client_id", "text"),
        "name": column("name", "text"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
    },
)


class _Rules(Table[rule.Rule]):
    """Rules as they are recorded: what one catches follows from its severity, source and name."""

    def row(self, item: rule.Rule) -> tuple[Any, ...]:
        """Return the values of `columns`."""
        return super().row(rule.recorded(item))

    def read(self, row: asyncpg.Record) -> rule.Rule:
        """Return the rule of a row."""
        return rule.from_record(super().read(row))


RULES: Final = _Rules(
    "rules",
    rule.Rule,
    {
        "client_id": column("client_id", "text"),
        "rule_id": column("rule_id", "uuid"),
        "severity": column("severity", "text"),
        "source": column("source", "text"),
        "name": column("name", "text"),
        "enabled": column("enabled", "boolean"),
        "version": column("version", "integer"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "description": column("description", "text"),
        "name_shown": column("name_shown", "text"),
    },
)

DECIDING_RULES: Final = RULES.only(rule.DECIDING_FIELDS)
"""The rules as evaluators read them, by the hundred thousand: without what is for people alone."""

CATCH_ALL: Final = "severity = '*' AND source = '*' AND name IN ('*', '')"
"""Rules that catch more than a pattern, in the words of the index of them."""

CATCHES: Final = {
    rule.Catches.PATTERN: f"NOT ({CATCH_ALL})",
    rule.Catches.EVERYTHING: f"{CATCH_ALL} AND name = '*'",
    rule.Catches.UNMATCHED: f"{CATCH_ALL} AND name = ''",
}
"""Rules by what they catch."""


def _secret_columns(secret: endpoint.SigningSecret | None) -> tuple[str | None, str | None, int | None]:
    if secret is None:
        return (None, None, None)
    return (secret.current, secret.previous, None if secret.previous is None else secret.previous_until_ms)


def read_secret(
    current: str | None, previous: str | None, previous_until_ms: int | None
) -> endpoint.SigningSecret | None:
    """Return the secret that the three columns of an endpoint hold."""
    return None if current is None else endpoint.SigningSecret(current, previous, previous_until_ms or 0)


ENDPOINTS: Final = Table(
    "endpoints",
    endpoint.Endpoint,
    {
        "client_id": column("client_id", "text"),
        "endpoint_id": column("endpoint_id", "uuid"),
        "rule_id": column("rule_id", "uuid"),
        "type": column("type", "text", write=str, read=endpoint.EndpointType),
        "value": column("value", "text"),
        "headers": column("headers", "jsonb", write=dict),
        "secret": Columns(
            {"secret": "text", "previous_secret": "text", "previous_secret_until": "timestamptz"},
            write=_secret_columns,
            read=read_secret,
        ),
        "enabled": column("enabled", "boolean"),
        "disabled_reason": column("disabled_reason", "text", write=str, read=endpoint.DisableReason, nullable=True),
        "version": column("version", "integer"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "description": column("description", "text"),
        "send_resolved": column("send_resolved", "boolean"),
        "format": column("format", "text", write=str, read=endpoint.EndpointFormat),
    },
)


ENDPOINT_STATES: Final = Table(
    "endpoints",
    delivery.EndpointState,
    {
        "enabled": column("enabled", "boolean"),
        "targets": Columns(
            {"type": "text", "value": "text"},
            read=lambda type_, value: endpoint.targets_of(endpoint.EndpointType(type_), value),
        ),
        "headers": column("headers", "jsonb"),
        "secret": Columns(
            {"secret": "text", "previous_secret": "text", "previous_secret_until": "timestamptz"}, read=read_secret
        ),
        "send_resolved": column("send_resolved", "boolean"),
        "format": column("format", "text", read=endpoint.EndpointFormat),
    },
)
"""What a claim learns of an endpoint."""

API_KEYS: Final = Table(
    "api_keys",
    client.ApiKey,
    {
        "key_id": column("key_id", "uuid"),
        "client_id": column("client_id", "text"),
        "name": column("name", "text"),
        "prefix": column("prefix", "text"),
        "hash": column("hash", "bytea"),
        "scopes": column("scopes", "text[]", write=sorted, read=lambda scopes: frozenset(map(client.KeyScope, scopes))),
        "created_at_ms": column("created_at", "timestamptz"),
        "expires_at_ms": column("expires_at", "timestamptz"),
        "revoked_at_ms": column("revoked_at", "timestamptz"),
        "last_used_at_ms": column("last_used_at", "timestamptz"),
    },
)

NOTIFICATIONS: Final = Table(
    "notifications",
    Notification,
    {
        "client_id": column("client_id", "text"),
        "notification_id": column("notification_id", "uuid"),
        "alert_id": column("alert_id", "text"),
        "severity": column("severity", "smallint", write=int, read=Severity),
        "source": column("source", "text"),
        "name": column("name", "text"),
        "context": column("context", "jsonb", write=dict),
        "annotations": optional_texts("annotations"),
        "rule_ids": column("rule_ids", "text[]", write=list, read=tuple),
        "event_ts": column("event_ts", "bigint"),
        "status": column("status", "text", write=str, read=NotificationStatus),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "owner": column("owner", "text"),
        "kind": column("kind", "text", write=str, read=NotificationKind),
        "fingerprint": column("fingerprint", "text", write=lambda text: text or None, read=lambda text: text or ""),
        "ends_at": column("ends_at", "bigint"),
        "firing_notification_id": column("firing_notification_id", "uuid"),
        "resolved_notification_id": column("resolved_notification_id", "uuid"),
    },
)

OPEN_END: Final = """
fingerprint IS NOT NULL AND (
    kind = 'FIRING' AND ends_at IS NULL AND resolved_notification_id IS NULL
    OR kind = 'RESOLVED' AND status = 'RECEIVED'
)
"""
"""Notifications of alerts whose end is still to be told or under way, in the words of the index by client."""

DELIVERIES: Final = Table(
    "deliveries",
    delivery.Delivery,
    {
        "client_id": column("client_id", "text"),
        "delivery_id": column("delivery_id", "uuid"),
        "notification_id": column("notification_id", "uuid"),
        "endpoint_id": column("endpoint_id", "uuid"),
        "type": column("type", "text", write=str, read=endpoint.EndpointType),
        "target": column("target", "text"),
        "host": column("host", "text"),
        "status": column("status", "text", write=str, read=delivery.DeliveryStatus),
        "reason": column("reason", "text", write=str, read=delivery.Reason, nullable=True),
        "attempts": column("attempts", "integer"),
        "next_attempt_at_ms": column("due_at", "timestamptz"),
        "created_at_ms": column("created_at", "timestamptz"),
        "updated_at_ms": column("updated_at", "timestamptz"),
        "follows": column("follows", "uuid"),
    },
)
"""While a delivery is leased, it is due when the lease ends."""

UNFINISHED: Final = "status IN ('PENDING', 'RETRYING')"
"""Deliveries that are due at some time, in the words of the index deliveries_next_due: by time, over all clients."""

ATTEMPTS: Final = Table(
    "attempts",
    delivery.Attempt,
    {
        "attempt_id": column("attempt_id", "uuid"),
        "delivery_id": column("delivery_id", "uuid"),
        "number": column("number", "integer"),
        "reason": column("reason", "text", write=str, read=delivery.Reason),
        "status_code": column("status_code", "integer"),
        "response": column("response", "text"),
        "detail": column("detail", "text"),
        "started_at_ms": column("started_at", "timestamptz"),
        "latency_ms": column("latency_ms", "integer"),
    },
)
