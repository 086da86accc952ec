"""What a run came to."""

from collections import Counter
from dataclasses import dataclass, field

from alerting_core.sim.faults import Faults


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
