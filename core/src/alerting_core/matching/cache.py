"""Results of recent look-ups, bounded in number and in size.

Theory of operation. Entries live in two generations. New ones go to the young; when that holds half of a bound it
becomes the old one, and what the old one held is forgotten. An old entry that is asked for again becomes young. So what
is in use stays, each operation costs the same whatever the bounds, and nothing ever has to be ordered by age.

A change of the index does not empty the cache: the index counts its changes and asks with the count. Results of before
are never found again and leave with their generation. Freeing all of them at once would make one edit of a rule cost
milliseconds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

Found: TypeAlias = Mapping[str, tuple[str, ...]]
"""client_id → that client's matching rule ids, the most specific rule first. Shared: not to be changed."""

Question: TypeAlias = tuple[int, int, str, str]
"""(number of changes of the index so far, severity, source, name)."""

NOTHING: Final[Found] = MappingProxyType({})
"""What an alert finds that no rule wants; one object for all of them."""


class MatchCache:
    """Remembers at most *entries_max* results that name at most *clients_max* clients in all.

    A result that names more than half of *clients_max* by itself is not remembered. 0 for either remembers nothing.
    """

    def __init__(self, *, entries_max: int, clients_max: int) -> None:
        """Start empty."""
        assert entries_max >= 0
        assert clients_max >= 0
        self._entries_half = entries_max // 2
        self._clients_half = clients_max // 2
        self._young: dict[Question, Found] = {}
        self._old: dict[Question, Found] = {}
        self._young_clients = 0

    def __len__(self) -> int:
        """Return how many results are held, those of before the last change included."""
        return len(self._young) + len(self._old)

    def get(self, question: Question) -> Found | None:
        """Return the remembered result, None when there is none."""
        found = self._young.get(question)
        if found is None and self._old:
            found = self._old.pop(question, None)
            if found is not None:
                self.put(question, found)
        return found

    def put(self, question: Question, found: Found) -> None:
        """Remember *found*, and forget the oldest results when a bound asks for it."""
        clients = len(found)
        if not self._entries_half or clients > self._clients_half:
            return
        if len(self._young) >= self._entries_half or self._young_clients + clients > self._clients_half:
            self._old, self._young, self._young_clients = self._young, {}, 0
        self._young[question] = found
        self._young_clients += clients
