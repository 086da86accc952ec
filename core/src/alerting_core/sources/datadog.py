"""Datadog's webhooks. Their payload is a template of the sender's own; read are the default one and the usual names.

A variable that Datadog does not know stays as it is written (`$ALERT_ID`): that is none.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from alerting_core.app.intake import AlertDraft
from alerting_core.domain.alert import AlertStatus
from alerting_core.sources import reading
from alerting_core.sources.reading import Json, flattened

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("alert_title", "title", "event_title", "name"),
    "message": ("text_only_msg", "body", "event_msg", "message", "text", "description"),
    "transition": ("alert_transition", "transition", "status", "state"),
    "type": ("alert_type", "type"),
    "priority": ("alert_priority", "priority", "severity"),
    "monitor": ("alert_id", "monitor_id"),
    "group": ("aggreg_key", "aggregation_key", "alert_cycle_key", "dedup_key"),
    "scope": ("alert_scope", "scope"),
    "date": ("date", "last_updated", "timestamp"),
    "tags": ("tags",),
    "host": ("hostname", "host"),
}
"""What is asked for → the names that templates give it, as a rule that of the variable in lower case."""

_TEXTS: Final = frozenset((*_FIELDS["title"], *_FIELDS["message"]))
"""What becomes the summary and the description."""

_NOTES: Final = frozenset((*_FIELDS["date"], "id", "link", "url", "snapshot", "alert_query"))
"""What else is said to people, or is another each time; all the rest are labels."""

_TRANSITIONS: Final[Mapping[str, AlertStatus | None]] = {
    **dict.fromkeys(
        ("triggered", "re-triggered", "renotify", "warn", "re-warn", "no data", "re-no data", "alert", "error"),
        AlertStatus.FIRING,
    ),
    **dict.fromkeys(("recovered", "resolved", "ok", "success"), AlertStatus.RESOLVED),
}

_SEVERITIES: Final[Mapping[str, str]] = {
    "warn": "MEDIUM",
    "re-warn": "MEDIUM",
    "no data": "MEDIUM",
    "re-no data": "MEDIUM",
    "triggered": "HIGH",
    "re-triggered": "HIGH",
    "renotify": "HIGH",
    "error": "HIGH",
    "warning": "MEDIUM",
    "info": "LOW",
}
"""Of a monitor without a priority, by its transition, else by its type."""

_PRIORITY: Final = re.compile(r"P[1-5]", re.IGNORECASE)
_IN_BRACKETS: Final = re.compile(r"\s*\[([^\]]*)\]\s*")
_VARIABLE: Final = re.compile(r"\$[A-Z][A-Z0-9_]*(?:\[[^\]]*\])?")


def read_datadog(payload: Json) -> reading.Readings:
    """Read a webhook."""
    return reading.read_whole(payload, _alert)


def _alert(payload: Mapping[str, Json]) -> AlertDraft:
    texts = {key.lower(): text for key, text in flattened(dict(payload)).items() if not _VARIABLE.fullmatch(text)}
    said = {field: next((texts[key] for key in keys if texts.get(key)), "") for field, keys in _FIELDS.items()}
    marks, name = _split_title(said["title"])
    if not name:
        raise reading.missing("title", "is required: $EVENT_TITLE or $ALERT_TITLE")
    transition = next((one for one in (said["transition"], *marks) if _status(one) is not None), "")
    status = _status(transition)
    at_ms = reading.time_if_any(said["date"], texts.get("last_updated"))
    is_resolved = status is AlertStatus.RESOLVED
    labels = {key: text for key, text in texts.items() if key not in _NOTES | _TEXTS}
    notes = {key: text for key, text in texts.items() if key in _NOTES}
    return AlertDraft(
        severity=_severity(said, transition, marks),
        source=_tags(said["tags"]).get("service") or "datadog",
        name=reading.first_line(name),
        context=reading.filled(labels | _tags(said["tags"])),
        annotations=reading.filled({"summary": name, "description": said["message"]} | notes),
        is_made_fit=True,
        event_ts=None if at_ms is None or is_resolved else at_ms // 1_000,
        alert_id=f"datadog:{texts['id']}" if status is None and texts.get("id") else None,
        # Without a transition it is an event, which happened and is over.
        fingerprint=None if status is None else reading.key_of("datadog", *_identity(said, name, marks)),
        status=status,
        ends_at_ms=None if status is None else at_ms if is_resolved else reading.UNTIL_RESOLVED,
    )


def _status(transition: str) -> AlertStatus | None:
    return reading.one_of(_TRANSITIONS, _without_group(transition), None)


def _severity(said: Mapping[str, str], transition: str, marks: Sequence[str]) -> str | None:
    priority = next((one for one in (said["priority"], *marks) if _PRIORITY.fullmatch(one)), None)
    if priority is not None:
        return priority
    by_transition = reading.one_of(_SEVERITIES, _without_group(transition), None)
    return by_transition or reading.one_of(_SEVERITIES, said["type"], None)


def _split_title(title: str) -> tuple[list[str], str]:
    """Return what stands in brackets before a title, and the title."""
    marks: list[str] = []
    while (found := _IN_BRACKETS.match(title)) is not None and title[found.end() :]:
        marks.append(found[1].strip())
        title = title[found.end() :]
    return marks, title.strip()


def _identity(said: Mapping[str, str], name: str, marks: Sequence[str]) -> tuple[str, ...]:
    if said["group"]:
        return (said["group"],)
    groups = [group for mark in marks if (group := mark.removeprefix(_without_group(mark)))]
    return (said["monitor"] or name, said["scope"] or reading.joined(groups))


def _without_group(mark: str) -> str:
    """Return the transition in a mark of a title, such as `Warn on {host:web1}`."""
    return mark.partition(" on {")[0]


def _tags(text: str) -> dict[str, str]:
    pairs = [one.strip().partition(":") for one in text.split(",") if one.strip()]
    return {key: value for key, _, value in pairs if value}
