"""The webhooks of an Alertmanager (version 4) and of Grafana's alerting, which has the same form and some fields more.

Both send a group of alerts whenever it changes, with the state of each, and not before a while has passed otherwise: an
alert fires until they say that it is resolved.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from alerting_core.app.intake import AlertDraft
from alerting_core.domain.alert import AlertStatus
from alerting_core.sources import prometheus, reading
from alerting_core.sources.reading import Json, Unreadable, text_of, texts_of

_STATUSES: Final[Mapping[str, AlertStatus | None]] = {
    "firing": AlertStatus.FIRING,
    "alerting": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "ok": AlertStatus.RESOLVED,
    "": AlertStatus.FIRING,
}
"""Status of an alert → ours; none is that of an alert that fires."""

_LINKS_OF_GRAFANA: Final = ("dashboardURL", "panelURL", "silenceURL", "imageURL", "valueString")
"""What Grafana says of an alert besides."""


def read_alertmanager(payload: Json, source_label: str) -> reading.Readings:
    """Read a webhook of an Alertmanager."""
    return _read(payload, lambda item: _alert(item, source_label=source_label, unnamed="alertmanager"))


def read_grafana(payload: Json, source_label: str) -> reading.Readings:
    """Read a webhook of Grafana's alerting."""
    return _read(payload, lambda item: _alert_of_grafana(item, source_label=source_label))


def _read(payload: Json, read: prometheus.ReadAlert) -> reading.Readings:
    try:
        items = reading.items_of(payload, "alerts")
    except Unreadable as error:
        return iter([reading.Reading(problems=[error.problem])])
    return reading.read_each(items, read, path="alerts")


def _alert(item: Mapping[str, Json], *, source_label: str, unnamed: str) -> AlertDraft:
    status = reading.one_of(_STATUSES, item.get("status"), None)
    if status is None:
        raise reading.unknown("status", ("firing", "resolved"))
    if status is AlertStatus.FIRING:
        # Its end is not set then, or is when Prometheus will have forgotten it, which is not for us.
        item = {**item, "endsAt": None}
    draft = prometheus.read_posted_alert(item, source_label=source_label, unnamed=unnamed, status=status)
    return replace(draft, ends_at_ms=reading.UNTIL_RESOLVED) if status is AlertStatus.FIRING else draft


def _alert_of_grafana(item: Mapping[str, Json], *, source_label: str) -> AlertDraft:
    draft = _alert(item, source_label=source_label, unnamed="grafana")
    links = {key: text_of(item.get(key)) for key in _LINKS_OF_GRAFANA}
    values = {f"value {name}": text for name, text in texts_of(item.get("values")).items()}
    return replace(draft, annotations=reading.with_more(draft.annotations, links | values))
