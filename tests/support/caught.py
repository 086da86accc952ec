"""What kills caught under way: the only messages that may arrive once more."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from alerting_core.errors import PortUnavailable
from tests.support.receiver import Told
from tests.support.stored import Lease, Stored


@dataclass
class Caught:
    """The leases that kills caught.

    Attributes:
        at_work: How many looks found leases that no look before had found.
        is_due: Whether there was a kill since the last look into the database.
    """

    leases: set[Lease] = field(default_factory=set)
    at_work: int = 0
    is_due: bool = False

    def look(self, stored: Stored) -> None:
        """Note what is leased. Looking later sees more, never less: a lease of the dead lasts a minute."""
        if self.is_due:
            leases = stored.leases()
            self.at_work += bool(leases - self.leases)
            self.leases |= leases
            self.is_due = False

    def look_if_it_runs(self, stored: Stored) -> None:
        """Look, unless the server is down or on its way up: then the next look is for this kill too."""
        with suppress(PortUnavailable):
            self.look(stored)

    def times(self) -> Counter[Told]:
        """Return how often each delivery was caught."""
        return Counter(told for _, told in self.leases)
