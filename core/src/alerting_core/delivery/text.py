"""Text that strangers wrote, made fit to be looked at, and the colour of each severity."""

import re
from collections.abc import Mapping
from typing import Final

from alerting_core.domain.alert import Severity

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
    Severity.LOW: "#16a34a",
    Severity.UNSPECIFIED: "#6b7280",
}
"""Used as a band beside dark text: as a background, two of them are too pale for white text to be read."""
