"""Time that is set, not told."""


class MemoryClock:
    """A clock that stands still until somebody moves it, in either direction."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self._now_ms

    def set(self, now_ms: int) -> None:
        """Jump to *now_ms*."""
        self._now_ms = now_ms

    def advance(self, ms: int) -> None:
        """Move by *ms*; backwards when negative."""
        self._now_ms += ms
