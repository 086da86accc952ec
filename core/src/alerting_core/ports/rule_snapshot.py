"""Write side of the shared snapshot of all rules that evaluators read through `RuleSource`.

The snapshot is a copy of the database of record and never the only place where a rule is. It may vanish at any moment
as a whole (its store was emptied): then it is missing until it was built anew, and at no time are there only some of
its clients.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.ports.rule_origin import RulesAsOf


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """A snapshot that is there.

    Attributes:
        epoch: Its first version. A snapshot that was built anew has another one.
        version: One more with each client that was changed.
        suspect: A reader found that it is not what was written.
    """

    epoch: int
    version: int
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class HeldRules:
    """What the snapshot holds of one client.

    Attributes:
        as_of: Of the reading that it is from, -1 when there has been none.
        checksum: Of the rules as a reader would get them; None when a reader could not use them.
    """

    as_of: int
    checksum: str | None


class SnapshotBuild(Protocol):
    """A new snapshot under construction, which no reader sees."""

    async def add(self, rules: RulesAsOf) -> None:
        """Put clients in, except those that are in it from a newer reading.

        Raises:
            FencedOff: The claim was lost: it lapsed and another took it, or the store was emptied.
            PortUnavailable: The store is away.
        """
        ...

    async def finish(self) -> None:
        """Make it the snapshot, in one step and under a new epoch; nothing of the old one is left.

        Raises:
            FencedOff: The claim was lost; the snapshot is as it was.
            PortUnavailable: The store is away.
        """
        ...


class RulePublisher(Protocol):
    """Changes single clients of the snapshot."""

    async def replace(self, rules: RulesAsOf) -> int:
        """Put these clients in with exactly these rules, each client in one step; return how many were changed by it.

        A client that is held from a newer reading is left as it is: whoever comes late undoes nothing. A client that
        is held with just these rules stays so, and the version with it. Every other one raises the version by one and
        is among the changes that readers are told. While a new snapshot is under construction the clients are put into
        that one too.

        Raises:
            PortUnavailable: The store is away, or has no snapshot and none is under construction: nothing of it may be
                taken for done.
        """
        ...


class RuleSnapshotStore(RulePublisher, Protocol):
    """The whole snapshot: looked at, checked and built anew."""

    async def state(self) -> SnapshotState | None:
        """Return what there is; None when there is no snapshot. Cheap."""
        ...

    async def held(self, client_ids: Collection[str]) -> Mapping[str, HeldRules]:
        """Return for each of these clients what the snapshot holds; a client that is not in it has no rules."""
        ...

    async def client_ids(self) -> Sequence[str]:
        """Return all clients of which the snapshot holds rules."""
        ...

    async def is_sound(self) -> bool:
        """Tell whether the snapshot's checksum of all rules is that of its clients. Looks at every client."""
        ...

    async def begin(self, owner: str) -> SnapshotBuild | None:
        """Claim the construction of a new snapshot; None while somebody has it.

        *owner* is made for this one construction: a builder that lost its claim could otherwise go on with what it read
        before. A claim lapses when nothing was added for `limits.SNAPSHOT_BUILD_LEASE_MS`. What an earlier one had
        begun is forgotten. Read the rules after this returned: every change that is put into the old snapshot from now
        on is put into the new one too.
        """
        ...
