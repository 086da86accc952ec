"""Time and identity in memory: a clock that is set by hand, and ids that are counted."""

from random import Random
from uuid import UUID


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


class SeededIds:
    """Source of identity that is as unguessable as its seed: for worlds that nobody attacks."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def new_uuid(self) -> str:
        """Return a fresh UUID, version 4."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes."""
        return self._random.randbytes(count)
