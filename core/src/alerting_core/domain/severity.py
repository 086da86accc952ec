"""How bad an alert is. The numbers are those on the wire and never change."""

from enum import IntEnum
from typing import Final

WILDCARD: Final = "*"
"""In a rule's field: any value, unknown severities included. In an alert's own field it is plain text."""


class Severity(IntEnum):
    """Severity of an alert. An unknown number from a newer producer reads as UNSPECIFIED."""

    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


SEVERITY_NAMES: Final = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""What a caller may name, mildest first."""

_BY_NUMBER: Final = {int(s): s for s in Severity}


def severity_from_wire(number: int) -> Severity:
    """Read a wire number; numbers this version does not know are UNSPECIFIED, which only wildcard rules meet."""
    return _BY_NUMBER.get(number, Severity.UNSPECIFIED)
