"""Makes an alert fit that is beyond the bounds, rather than refuse it: what matters most is kept, and it is marked.

Whoever sends through a dialect of another system, or writes records as existing producers do, does not know our bounds
and cannot be told of them: what is refused there is lost. So texts that are too long are cut and end with `CUT`; labels
and annotations that are too many are left out, the least important first; and the annotation `MARK` says what is
missing. What cannot be stored (NUL, lone surrogates) becomes U+FFFD, which shows by itself.

The same alert always becomes the same, and one that fits stays as it is: a record that is read twice is one alert.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from alerting_core import limits
from alerting_core.domain.alert import EVENT_TS_MAX, Alert, check_annotations, check_context
from alerting_core.domain.text import check_id, check_text, derive_uuid, storable

CUT: Final = " […]"
"""What a text ends with that was longer."""

MARK: Final = "alerting_cut"
"""The annotation that says what is missing."""

NAMELESS: Final = "(no name)"
"""In place of a name or a source that is blank."""

MOST_IMPORTANT: Final = (
    *("alertname", "severity", "priority", "summary", "description", "message", "title", "job", "service", "instance"),
    *("namespace", "cluster", "env", "environment", "region", "host", "hostname", "pod", "container"),
    *("runbook_url", "dashboard_url", "generatorURL"),
)
"""Labels and annotations that tell a person on call what is wrong and where; they are kept before all others."""

_RANK: Final[Mapping[str, int]] = {key: place for place, key in enumerate(MOST_IMPORTANT)}

_MARK_CHARS_MAX: Final = 200

_UNMARKED_BYTES_MAX: Final = limits.CONTEXT_BYTES_MAX - 4 * (len(MARK) + _MARK_CHARS_MAX)
"""Of all entries but the mark; a character has four bytes at the most."""

_KEYS_BYTES_MAX: Final = _UNMARKED_BYTES_MAX // 4
"""Of the keys of labels, and of those of annotations; the other half is enough for fifty characters of each value."""

_ID_KEPT_CHARS: Final = 200
"""Of an odd id; what is left over is for what tells it apart."""

_UNREADABLE_IN_IDS: Final = re.compile(r"[\x00-\x1f\x7f]")


def named(alert: Alert) -> Alert:
    """Return *alert* with something in the place of a name and a source that are blank."""
    if alert.name.strip() and alert.source.strip():
        return alert
    name, source = (text if text.strip() else NAMELESS for text in (alert.name, alert.source))
    return replace(alert, name=name, source=source)


def fitted(alert: Alert) -> Alert:
    """Return *alert* within the bounds of `check_alert`.

    What it is about is never guessed at: its name, its source, its owner and its life are there, or it stays as it is.
    Bytes that are no alert are rarely more than that.
    """
    done: list[str] = []
    fit = replace(
        alert,
        alert_id=_fit_id(alert, done) if alert.life is None else alert.alert_id,
        event_ts=_fit_time(alert.event_ts, done),
        source=_fit_name("source", alert.source, done),
        name=_fit_name("name", alert.name, done),
    )
    context, annotations = fitted_texts(alert.context, alert.annotations, said=done)
    return replace(fit, context=context, annotations=annotations)


def fitted_texts(
    context: Mapping[str, str], annotations: Mapping[str, str], *, said: Sequence[str] = ()
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return labels and annotations within the bounds of `check_context` and `check_annotations`, in their order.

    Args:
        context: Any texts.
        annotations: Any texts, which share the room of the labels.
        said: What the mark says besides.
    """
    given = (context, annotations)
    labels, notes = map(_storable_entries, given)
    lost = sum(map(len, given)) - len(labels) - len(notes)
    cut_keys = sum(len(key) > limits.CONTEXT_KEY_CHARS_MAX for one in given for key in one)
    if not said and not lost and not cut_keys and not check_context(labels) and not check_annotations(notes, labels):
        return labels, notes
    before = notes.pop(MARK, None)
    kept_labels = _most_important(labels, count_max=limits.CONTEXT_ENTRIES_MAX)
    kept_notes = _most_important(notes, count_max=limits.ANNOTATIONS_MAX - 1)
    fit_labels, fit_notes = _short_enough(kept_labels, kept_notes)
    left_out = lost + len(labels) - len(fit_labels) + len(notes) - len(fit_notes)
    cut = cut_keys + _count_cut(labels, fit_labels) + _count_cut(notes, fit_notes)
    sentences = [*([] if before is None else [before]), *said, *_counted(left_out, "left out"), *_counted(cut, "cut")]
    return fit_labels, fit_notes | {MARK: cut_to("; ".join(sentences), _MARK_CHARS_MAX)}


def _count_cut(entries: Mapping[str, str], fit: Mapping[str, str]) -> int:
    return sum(entries[key] != value for key, value in fit.items())


def cut_to(text: str, chars_max: int) -> str:
    """Return *text*, or its beginning and `CUT`, in *chars_max* characters at the most."""
    return text if len(text) <= chars_max else text[: chars_max - len(CUT)] + CUT


def _counted(count: int, what: str) -> list[str]:
    return [f"{count} {'entry' if count == 1 else 'entries'} {what}"] if count else []


def _fit_id(alert: Alert, done: list[str]) -> str:
    alert_id = alert.alert_id
    if not tuple(check_id("", alert_id, chars_max=limits.ID_CHARS_MAX)):
        return alert_id
    if not alert_id.strip():
        # Two that are alike in everything are one alert, as two with the same id would be.
        parts = [part for key in sorted(alert.context) for part in (key, alert.context[key])]
        done.append("no alert_id")
        return derive_uuid(
            "no alert id", alert.source, alert.name, str(alert.event_ts), str(int(alert.severity)), *parts
        )
    readable = _UNREADABLE_IN_IDS.sub("\N{REPLACEMENT CHARACTER}", storable(alert_id)).strip()
    done.append("another alert_id")
    # Two odd ids that begin alike stay two.
    return f"{readable[:_ID_KEPT_CHARS]}~{derive_uuid('odd alert id', alert_id)}"


def _fit_time(event_ts: int, done: list[str]) -> int:
    if 0 <= event_ts <= EVENT_TS_MAX:
        return event_ts
    if event_ts < 0:
        done.append(f"event_ts was {event_ts}")
        return 0
    # Milliseconds, microseconds or nanoseconds: no alert is of the year 10000.
    while event_ts > EVENT_TS_MAX:
        event_ts //= 1_000
    return event_ts


def _fit_name(field: str, text: str, done: list[str]) -> str:
    if not tuple(check_text("", text, chars_max=limits.ID_CHARS_MAX)):
        return text
    if len(text) > limits.ID_CHARS_MAX:
        done.append(f"{field} cut")
    return cut_to(storable(text), limits.ID_CHARS_MAX)


def _storable_entries(context: Mapping[str, str]) -> dict[str, str]:
    """Return the entries with texts that can be stored; of two keys that become one, the first one's."""
    entries: dict[str, str] = {}
    for key, value in context.items():
        named = storable(key) if key.strip() else NAMELESS
        entries.setdefault(cut_to(named, limits.CONTEXT_KEY_CHARS_MAX), storable(value))
    return entries


def _most_important(entries: Mapping[str, str], *, count_max: int) -> dict[str, str]:
    """Return *count_max* of the entries at the most, in their order."""
    # Of those that nobody knows, the first ones are kept: senders put what matters there.
    ranked = sorted(entries, key=lambda key: _RANK.get(key, len(_RANK)))
    kept: set[str] = set()
    size = 0
    for key in ranked[:count_max]:
        size += len(key.encode())
        if size <= _KEYS_BYTES_MAX:
            kept.add(key)
    return {key: value for key, value in entries.items() if key in kept}


def _short_enough(*maps: Mapping[str, str]) -> tuple[dict[str, str], ...]:
    """Return the entries with the longest values cut until all fit, and the mark with them."""
    longest = limits.CONTEXT_VALUE_CHARS_MAX
    while True:
        cut = tuple({key: cut_to(value, longest) for key, value in entries.items()} for entries in maps)
        size = sum(len(key.encode()) + len(value.encode()) for values in cut for key, value in values.items())
        if size <= _UNMARKED_BYTES_MAX:
            return cut
        longest = longest * 7 // 8
