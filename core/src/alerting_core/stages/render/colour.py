"""What each severity looks like, the same in every channel."""

from collections.abc import Mapping
from typing import Final

from alerting_core.domain.severity import Severity

SEVERITY_COLOURS: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "#dc2626",
    Severity.HIGH: "#ea580c",
    Severity.MEDIUM: "#ca8a04",
    Severity.LOW: "#16a34a",
    Severity.UNSPECIFIED: "#6b7280",
}
"""Used as a band beside dark text: as a background, two of them are too pale for white text to be read."""
