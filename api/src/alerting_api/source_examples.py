"""An example of what each source sends, which its route shows in the document."""

from collections.abc import Mapping
from typing import Any, Final

from alerting_core.sources.table import SourceName

_LABELS: Final[Mapping[str, str]] = {"alertname": "HighErrorRate", "job": "api", "severity": "critical"}

SOURCE_EXAMPLES: Final[Mapping[SourceName, Mapping[str, Any]]] = {
    SourceName.ALERTMANAGER: {
        "version": "4",
        "groupKey": '{}:{alertname="HighErrorRate"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "platform",
        "groupLabels": {"alertname": "HighErrorRate"},
        "commonLabels": dict(_LABELS),
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "alerts": [
            {
                "status": "firing",
                "labels": dict(_LABELS),
                "annotations": {"summary": "5 % of the requests fail"},
                "startsAt": "2026-01-02T03:04:05.678Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example.com/graph",
                "fingerprint": "c6eadffa33fcdf37",
            }
        ],
    },
    SourceName.GRAFANA: {
        "receiver": "platform",
        "status": "firing",
        "orgId": 1,
        "title": "[FIRING:1] HighMemory",
        "state": "alerting",
        "message": "**Firing**",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "HighMemory", "grafana_folder": "web", "severity": "warning"},
                "annotations": {"summary": "web1 uses 91 % of its memory"},
                "startsAt": "2026-01-02T03:04:05.678+01:00",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://grafana.example.com/alerting/grafana/abc/view",
                "fingerprint": "bc97ff14869b13e3",
                "silenceURL": "https://grafana.example.com/alerting/silence/new",
                "dashboardURL": "https://grafana.example.com/d/xyz",
                "panelURL": "",
                "values": {"B": 91.2, "C": 1},
            }
        ],
    },
    SourceName.SNS: {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
        "Subject": 'ALARM: "cpu-high" in EU (Ireland)',
        "Message": '{"AlarmName": "cpu-high", "NewStateValue": "ALARM", "NewStateReason": "Threshold Crossed"}',
        "Timestamp": "2026-01-02T03:04:05.678Z",
        "SignatureVersion": "2",
        "Signature": "RVhBTVBMRQ==",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    },
    SourceName.DATADOG: {
        "id": "5678",
        "alert_id": "1234",
        "alert_transition": "Triggered",
        "alert_type": "error",
        "priority": "P2",
        "title": "[P2] [Triggered] CPU is high on web1",
        "body": "CPU has been over 90 % for five minutes",
        "tags": "service:web,env:prod",
        "alert_scope": "host:web1",
        "date": "1767323045678",
        "link": "https://app.datadoghq.com/monitors/1234",
    },
    SourceName.PAGERDUTY: {
        "routing_key": "0123456789abcdef0123456789abcdef",
        "event_action": "trigger",
        "dedup_key": "web1/disk",
        "payload": {
            "summary": "The disk of web1 is full",
            "source": "web1",
            "severity": "critical",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "class": "disk-full",
            "custom_details": {"free": "1 %"},
        },
        "client": "Monitoring",
        "client_url": "https://monitoring.example.com",
    },
    SourceName.SENTRY: {
        "action": "created",
        "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
        "data": {
            "issue": {
                "id": "123",
                "shortId": "WEB-1",
                "title": "TypeError: x is not a function",
                "culprit": "cart.checkout",
                "level": "error",
                "status": "unresolved",
                "project": {"id": "1", "name": "Web", "slug": "web"},
                "metadata": {"type": "TypeError", "value": "x is not a function"},
                "web_url": "https://example.sentry.io/issues/123/",
                "firstSeen": "2026-01-02T03:04:05.678Z",
            }
        },
        "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
    },
    SourceName.GENERIC: {
        "title": "Backup failed",
        "level": "error",
        "host": "db1",
        "job": {"name": "nightly", "id": 17},
    },
}
"""Exactly one per source."""
