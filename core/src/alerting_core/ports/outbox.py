"""Changes of rules that are stored and still to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.codec.rule import RuleChanged


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
