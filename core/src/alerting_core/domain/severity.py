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

    @classmethod
    def from_number(cls, number: int) -> "Severity":
        """Read a number of the wire; one that this version does not know is UNSPECIFIED."""
        return _BY_NUMBER.get(number, cls.UNSPECIFIED)


SEVERITY_NAMES: Final = tuple(one.name for one in Severity if one is not Severity.UNSPECIFIED)
"""What a caller may name, mildest first."""

_BY_NUMBER: Final = {int(s): s for s in Severity}
