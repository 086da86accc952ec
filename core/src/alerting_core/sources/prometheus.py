"""Alerts as Prometheus posts them to an Alertmanager (API version 2), which is also the form of Falco and many scripts.

Labels alone identify an alert; both times may be left out; nothing but labels has to be there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from alerting_core.app.intake import AlertDraft
from alerting_core.delivery.alertmanager import GENERATOR_URL, NAME_LABEL
from alerting_core.domain.alert import AlertStatus
from alerting_core.domain.episode import fingerprint_of_labels
from alerting_core.errors import ProblemCode
from alerting_core.sources import reading
from alerting_core.sources.reading import Json, Unreadable, first_text, text_of, texts_of, time_of

SOURCE_UNNAMED: Final = "prometheus"
"""The source of an alert without a label that names one."""

_NAME_LABELS: Final = (NAME_LABEL, "rule", "alert", "check", "name")
_NAME_ANNOTATIONS: Final = ("summary", "title", "message", "description")
_SEVERITY_LABELS: Final = ("severity", "priority", "level")
"""Labels and annotations that are asked for a name or a severity, in this order."""


ReadAlert: TypeAlias = Callable[[Mapping[str, Json]], AlertDraft]
"""Reads one alert of several; raises Unreadable."""


def read_posted_alerts(items: Sequence[Json], *, source_label: str) -> reading.Readings:
    """Read the body of a POST of alerts.

    Args:
        items: The alerts.
        source_label: The label that names the source.
    """
    return reading.read_each(items, lambda item: read_posted_alert(item, source_label=source_label))


def read_posted_alert(
    item: Mapping[str, Json], *, source_label: str, unnamed: str = SOURCE_UNNAMED, status: AlertStatus | None = None
) -> AlertDraft:
    """Read one alert.

    Args:
        item: With `labels`, and perhaps `annotations`, `startsAt`, `endsAt` and `generatorURL`.
        source_label: The label that names the source.
        unnamed: The source of an alert without it.
        status: What the alert is said to be besides its times.

    Raises:
        Unreadable: It has no label, or a time that is none.
    """
    labels = {
        label: value for label, value in texts_of(reading.object_of(item.get("labels"), "labels")).items() if value
    }
    if not labels:
        raise Unreadable("labels", ProblemCode.EMPTY, "at least one label with a value is needed")
    annotations = texts_of(item.get("annotations"))
    starts_at_ms, ends_at_ms = (
        time_of(item.get("startsAt"), "startsAt"),
        time_of(item.get("endsAt"), "endsAt"),
    )
    if starts_at_ms is not None and ends_at_ms is not None and ends_at_ms < starts_at_ms:
        raise Unreadable("endsAt", ProblemCode.OUT_OF_RANGE, "must not be before startsAt")
    return AlertDraft(
        severity=first_text(*(labels.get(label) for label in _SEVERITY_LABELS)) or None,
        source=first_text(labels.get(source_label), labels.get("source"), unnamed),
        name=name_of(labels, annotations),
        context=labels,
        annotations=reading.with_more(annotations, {GENERATOR_URL: text_of(item.get("generatorURL"))}),
        fingerprint=fingerprint_of_labels(labels),
        status=status,
        starts_at_ms=starts_at_ms,
        ends_at_ms=ends_at_ms,
        is_made_fit=True,
    )


def name_of(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """Return `alertname`, or what stands in for it; empty when nothing does."""
    named = first_text(*(labels.get(label) for label in _NAME_LABELS))
    return named or reading.first_line(first_text(*(annotations.get(one) for one in _NAME_ANNOTATIONS)))
