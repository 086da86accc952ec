"""Text that strangers wrote, made fit to be looked at; the colour of each severity; how long an alert fired."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from alerting_core.domain.alert import Severity
from alerting_core.domain.notification import Notification
from alerting_core.domain.text import for_people

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters but white space
    "\u202a-\u202e\u2066-\u2069"  # directional embeddings, overrides and isolates
    "\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f"  # annotations and tags
    "\ud800-\udfff]"  # lone surrogates, which UTF-8 cannot encode
)
_LINE_END: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

NOTHING: Final = "–"
"""Stands for an empty value: an empty cell looks like a mistake, and Slack refuses one."""


def shown_lines(text: str, *, chars_max: int) -> str:
    """Return *text* without what is unseen, its line ends as `\\n`, cut to *chars_max* characters."""
    # What is cut off anyway is not looked at: the work is bounded by what is shown.
    cleaned = _UNSEEN.sub("\ufffd", _LINE_END.sub("\n", text[: 2 * chars_max])).strip()
    return cut(cleaned, chars_max=chars_max) or NOTHING


def shown(text: str, *, chars_max: int) -> str:
    """Return *text* as `shown_lines` does, in one line, with single blanks."""
    return cut(" ".join(shown_lines(text, chars_max=2 * chars_max).split()), chars_max=chars_max)


def cut(text: str, *, chars_max: int) -> str:
    """Return *text* with at most *chars_max* characters, the last one `…` when something is missing."""
    return text if len(text) <= chars_max else f"{text[: chars_max - 1].rstrip()}…"


SEVERITY_COLOURS: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "#dc2626",
    Severity.HIGH: "#ea580c",
    Severity.MEDIUM: "#ca8a04",
    Severity.LOW: "#2563eb",
    Severity.UNSPECIFIED: "#6b7280",
}
"""None is green, which says that it is over. Used as a band beside dark text: as a background, two of them are too pale
for white text to be read."""

RESOLVED_COLOUR: Final = "#15803d"
"""Of whatever says that an alert is over, whatever its severity was."""

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def colour_of(notification: Notification) -> str:
    """Return the colour at which a glance says how bad it is, or that it is over."""
    return SEVERITY_COLOURS[notification.severity] if notification.ends_at is None else RESOLVED_COLOUR


def times_of(notification: Notification) -> Sequence[tuple[str, str]]:
    """Return when the alert happened, and of one that is over also when it ended and how long it fired, with names."""
    began = ("Time", for_people(notification.event_ts))
    if notification.ends_at is None:
        return (began,)
    return (began, ("Ended", for_people(notification.ends_at)), ("Duration", duration_of(notification) or ""))


def duration_of(notification: Notification) -> str | None:
    """Return how long an alert fired that is over; None while it fires, and of an event."""
    if notification.ends_at is None:
        return None
    return duration_shown(max(0, notification.ends_at - notification.event_ts))


def duration_shown(seconds: int) -> str:
    """Return a duration in its two largest units, the second one left out where there is none of it: `2 h 5 min`."""
    parts: list[str] = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
        if count and len(parts) == 1:
            continue
        if parts:
            break
    return " ".join(parts) or "0 s"
