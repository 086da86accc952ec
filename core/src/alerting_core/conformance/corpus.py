"""The inputs: ordinary ones, and those at which implementations of Python, Unicode and JSON could part."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import blake2b
from itertools import product
from typing import Final

from alerting_core.domain.alert import SEVERITY_NAMES, WILDCARD, Alert, Severity, check_alert
from alerting_core.domain.notification import Notification, NotificationStatus, derive_notification_id
from alerting_core.domain.rule import Rule, check_rule
from alerting_core.domain.text import derive_uuid, storable

NOW_MS: Final = 1_767_225_600_123
"""The first of January 2026, and a little."""

TEXTS: Final = (
    "api",
    "API",
    " api",
    "db",
    "caf\u00e9",
    "cafe\u0301",
    "*",
    "<b>bold</b> & \"quoted\" 'too'",
    "*bold* _italic_ ~gone~ `code` <https://elsewhere.sim|here>",
    "\u202etxt.exe",
    "\u05e9\u05dc\u05d5\u05dd \u0633\u0644\u0627\u0645",
    "\U0001f6a8\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "line\nbreak\ttab\r\n",
    "\u0000\u0007\u001b[31m",
    "\u0130I\u0131i \u00df \ufb01",
    "0" * 255,
    "\\u0041 %41 &#65; {value} %(x)s ${y}",
)
"""Names of sources and alerts."""

SEVERITIES: Final = tuple(Severity)


def alerts() -> Sequence[Alert]:
    """Return the alerts that the platform would take, of all combinations of texts in both places."""
    found: list[Alert] = []
    for number, (source, name) in enumerate(product(TEXTS, TEXTS)):
        severity = SEVERITIES[number % len(SEVERITIES)]
        context = _context(number)
        event_ts = 1_767_225_600 + number * 7_919
        alert = Alert(f"alert-{number}", severity, source, name, event_ts, context, annotations=_annotations(number))
        if not check_alert(alert):
            found.append(alert)
    return found


def rules() -> Sequence[Rule]:
    """Return rules of seven clients: exact ones and wildcards, enabled and disabled."""
    found: list[Rule] = []
    patterns = product((*SEVERITY_NAMES, WILDCARD), (*TEXTS[:12], WILDCARD), (*TEXTS[:3], TEXTS[6], WILDCARD))
    for number, (severity, source, name) in enumerate(patterns):
        if check_rule(severity, source, name):
            continue
        client_id = f"client-{number % 7}"
        rule_id = derive_uuid("corpus-rule", client_id, severity, source, name)
        enabled = number % 11 != 0
        found.append(Rule(rule_id, client_id, severity, source, name, enabled, 1, NOW_MS, NOW_MS))
    return found


def notifications() -> Sequence[Notification]:
    """Return a notification of every fifth alert."""
    return [
        Notification(
            notification_id=derive_notification_id("client-1", alert.alert_id),
            client_id="client-1",
            alert_id=alert.alert_id,
            severity=alert.severity,
            source=alert.source,
            name=alert.name,
            event_ts=alert.event_ts,
            rule_ids=(derive_uuid("corpus-rule", alert.alert_id),),
            status=NotificationStatus.RECEIVED,
            created_at_ms=NOW_MS,
            updated_at_ms=NOW_MS,
            context=alert.context,
            annotations=alert.annotations,
        )
        for alert in alerts()[::5]
    ]


def secret(name: str) -> str:
    """Return a signing secret that anybody can compute."""
    return "whsec_" + b64encode(blake2b(name.encode(), digest_size=32).digest()).decode()


def _context(number: int) -> dict[str, str]:
    keys = ("region", "summary", "\u00fc\u00e4\u00f6", "a.b-c/d", "runbook")
    return {keys[place]: TEXTS[(number * 3 + place) % len(TEXTS)] * (1 + number % 3) for place in range(number % 6 - 1)}


def _annotations(number: int) -> dict[str, str]:
    keys = ("summary", "runbook_url", "description", "dashboard", "\u00fc")
    texts = (*TEXTS, "https://wiki.sim/a?b=c&d=<e>", "See https://wiki.sim/\u00fc, then (http://db.sim/x).")
    return {keys[place]: storable(texts[(number * 5 + place) % len(texts)]) for place in range(number % 7 - 1)}
