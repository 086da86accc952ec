"""Sentry's webhooks: of its integration platform (issues, issue alerts, metric alerts) and of its older plugin.

An issue and a metric alert are open until they are resolved. An issue alert is a rule of theirs that was met, each time
anew and as often as that rule allows: an event, told each time.
"""

from collections.abc import Callable, Mapping
from typing import Final

from alerting_core.app.intake import AlertDraft
from alerting_core.domain.alert import AlertStatus
from alerting_core.sources import reading
from alerting_core.sources.reading import Json, first_text, part_of, text_of, time_of

_ISSUE_ACTIONS: Final[Mapping[str, AlertStatus | None]] = {
    "created": AlertStatus.FIRING,
    "unresolved": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "archived": AlertStatus.RESOLVED,
    "ignored": AlertStatus.RESOLVED,
}
"""Of an issue. Any other, such as `assigned`, changes nothing."""

_METRIC_ACTIONS: Final[Mapping[str, AlertStatus | None]] = {
    "critical": AlertStatus.FIRING,
    "warning": AlertStatus.FIRING,
    "open": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
}

_ISSUE_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "issue": ("shortId",),
    "level": ("level",),
    "platform": ("platform",),
    "type": ("metadata", "type"),
}
_ISSUE_NOTES: Final[Mapping[str, tuple[str, ...]]] = {
    "description": ("metadata", "value"),
    "culprit": ("culprit",),
    "times_seen": ("count",),
    "users": ("userCount",),
}
"""Label, or annotation → where an issue or an event says it."""


def read_sentry(payload: Json) -> reading.Readings:
    """Read a webhook; which kind it is shows in what its data holds."""
    return reading.read_whole(payload, _alert)


def _alert(payload: Mapping[str, Json]) -> AlertDraft | str:
    action, data = text_of(payload.get("action")), payload.get("data")
    for kind, read in _KINDS.items():
        if reading.is_object(data) and reading.is_object(data.get(kind)):
            return read(action, data)
    if isinstance(payload.get("event"), dict):
        return _old_plugin(payload)
    if reading.is_object(data) and action:
        return f"{action}: neither an issue nor an alert"
    raise reading.missing("data", "must hold an issue, an event or a metric_alert")


def _issue(action: str, data: Mapping[str, Json]) -> AlertDraft | str:
    issue = reading.object_of(data.get("issue"), "data.issue")
    status = reading.one_of(_ISSUE_ACTIONS, action, None)
    if status is None:
        return f"{action or 'no action'}: of an issue, which stays as it is"
    if not text_of(issue.get("id")):
        raise reading.missing("data.issue.id")
    return AlertDraft(
        severity=first_text(issue.get("level"), "error"),
        source=_project(issue.get("project")),
        name=_name(issue),
        context=_texts(issue, _ISSUE_LABELS),
        annotations=_texts(issue, _ISSUE_NOTES, url=first_text(issue.get("web_url"), issue.get("permalink"))),
        fingerprint=reading.key_of("sentry", "issue", issue.get("id")),
        status=status,
        starts_at_ms=time_of(issue.get("firstSeen"), "data.issue.firstSeen") if action == "created" else None,
        ends_at_ms=reading.UNTIL_RESOLVED if status is AlertStatus.FIRING else None,
        is_made_fit=True,
    )


def _event(_: str, data: Mapping[str, Json]) -> AlertDraft:
    event = reading.object_of(data.get("event"), "data.event")
    rule = first_text(data.get("triggered_rule"), part_of(data, "issue_alert", "title"))
    event_id = first_text(event.get("event_id"), event.get("id"))
    return AlertDraft(
        severity=first_text(event.get("level"), "error"),
        source=_project(event.get("project")),
        name=_name(event),
        context=_tags(event.get("tags")) | _texts(event, _ISSUE_LABELS),
        annotations=_texts(event, _ISSUE_NOTES, url=text_of(event.get("web_url")), rule=rule),
        alert_id=f"sentry:{event_id}:{rule}" if event_id else None,
        event_ts=reading.second_of(event.get("datetime")),
        is_made_fit=True,
    )


def _metric(action: str, data: Mapping[str, Json]) -> AlertDraft:
    metric = reading.object_of(data.get("metric_alert"), "data.metric_alert")
    status = reading.one_of(_METRIC_ACTIONS, action, None)
    if status is None:
        raise reading.unknown("action", _METRIC_ACTIONS)
    rule = part_of(metric, "alert_rule")
    known_by = first_text(metric.get("identifier"), metric.get("id"), part_of(rule, "id"))
    if not known_by:
        raise reading.missing("data.metric_alert.id")
    is_firing = status is AlertStatus.FIRING
    began_at_ms = time_of(metric.get("date_started"), "data.metric_alert.date_started")
    ended_at_ms = time_of(metric.get("date_closed"), "data.metric_alert.date_closed")
    notes = {
        "summary": text_of(data.get("description_title")),
        "description": text_of(data.get("description_text")),
        "url": first_text(data.get("web_url"), metric.get("web_url")),
    }
    projects = metric.get("projects")
    return AlertDraft(
        severity=action if is_firing else None,
        source="sentry",
        name=reading.first_line(first_text(part_of(rule, "name"), metric.get("title"), notes["summary"])),
        context=reading.filled({"projects": reading.joined(projects, ", ") if reading.is_list(projects) else ""}),
        annotations=reading.filled(notes),
        fingerprint=reading.key_of("sentry", "metric", known_by),
        status=status,
        starts_at_ms=began_at_ms if is_firing else None,
        ends_at_ms=reading.UNTIL_RESOLVED if is_firing else ended_at_ms,
        is_made_fit=True,
    )


_KINDS: Final[Mapping[str, Callable[[str, Mapping[str, Json]], AlertDraft | str]]] = {
    "issue": _issue,
    "metric_alert": _metric,
    "event": _event,
    "error": lambda _, data: _event("", {"event": data.get("error")}),
}
"""What the data holds → how it is read."""


def _old_plugin(payload: Mapping[str, Json]) -> AlertDraft:
    event = reading.object_of(payload.get("event"), "event")
    event_id = first_text(event.get("event_id"), payload.get("id"))
    rules = payload.get("triggering_rules")
    project = first_text(payload.get("project_slug"), payload.get("project"), payload.get("project_name"), "sentry")
    title = first_text(event.get("title"), payload.get("message"), payload.get("culprit"))
    level = first_text(payload.get("level"), event.get("level"), "error")
    rule = reading.joined(rules, ", ") if reading.is_list(rules) else ""
    said = {**event, "culprit": payload.get("culprit"), "level": level}
    return AlertDraft(
        severity=level,
        source=project,
        name=reading.first_line(title),
        context=_tags(event.get("tags")) | _texts(said, _ISSUE_LABELS),
        annotations=_texts(said, _ISSUE_NOTES, url=text_of(payload.get("url")), rule=rule),
        alert_id=f"sentry:{event_id}" if event_id else None,
        is_made_fit=True,
    )


def _name(issue: Mapping[str, Json]) -> str:
    return reading.first_line(first_text(issue.get("title"), issue.get("message"), issue.get("culprit")))


def _project(project: Json) -> str:
    return first_text(part_of(project, "slug"), part_of(project, "name"), "sentry")


def _texts(issue: Mapping[str, Json], table: Mapping[str, tuple[str, ...]], **more: str) -> dict[str, str]:
    return reading.filled({name: text_of(part_of(issue, *keys)) for name, keys in table.items()} | more)


def _tags(tags: Json) -> dict[str, str]:
    pairs = [one for one in tags if reading.is_list(one) and len(one) == 2] if reading.is_list(tags) else []
    return {text_of(key): text_of(value) for key, value in pairs if value is not None}
