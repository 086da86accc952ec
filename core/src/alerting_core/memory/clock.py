"""Time that is set, not told."""


class MemoryClock:
    """A clock that stands still until somebody moves it, in either direction."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms
        self._monotonic_ms = 0.0

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self._now_ms

    def monotonic_ms(self) -> float:
        """Return the milliseconds by which the clock was advanced so far; jumps do not count."""
        return self._monotonic_ms

    def set(self, now_ms: int) -> None:
        """Let the wall clock jump to *now_ms*."""
        self._now_ms = now_ms

    def advance(self, ms: int) -> None:
        """Let *ms* pass; when negative, let the wall clock jump back by as much."""
        self._now_ms += ms
        self._monotonic_ms += max(0, ms)
