"""What time it is."""

from typing import Protocol


class Clock(Protocol):
    """Wall-clock time. It may jump, also backwards: nothing may be lost when it does."""

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        ...
