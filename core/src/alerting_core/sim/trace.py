"""What happened, line by line: the last lines for people, and one hash over all of them to compare two runs."""

from collections import deque
from hashlib import blake2b
from typing import Final

LINES_KEPT_MAX: Final = 400
"""What a person reads to understand a failure; a whole run has some ten thousand lines."""


class Trace:
    """Takes down lines.

    Args:
        lines_max: How many of the last lines are kept; None keeps all.
    """

    def __init__(self, *, lines_max: int | None = LINES_KEPT_MAX) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=lines_max)
        self._hash = blake2b(digest_size=16)
        self.count = 0

    def note(self, at_ms: int, text: str) -> None:
        """Take down *text*."""
        self.count += 1
        self._lines.append((at_ms, text))
        self._hash.update(f"{at_ms} {text}\n".encode(errors="replace"))

    def digest(self) -> str:
        """Return the hash of all lines so far, in hexadecimal."""
        return self._hash.hexdigest()

    def last(self, lines_max: int) -> list[str]:
        """Return the last lines, oldest first, each with its virtual time in seconds."""
        lines = list(self._lines)[-lines_max:]
        return [f"{at_ms / 1_000:>10.3f}  {text}" for at_ms, text in lines]
