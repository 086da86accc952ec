"""Who is there: how a sender shows that it lives, and how others take back what one that is gone had leased.

A lease protects a delivery from being sent twice at once; after the end of its sender it only delays it. The end of a
process is seen at once where its connection to the store ends with it; where it is not (a machine that lost its
network), the lease runs out as ever.
"""

from collections.abc import Collection
from typing import Protocol


class Presence(Protocol):
    """A sender's sign of life."""

    @property
    def sender(self) -> str:
        """Return the name of this sender, that no other process has or will have."""
        ...

    def new_owner(self) -> str:
        """Return the owner of a new claim, that no other claim has or will have.

        Raises:
            PortUnavailable: The sign is not there at present; what was claimed now, others could take for abandoned.
        """
        ...


class AbandonedLeases(Protocol):
    """The leases of senders that are gone."""

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and show no sign of life at this moment.

        Args:
            now_ms: Leases that ran out by then need no taking back.
            lease_ms: How long leases are; of longer ones the sender may be missed.
        """
        ...

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Make due at once what those of *senders* had leased that are absent; return how many, at most *limit*.

        A sender that is there keeps its leases, however slow it is: its sign is looked at in the same step. Each
        lease that is taken back leaves an attempt on record that was INTERRUPTED, without a step of the schedule. An
        owner that lives after all may still record what came of its attempt, as one whose lease ran out may.
        """
        ...
