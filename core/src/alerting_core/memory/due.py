"""Which deliveries are due, without looking at those that are not.

Theory of operation. Waiting deliveries stand in one heap by time; those whose time has come are moved to one small heap
per (client, host), so that a turn goes round the clients and a host that takes nothing costs one look, however much
waits for it. Entries are never searched for: an entry whose delivery has moved on since is stale, and is dropped when
it comes up. Stale entries are bounded: the heaps are made anew when they outnumber the live ones.
"""

from collections.abc import Callable, Collection, Iterator
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from alerting_core.domain.delivery import Place

Entry: TypeAlias = tuple[int, int, str]
"""(due_at_ms, sequence number, delivery_id): sorts by time, then by when it was put."""

ClientHost: TypeAlias = tuple[int | None, str, str]
"""(due_at_ms, client_id, host) of a delivery as stored now; None when it is final."""

_STALE_ENTRIES_MIN: Final = 1_024
"""Below this many entries a rebuild costs more than it saves."""


class DueIndex:
    """The order in which deliveries come up.

    Args:
        place_of: Tells where a delivery stands now; None when there is no such delivery any more.
    """

    def __init__(self, place_of: Callable[[str], ClientHost | None]) -> None:
        self._place_of = place_of
        self._waiting: list[Entry] = []
        self._ready: dict[str, dict[str, list[Entry]]] = {}
        self._entries = 0
        self._sequence = 0

    def put(self, delivery_id: str, due_at_ms: int) -> None:
        """Note that *delivery_id* is due at *due_at_ms* from now on."""
        self._sequence += 1
        self._entries += 1
        heappush(self._waiting, (due_at_ms, self._sequence, delivery_id))

    def shrink(self, live: int) -> None:
        """Drop stale entries if they outnumber the *live* deliveries."""
        if self._entries <= 2 * live + _STALE_ENTRIES_MIN:
            return
        entries = [*self._waiting, *(e for hosts in self._ready.values() for heap in hosts.values() for e in heap)]
        self._waiting = [entry for entry in entries if self._is_live(entry)]
        heapify(self._waiting)
        self._ready = {}
        self._entries = len(self._waiting)

    def take(
        self,
        *,
        now_ms: int,
        limit: int,
        per_host_max: int,
        hosts_excluded: Collection[str],
        clients_excluded: Collection[str] = (),
        places_excluded: Collection[Place] = (),
    ) -> Iterator[str]:
        """Yield due deliveries, one client after the other; the caller must move each on before it asks for the next.

        A client that was served goes to the end of the line, also across calls.
        """
        self._wake(now_ms)
        taken_of_host: dict[str, int] = dict.fromkeys(hosts_excluded, per_host_max)
        line = [client_id for client_id in self._ready if client_id not in clients_excluded]
        while line and limit > 0:
            still: list[str] = []
            for client_id in line:
                if limit <= 0:
                    return
                entry = self._next_of(
                    client_id, taken_of_host, places_excluded, per_host_max=per_host_max, now_ms=now_ms
                )
                if entry is None:
                    continue
                limit -= 1
                still.append(client_id)
                self._to_the_end(client_id)
                yield entry[2]
            line = still

    def next_due_ms(self) -> int | None:
        """Return the earliest time at which a live delivery is or was due."""
        earliest = self._top(self._waiting)
        for client_id in list(self._ready):
            for heap in self._heaps(client_id):
                top = self._top(heap)
                if top is not None and (earliest is None or top < earliest):
                    earliest = top
        return None if earliest is None else earliest[0]

    def _is_live(self, entry: Entry) -> bool:
        place = self._place_of(entry[2])
        return place is not None and place[0] == entry[0]

    def _top(self, heap: list[Entry]) -> Entry | None:
        while heap:
            if self._is_live(heap[0]):
                return heap[0]
            heappop(heap)
            self._entries -= 1
        return None

    def _wake(self, now_ms: int) -> None:
        """Move what has become due to its client and host."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            entry = heappop(self._waiting)
            place = self._place_of(entry[2])
            if place is None or place[0] != entry[0]:
                self._entries -= 1
                continue
            _, client_id, host = place
            heappush(self._ready.setdefault(client_id, {}).setdefault(host, []), entry)

    def _heaps(self, client_id: str) -> Iterator[list[Entry]]:
        for host in list(self._ready.get(client_id, ())):
            heap = self._ready[client_id][host]
            if self._top(heap) is None:
                del self._ready[client_id][host]
            else:
                yield heap
        if not self._ready.get(client_id, True):
            del self._ready[client_id]

    def _next_of(
        self,
        client_id: str,
        taken_of_host: dict[str, int],
        places_excluded: Collection[Place],
        *,
        per_host_max: int,
        now_ms: int,
    ) -> Entry | None:
        """Take the client's earliest entry at a host that is free; one that a clock set back made early stays."""
        best: list[Entry] | None = None
        best_host = ""
        for heap in self._heaps(client_id):
            place = self._place_of(heap[0][2])
            assert place is not None, "the top of a heap is live"
            free = taken_of_host.get(place[2], 0) < per_host_max and heap[0][0] <= now_ms
            free = free and Place(client_id, place[2]) not in places_excluded
            if free and (best is None or heap[0] < best[0]):
                best, best_host = heap, place[2]
        if best is None:
            return None
        taken_of_host[best_host] = taken_of_host.get(best_host, 0) + 1
        self._entries -= 1
        return heappop(best)

    def _to_the_end(self, client_id: str) -> None:
        hosts = self._ready.pop(client_id, None)
        if hosts:
            self._ready[client_id] = hosts
