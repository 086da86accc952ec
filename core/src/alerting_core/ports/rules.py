"""Where evaluators learn of rules: once the whole, then what changed, client by client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.domain.rule import Rule


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
