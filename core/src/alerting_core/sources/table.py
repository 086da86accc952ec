"""The sources: each system whose payloads are read, by the name that its route has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from alerting_core.app.sns import Envelope, read_envelope
from alerting_core.sources import alertmanager, datadog, generic, pagerduty, sentry, sns
from alerting_core.sources.reading import Json, Reading, Readings


class SourceName(StrEnum):
    """The systems; the names are in addresses and never change."""

    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"
    SNS = "sns"
    DATADOG = "datadog"
    PAGERDUTY = "pagerduty"
    SENTRY = "sentry"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Hints:
    """What a payload does not say.

    Attributes:
        severity: Of alerts whose payload names none.
        source_label: The label that names the source, of Alertmanager and Grafana.
        new_key: The `dedup_key` of an event of PagerDuty that has none.
        mapping: Of a generic payload.
    """

    severity: str | None = None
    source_label: str = "job"
    new_key: str = ""
    mapping: generic.GenericMapping | None = None


def read_source(name: SourceName, payload: Json, hints: Hints) -> Readings:
    """Read *payload* as what *name* sends, piece by piece.

    Of SNS it may also be an `Envelope`: whoever takes alerts in has seen to it that it is genuine (`app.sns`).
    """
    for reading in _READERS[name](payload, hints):
        drafts = [(path, replace(draft, severity=draft.severity or hints.severity)) for path, draft in reading.drafts]
        yield replace(reading, drafts=drafts)


def _sns(payload: Json, hints: Hints) -> Readings:
    envelope = payload if isinstance(payload, Envelope) else read_envelope(payload)
    if not isinstance(envelope, Envelope):
        return iter([Reading(problems=envelope)])
    return sns.read_sns(envelope, alarm_severity=hints.severity)


def _generic(payload: Json, hints: Hints) -> Readings:
    assert hints.mapping is not None, "a generic payload is read by a mapping"
    return generic.read_generic(payload, hints.mapping)


_READERS: Final[Mapping[SourceName, Callable[[Json, Hints], Readings]]] = {
    SourceName.ALERTMANAGER: lambda payload, hints: alertmanager.read_alertmanager(payload, hints.source_label),
    SourceName.GRAFANA: lambda payload, hints: alertmanager.read_grafana(payload, hints.source_label),
    SourceName.SNS: _sns,
    SourceName.DATADOG: lambda payload, _: datadog.read_datadog(payload),
    SourceName.PAGERDUTY: lambda payload, hints: pagerduty.read_pagerduty(payload, new_key=hints.new_key),
    SourceName.SENTRY: lambda payload, _: sentry.read_sentry(payload),
    SourceName.GENERIC: _generic,
}
"""Exactly one per source."""
