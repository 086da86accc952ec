"""Webhooks: the JSON that receivers get, and the signature by which they know who sent it."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from alerting_core.delivery.alertmanager import alertmanager_document
from alerting_core.domain.claim import Claim, HttpMessage
from alerting_core.domain.endpoint import EndpointFormat, contact_url
from alerting_core.domain.endpoint_check import secret_key
from alerting_core.domain.notification import Notification
from alerting_core.domain.text import rfc3339

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

TOLERANCE_MS: Final = 300_000
"""How far a timestamp may be off: long enough for a clock that drifts, short enough to make replays useless."""

_VERSION: Final = "v1"
_TIMESTAMP_CHARS_MAX: Final = 15
_SIGNATURES_MAX: Final = 16
"""Signatures of one message that are looked at; two are sent during a rotation."""


class SignatureVerdict(StrEnum):
    """What a receiver may think of a message."""

    VALID = "valid"
    HEADER_MISSING = "header-missing"
    TIMESTAMP_UNREADABLE = "timestamp-unreadable"
    TOO_OLD = "too-old"
    TOO_NEW = "too-new"
    NO_MATCH = "no-match"
    """None of the signatures was made with one of the secrets for this very message."""


def signature_headers(message_id: str, body: bytes, secrets: Sequence[str], *, now_ms: int) -> dict[str, str]:
    """Return the headers that sign *body* at *now_ms*.

    Args:
        message_id: The same for each attempt of the same message.
        body: As sent.
        secrets: Checked, `whsec_…`; each signs, so that a receiver may know either during a rotation.
        now_ms: Of this attempt.
    """
    timestamp = str(now_ms // 1_000)
    signatures = (f"{_VERSION},{_signature(secret, message_id, timestamp, body)}" for secret in secrets)
    return {ID_HEADER: message_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: " ".join(signatures)}


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now_ms: int) -> SignatureVerdict:
    """Say whether a received message was signed with one of *secrets*, not long ago.

    Args:
        headers: As received; names in any case.
        body: As received, before anything is decoded.
        secrets: Those that the receiver knows.
        now_ms: When it was received.
    """
    known = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (known.get(n) for n in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER))
    if message_id is None or timestamp is None or signatures is None:
        return SignatureVerdict.HEADER_MISSING
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIMESTAMP_CHARS_MAX):
        return SignatureVerdict.TIMESTAMP_UNREADABLE
    age_ms = now_ms - int(timestamp) * 1_000
    if age_ms > TOLERANCE_MS:
        return SignatureVerdict.TOO_OLD
    if age_ms < -TOLERANCE_MS:
        return SignatureVerdict.TOO_NEW
    expected = [f"{_VERSION},{_signature(secret, message_id, timestamp, body)}".encode() for secret in secrets]
    given = [each.encode(errors="replace") for each in signatures.split(" ", _SIGNATURES_MAX)[:_SIGNATURES_MAX]]
    if any(hmac.compare_digest(one, other) for one in expected for other in given):
        return SignatureVerdict.VALID
    return SignatureVerdict.NO_MATCH


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    key = secret_key(secret)
    assert key is not None, "a secret that was not checked when it was saved"
    signed = b".".join((message_id.encode(errors="replace"), timestamp.encode(), body))
    return b64encode(hmac.digest(key, signed, "sha256")).decode()


_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.dumps` would make one for each call."""


def webhook_body(notification: Notification, form: EndpointFormat = EndpointFormat.PLATFORM) -> bytes:
    """Return the body: the same bytes for the same notification and form, on every attempt and from every sender."""
    match form:
        case EndpointFormat.PLATFORM:
            document = _platform_document(notification)
        case EndpointFormat.ALERTMANAGER:
            document = alertmanager_document(notification)
        case _:
            assert_never(form)
    return _JSON.encode(document).encode(errors="replace")


def _platform_document(notification: Notification) -> Mapping[str, object]:
    """Return what the platform says of *notification*.

    `event_ts` is when the alert happened (unix seconds), `timestamp` when the notification was made (RFC 3339). When
    an attempt was made is in the webhook-timestamp header. Texts are as the source sent them: this is data.

    Of an alert with a life it also says how it stands, and from when to when it fired (RFC 3339); that of the end names
    the notification that told of the firing. One that tells both at once is `resolved` and names none.
    """
    document: dict[str, object] = {
        "notification_id": notification.notification_id,
        "client_id": notification.client_id,
        "alert_id": notification.alert_id,
        "severity": notification.severity.name,
        "source": notification.source,
        "name": notification.name,
        "context": dict(sorted(notification.context.items())),
        "annotations": dict(sorted(notification.annotations.items())),
        "rule_ids": list(notification.rule_ids),
        "event_ts": notification.event_ts,
        "timestamp": rfc3339(notification.created_at_ms),
    }
    if notification.has_life:
        document |= _life(notification)
    return document


def _life(notification: Notification) -> Mapping[str, str | None]:
    ends_at = notification.ends_at
    life = {
        "status": "firing" if ends_at is None else "resolved",
        "starts_at": rfc3339(notification.event_ts * 1_000),
        "ends_at": None if ends_at is None else rfc3339(ends_at * 1_000),
    }
    firing_id = notification.firing_notification_id
    return life if firing_id is None else life | {"firing_notification_id": firing_id}


def render_webhook(claim: Claim, *, now_ms: int) -> HttpMessage:
    """Return the signed POST of a claimed webhook delivery. Our headers win over the endpoint's of the same name."""
    endpoint = claim.endpoint
    assert endpoint is not None, "a claim without an endpoint is skipped, not rendered"
    body = webhook_body(claim.notification, endpoint.format)
    message_id = claim.notification.notification_id
    ours = {"content-type": "application/json", ID_HEADER: message_id}
    if endpoint.secret is not None:
        ours |= signature_headers(message_id, body, endpoint.secret.active(now_ms=now_ms), now_ms=now_ms)
    theirs = {name: value for name, value in endpoint.headers.items() if name.lower() not in ours}
    return HttpMessage(url=contact_url(claim.delivery.target), headers=theirs | ours, body=body)
