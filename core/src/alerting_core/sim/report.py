"""What a run came to, and what happened in it line by line."""

from collections import Counter, deque
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from alerting_core.sim.faults import Faults

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


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken.

    Attributes:
        checker: Which promise.
        message: What happened, for people.
    """

    checker: str
    message: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """One world from its first alert to its last delivery.

    Attributes:
        counts: How often each kind of thing happened, faults by their names among them.
        digest: Hash of the whole trace: the same for the same seed, everywhere.
        virtual_ms: How long it lasted.
        last_lines: The end of the trace.
    """

    seed: int
    faults: Faults
    violations: tuple[Violation, ...]
    counts: Counter[str]
    digest: str
    virtual_ms: int
    last_lines: tuple[str, ...] = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations

    def failure(self, *, lines_max: int = 40) -> str:
        """Return what to read and what to paste when a promise was broken."""
        broken = "\n".join(f"  {v.at_ms / 1_000:>9.3f}  {v.checker}: {v.message}" for v in self.violations)
        happening = {name: rate for name, rate in _rates(self.faults).items() if rate}
        faults = ", ".join(f"{name}={rate:.3g}" for name, rate in happening.items()) or "none"
        trace = "\n".join(f"  {line}" for line in self.last_lines[-lines_max:])
        return f"make sim SEED={self.seed}\nbroken:\n{broken}\nfaults: {faults}\nlast events:\n{trace}"


def _rates(faults: Faults) -> dict[str, float]:
    return {name: getattr(faults, name) for name in Faults.__slots__}
