"""Amazon SNS over HTTPS: CloudWatch's alarms, events of EventBridge, and any other message that a topic has.

A message is a JSON object that carries another text; what it says of itself (`Envelope`) is also what its signature is
made of. Who may speak here, and whether the signature is right, is seen to before anything is read: `app.sns`.
"""

import json
from collections.abc import Mapping
from typing import Final

from alerting_core.app.intake import AlertDraft
from alerting_core.app.sns import Envelope
from alerting_core.domain.alert import AlertStatus
from alerting_core.sources import reading
from alerting_core.sources.reading import Json, first_text, flattened, part_of, text_of, texts_of, time_of

_ALARM_STATES: Final[Mapping[str, AlertStatus | None]] = {
    "alarm": AlertStatus.FIRING,
    "insufficient_data": AlertStatus.FIRING,
    "ok": AlertStatus.RESOLVED,
}
_ALARM_SEVERITY: Final = "HIGH"
"""CloudWatch knows no severity. Who wants another one says so in the subscription's URL."""

_NO_DATA_SEVERITY: Final = "LOW"

_ALARM_NOTES: Final[Mapping[str, tuple[str, ...]]] = {
    "summary": ("NewStateReason",),
    "description": ("AlarmDescription",),
    "alarm_rule": ("AlarmRule",),
}
_ALARM_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "state": ("NewStateValue",),
    "region": ("Region",),
    "account": ("AWSAccountId",),
    "metric": ("Trigger", "MetricName"),
    "namespace": ("Trigger", "Namespace"),
    "threshold": ("Trigger", "Threshold"),
    "comparison": ("Trigger", "ComparisonOperator"),
    "alarm_arn": ("AlarmArn",),
}
"""Label, or annotation → where an alarm says it."""


def read_sns(envelope: Envelope, *, alarm_severity: str | None = None) -> reading.Readings:
    """Read a notification whose sender is known.

    Args:
        envelope: The notification.
        alarm_severity: Of an alarm of CloudWatch; HIGH unless given.
    """
    inner = _json_of(envelope.message)
    if reading.is_object(inner) and "AlarmName" in inner and "NewStateValue" in inner:
        return reading.read_whole(inner, lambda alarm: _alarm(alarm, severity=alarm_severity or _ALARM_SEVERITY))
    draft = _event(inner, envelope) if reading.is_object(inner) else _text(envelope)
    return iter([reading.Reading([("", draft)])])


def _json_of(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _alarm(alarm: Mapping[str, Json], *, severity: str) -> AlertDraft:
    state = text_of(alarm.get("NewStateValue"))
    status = reading.one_of(_ALARM_STATES, state, None)
    if status is None:
        raise reading.unknown("Message.NewStateValue", ("ALARM", "OK", "INSUFFICIENT_DATA"))
    is_firing = status is AlertStatus.FIRING
    changed_at_ms = time_of(alarm.get("StateChangeTime"), "Message.StateChangeTime")
    labels, notes = (
        reading.filled({key: text_of(part_of(alarm, *keys)) for key, keys in table.items()})
        for table in (_ALARM_LABELS, _ALARM_NOTES)
    )
    return AlertDraft(
        severity=_NO_DATA_SEVERITY if state.casefold() == "insufficient_data" else severity,
        source="cloudwatch",
        name=text_of(alarm.get("AlarmName")),
        context=labels | _dimensions(part_of(alarm, "Trigger", "Dimensions")),
        annotations=notes,
        fingerprint=reading.key_of("cloudwatch", *_identity(alarm)),
        status=status,
        starts_at_ms=changed_at_ms if is_firing else None,
        ends_at_ms=reading.UNTIL_RESOLVED if is_firing else changed_at_ms,
        is_made_fit=True,
    )


def _identity(alarm: Mapping[str, Json]) -> tuple[Json, ...]:
    arn = text_of(alarm.get("AlarmArn"))
    return (arn,) if arn else (alarm.get("AWSAccountId"), alarm.get("Region"), alarm.get("AlarmName"))


def _dimensions(found: Json) -> dict[str, str]:
    pairs = [one for one in found if reading.is_object(one)] if reading.is_list(found) else []
    return {text_of(one.get("name")): text_of(one.get("value")) for one in pairs}


def _event(event: Mapping[str, Json], envelope: Envelope) -> AlertDraft:
    """Read an event of EventBridge, or any other object."""
    title = first_text(event.get("detail-type"), envelope.subject, event.get("title"), event.get("name"))
    return AlertDraft(
        severity=first_text(event.get("severity"), part_of(event, "detail", "severity")) or None,
        source=first_text(event.get("source"), "sns"),
        name=reading.first_line(title or envelope.topic),
        context=flattened(dict(event)),
        alert_id=f"sns:{envelope.message_id}",
        event_ts=reading.second_of(event.get("time"), envelope.timestamp),
        is_made_fit=True,
    )


def _text(envelope: Envelope) -> AlertDraft:
    attributes = texts_of({key: part_of(one, "Value") for key, one in envelope.attributes.items()})
    return AlertDraft(
        severity=first_text(attributes.get("severity")) or None,
        source="sns",
        name=reading.first_line(first_text(envelope.subject, envelope.topic)),
        context=attributes | {"topic": envelope.topic_arn},
        annotations={"description": envelope.message},
        alert_id=f"sns:{envelope.message_id}",
        event_ts=reading.second_of(envelope.timestamp),
        is_made_fit=True,
    )
