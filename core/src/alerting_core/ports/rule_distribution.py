"""How rules get to the evaluators: outbox, database of record, shared snapshot, source; whether two hold the same."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from alerting_core.codec.records import RuleChanged
from alerting_core.domain.rule import Rule
from alerting_core.matching.index import digest, key_of

NO_RULES: Final = "0" * 16
"""The checksum of no rules at all."""


def rules_checksum(rules: Iterable[Rule]) -> str:
    """Return 16 hex digits that stand for the enabled ones of *rules*."""
    return _text(digest(rule.rule_id, rule.client_id, key_of(rule)) for rule in rules if rule.enabled)


def combined_checksum(checksums: Iterable[str]) -> str:
    """Return the checksum of all the rules that *checksums* stand for; no rule may be in two of them."""
    return _text(int(checksum, 16) for checksum in checksums)


def _text(numbers: Iterable[int]) -> str:
    together = 0
    for number in numbers:
        together ^= number
    return f"{together:016x}"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One change. `change_id` grows with the order in which the changes were committed."""

    change_id: int
    message: RuleChanged


class Outbox(Protocol):
    """What was written in the transactions that changed rules: nothing is told that did not happen, or the reverse."""

    async def unpublished(self, *, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest changes that are not marked as published, in commit order, at most *limit*.

        Asking again returns the same ones until they are marked. A change whose transaction is still open is not
        there yet, nor is any later one.

        Raises:
            PortUnavailable: The database is away.
        """
        ...

    async def mark_published(self, change_ids: Sequence[int], *, now_ms: int) -> None:
        """Note that these changes were published; those that are marked already, or are gone, are left as they are.

        Raises:
            PortUnavailable: The database is away; none or all are marked.
        """
        ...


@dataclass(frozen=True, slots=True)
class RulesAsOf:
    """All enabled rules of some clients, read at one moment.

    Attributes:
        as_of: Number of the latest change of any rule that is in it; every earlier change is in it too, no later one
            is. Of two readings of a client the one with the larger number is newer, and with equal numbers they are
            the same.
        by_client: Empty for a client that has no enabled rule, or does not exist.
    """

    as_of: int
    by_client: Mapping[str, Sequence[Rule]]


class RuleDatabase(Protocol):
    """Read side of the rules for those who spread them."""

    async def rules_of(self, client_ids: Collection[str]) -> RulesAsOf:
        """Return the enabled rules of these clients; every one of them is in the answer.

        Raises:
            PortUnavailable: The database is away.
        """
        ...

    async def next_clients(self, after: str | None, *, clients_max: int) -> RulesAsOf:
        """Return the next *clients_max* clients that exist, with their enabled rules, in an order of the origin's own.

        *after* is the last client of the answer before, None to begin with. An empty answer is the end. A client that
        exists all the while comes exactly once.

        Raises:
            PortUnavailable: The database is away.
        """
        ...


@dataclass(frozen=True, slots=True)
class RuleSnapshot:
    """All enabled rules as of *version*.

    Attributes:
        checksum: Of these rules, as `RuleIndex.checksum`; None from a source that has them from the tables themselves.
    """

    version: int
    rules: Sequence[Rule]
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """What changed up to *version*: for each changed client all its enabled rules, empty when it has none left.

    Attributes:
        checksum: Of all enabled rules of all clients as of *version*: a reader that has others has missed something.
            None where it is not known.
    """

    version: int
    by_client: Mapping[str, Sequence[Rule]]
    checksum: str | None = None


class RuleSource(Protocol):
    """Read side of the rules for matching. Versions only grow, and a snapshot is never partial."""

    async def snapshot(self) -> RuleSnapshot:
        """Return all enabled rules of all clients, consistent as of one version.

        Raises:
            PortUnavailable: The source is away; nothing is returned rather than a part.
        """
        ...

    async def changes(self, since_version: int) -> RuleChanges | None:
        """Return what changed after *since_version*; None when that can no longer be told: take a snapshot.

        A change that was committed before the call is in the answer. No change: the same version, no clients.

        Raises:
            PortUnavailable: The source is away.
        """
        ...


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
