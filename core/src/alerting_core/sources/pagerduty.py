"""PagerDuty's Events API, version 2: what its many senders speak.

An event triggers an alert, acknowledges it or resolves it, by its `dedup_key`. PagerDuty gives an alert that has none a
key of its own, which the answer tells; who sends no key never resolves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from alerting_core.app.intake import AlertDraft
from alerting_core.domain.alert import AlertStatus
from alerting_core.sources import reading
from alerting_core.sources.reading import Json, first_text, flattened, part_of, text_of, time_of

_TRIGGER, _ACKNOWLEDGE, _RESOLVE = "trigger", "acknowledge", "resolve"
_ACTIONS: Final = {one: one for one in (_TRIGGER, _ACKNOWLEDGE, _RESOLVE)}

_FIELDS: Final = ("component", "group", "class", "severity", "source")
"""Of the payload, which are labels, as they are called."""


def read_pagerduty(payload: Json, *, new_key: str) -> reading.Readings:
    """Read an event.

    Args:
        payload: The event.
        new_key: The `dedup_key` of one that has none.
    """
    return reading.read_whole(
        payload, lambda event: _alert(event, dedup_key=text_of(event.get("dedup_key")) or new_key)
    )


def _alert(event: Mapping[str, Json], *, dedup_key: str) -> AlertDraft | str:
    action = reading.one_of(_ACTIONS, event.get("event_action"), "")
    if not action:
        raise reading.unknown("event_action", _ACTIONS)
    if action != _TRIGGER and not text_of(event.get("dedup_key")):
        raise reading.missing("dedup_key", f"is required to {action} an alert")
    if action == _ACKNOWLEDGE:
        return "acknowledge: somebody has seen it, and it fires until it is resolved"
    known_by = reading.key_of("pagerduty", dedup_key)
    if action == _RESOLVE:
        return AlertDraft(
            severity=None,
            source="pagerduty",
            name=dedup_key,
            fingerprint=known_by,
            status=AlertStatus.RESOLVED,
            is_made_fit=True,
        )
    return replace(_triggered(event), fingerprint=known_by)


def _triggered(event: Mapping[str, Json]) -> AlertDraft:
    payload = reading.object_of(event.get("payload"), "payload")
    summary = text_of(payload.get("summary"))
    if not summary.strip():
        raise reading.missing("payload.summary")
    return AlertDraft(
        severity=text_of(payload.get("severity")) or None,
        source=first_text(payload.get("source"), event.get("client"), "pagerduty"),
        # What kind of thing it is stays the same from alert to alert, which a rule can name; a summary rarely does.
        name=reading.first_line(first_text(payload.get("class"), payload.get("component"), summary)),
        context=reading.filled({field: text_of(payload.get(field)) for field in _FIELDS}),
        annotations=_annotations(event, payload, summary),
        status=AlertStatus.FIRING,
        starts_at_ms=time_of(payload.get("timestamp"), "payload.timestamp"),
        ends_at_ms=reading.UNTIL_RESOLVED,
        is_made_fit=True,
    )


def _annotations(event: Mapping[str, Json], payload: Mapping[str, Json], summary: str) -> dict[str, str]:
    details = payload.get("custom_details")
    more = flattened(details) if isinstance(details, dict) else {"details": text_of(details)}
    links = {f"link {number}": _link(one) for number, one in _links(event)}
    # The event's own fields go before details of the same name.
    said = {"client": text_of(event.get("client")), "client_url": text_of(event.get("client_url")), **links}
    return reading.with_more({"summary": summary, **reading.filled(said)}, more)


def _links(event: Mapping[str, Json]) -> Iterable[tuple[int, Json]]:
    links = event.get("links")
    return enumerate(links, 1) if reading.is_list(links) else ()


def _link(link: Json) -> str:
    return reading.joined((part_of(link, "text"), part_of(link, "href")))
