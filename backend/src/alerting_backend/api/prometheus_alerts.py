"""Turns the alerts of a Prometheus server into ours.

Prometheus sends a firing alert again every minute or so until it ends, and its end a few times. An alert's id is
derived from its labels and its start, so that what is sent again is the same alert and tells nobody twice, and the same
labels firing anew later are another alert. Ends are counted and passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerting_backend.api.schema.prometheus import PostedAlert
from alerting_core import limits
from alerting_core.api.moments import unix_ms, unix_us
from alerting_core.app.submit import AlertDraft
from alerting_core.domain.ids import derive_uuid

NAME_LABEL: Final = "alertname"
SEVERITY_LABEL: Final = "severity"
SOURCE_UNNAMED: Final = "prometheus"
"""The source of an alert without the label that names one."""

GENERATOR_URL: Final = "generatorURL"

SEVERITIES: Final[Mapping[str, str]] = {
    "critical": "CRITICAL",
    "emergency": "CRITICAL",
    "fatal": "CRITICAL",
    "high": "HIGH",
    "major": "HIGH",
    "error": "HIGH",
    "page": "HIGH",
    "warning": "MEDIUM",
    "warn": "MEDIUM",
    "medium": "MEDIUM",
    "minor": "MEDIUM",
    "low": "LOW",
    "info": "LOW",
    "informational": "LOW",
    "none": "LOW",
}
"""Usual values of the severity label, in lower case. Any other, and none at all: unknown, which `*` rules meet."""

_CUT_MARK: Final = " […]"


@dataclass(frozen=True, slots=True)
class Translated:
    """A request, sorted: what fires, with its place in the request, and how many have ended."""

    firing: list[tuple[int, AlertDraft]]
    resolved: int


def translate(posted: list[PostedAlert], *, source_label: str, now: datetime) -> Translated:
    """Return the firing ones of *posted* as drafts."""
    firing = [
        (place, _draft(alert, source_label=source_label, now=now))
        for place, alert in enumerate(posted)
        if not _has_ended(alert, now)
    ]
    return Translated(firing, len(posted) - len(firing))


def severity_of(labels: Mapping[str, str]) -> str | None:
    """Return the severity that *labels* name; None when they name none that is known."""
    return SEVERITIES.get(labels.get(SEVERITY_LABEL, "").strip().lower())


def _has_ended(alert: PostedAlert, now: datetime) -> bool:
    return alert.endsAt is not None and not _is_zero(alert.endsAt) and alert.endsAt <= now


def _is_zero(moment: datetime) -> bool:
    # What Go writes for a time that was never set.
    return moment.year == 1


def _draft(alert: PostedAlert, *, source_label: str, now: datetime) -> AlertDraft:
    start = now if alert.startsAt is None or _is_zero(alert.startsAt) else alert.startsAt
    return AlertDraft(
        alert_id=_alert_id(alert.labels, start),
        severity=severity_of(alert.labels),
        source=alert.labels.get(source_label) or SOURCE_UNNAMED,
        name=alert.labels.get(NAME_LABEL, ""),
        event_ts=unix_ms(start) // 1_000,
        context=_context(alert),
    )


def _alert_id(labels: Mapping[str, str], start: datetime) -> str:
    parts = [text for label in sorted(labels.items()) for text in label]
    return derive_uuid("prometheus", str(unix_us(start)), *parts)


def _context(alert: PostedAlert) -> dict[str, str]:
    """Put labels, annotations and the link into one context; an annotation named as a label is, goes beside it."""
    context = dict(alert.labels)
    for key, value in alert.annotations.items():
        context[f"annotation_{key}" if key in alert.labels else key] = _cut(value)
    if alert.generatorURL:
        context.setdefault(GENERATOR_URL, _cut(alert.generatorURL))
    return context


def _cut(value: str) -> str:
    # A runbook that is too long must not keep the alert from being told.
    if len(value) <= limits.CONTEXT_VALUE_CHARS_MAX:
        return value
    return value[: limits.CONTEXT_VALUE_CHARS_MAX - len(_CUT_MARK)] + _CUT_MARK
