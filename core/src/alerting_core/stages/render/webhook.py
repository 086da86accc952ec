"""A notification as the JSON that webhooks receive."""

import json
from typing import Final

from alerting_core.domain.claim import Claim
from alerting_core.domain.message import HttpMessage
from alerting_core.domain.notification import Notification
from alerting_core.domain.target import contact_url
from alerting_core.domain.timestamp import rfc3339
from alerting_core.stages.sign import ID_HEADER, signature_headers

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.dumps` would make one for each call."""


def webhook_body(notification: Notification) -> bytes:
    """Return the body: the same bytes for the same notification, on every attempt and from every sender.

    `event_ts` is when the alert happened (unix seconds), `timestamp` when the notification was made (RFC 3339). When
    an attempt was made is in the webhook-timestamp header. Texts are as the source sent them: this is data.
    """
    document = {
        "notification_id": notification.notification_id,
        "client_id": notification.client_id,
        "alert_id": notification.alert_id,
        "severity": notification.severity.name,
        "source": notification.source,
        "name": notification.name,
        "context": dict(sorted(notification.context.items())),
        "rule_ids": list(notification.rule_ids),
        "event_ts": notification.event_ts,
        "timestamp": rfc3339(notification.created_at_ms),
    }
    return _JSON.encode(document).encode(errors="replace")


def render_webhook(claim: Claim, *, now_ms: int) -> HttpMessage:
    """Return the signed POST of a claimed webhook delivery. Our headers win over the endpoint's of the same name."""
    endpoint = claim.endpoint
    assert endpoint is not None, "a claim without an endpoint is skipped, not rendered"
    body = webhook_body(claim.notification)
    message_id = claim.notification.notification_id
    ours = {"content-type": "application/json", ID_HEADER: message_id}
    if endpoint.secret is not None:
        ours |= signature_headers(message_id, body, endpoint.secret.active(now_ms=now_ms), now_ms=now_ms)
    theirs = {name: value for name, value in endpoint.headers.items() if name.lower() not in ours}
    return HttpMessage(url=contact_url(claim.delivery.target), headers=theirs | ours, body=body)
