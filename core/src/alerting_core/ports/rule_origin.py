"""The rules as the database of record holds them, client by client, for those who spread them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.domain.rule import Rule


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


class RuleOrigin(Protocol):
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
