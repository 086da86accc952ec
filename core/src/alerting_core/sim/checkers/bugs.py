"""Stages end by being stopped or killed, not by errors of their own."""

from typing import ClassVar

from alerting_core.sim.checkers.checker import Checker
from alerting_core.sim.facts import Fact, Raised


class NoBugs(Checker):
    """No stage raises anything but what may pass."""

    name: ClassVar[str] = "no-bugs"
    sees = (Raised,)

    def see(self, fact: Fact) -> None:
        """Report the error."""
        assert isinstance(fact, Raised)
        self.blame(f"{fact.process.name} raised {fact.error!r}")
