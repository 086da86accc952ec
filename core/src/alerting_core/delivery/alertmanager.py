"""The body of a webhook in the form that an Alertmanager sends, version 4, for the many receivers that read it.

Each notification is one message about a group of one alert, as an Alertmanager sends it that groups by all labels. The
group key is the same for the firing and the end of an alert and for each of its episodes: receivers open and close what
they keep of an alert by it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from alerting_core.domain.alert import Severity
from alerting_core.domain.notification import Notification
from alerting_core.domain.text import rfc3339

VERSION: Final = "4"

NAME_LABEL: Final = "alertname"
SEVERITY_LABEL: Final = "severity"
SOURCE_LABEL: Final = "source"

GENERATOR_URL: Final = "generatorURL"
"""The link of an alert to what made it: a field of its own to Prometheus, an annotation here."""

_NEVER: Final = "0001-01-01T00:00:00Z"
"""How Go writes a time that is not set: an Alertmanager's endsAt of an alert that fires."""

_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3
_FNV_MASK: Final = 0xFFFFFFFFFFFFFFFF
_SEPARATOR: Final = b"\xff"


def alertmanager_document(notification: Notification) -> Mapping[str, Any]:
    """Return the message of *notification*. An event, which has no end, fires and is never resolved."""
    labels = labels_of(notification)
    annotations = dict(sorted(notification.annotations.items()))
    link = annotations.pop(GENERATOR_URL, "")
    status = "firing" if notification.ends_at is None else "resolved"
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(notification.event_ts * 1_000),
        "endsAt": _NEVER if notification.ends_at is None else rfc3339(notification.ends_at * 1_000),
        "generatorURL": link,
        "fingerprint": prometheus_fingerprint(labels),
    }
    return {
        "version": VERSION,
        "groupKey": _group_key(labels),
        "truncatedAlerts": 0,
        "status": status,
        "receiver": notification.client_id,
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }


def labels_of(notification: Notification) -> Mapping[str, str]:
    """Return the labels of an alert, by name: those that a Prometheus sent, or what the alert says, as such labels."""
    labels = dict(notification.context)
    if NAME_LABEL not in labels:
        labels[NAME_LABEL] = notification.name
        labels.setdefault(SOURCE_LABEL, notification.source)
        if notification.severity is not Severity.UNSPECIFIED:
            labels.setdefault(SEVERITY_LABEL, notification.severity.name.lower())
    return dict(sorted(labels.items()))


def prometheus_fingerprint(labels: Mapping[str, str]) -> str:
    """Return by what a Prometheus and an Alertmanager know *labels*: their FNV-1a hash, 16 hexadecimal digits.

    See `LabelSet.Fingerprint` in prometheus/common/model.
    """
    found = _FNV_OFFSET
    for name, value in sorted(labels.items()):
        for byte in b"".join((_bytes(name), _SEPARATOR, _bytes(value), _SEPARATOR)):
            found = (found ^ byte) * _FNV_PRIME & _FNV_MASK
    return f"{found:016x}"


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _group_key(labels: Mapping[str, str]) -> str:
    # Written as an Alertmanager writes a group of its root route.
    return "{}:{" + ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()) + "}"
