"""How many deliveries a sender may hold, so that it has something to send and nobody takes all of it."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from alerting_core.delivery.remembered import Remembered, count_less
from alerting_core.domain.delivery import Place

WINDOW_MIN: Final = 1
"""Of a place without a recent success: no further claim while it holds any."""

WINDOW_MAX: Final = 512
"""Ten times `limits.HOST_CONCURRENCY_MAX`: a host that answers within milliseconds does not wait for a claim. A quarter
of what a sender holds, so that a few hosts that suddenly fall silent do not take all of it."""

PLACES_REMEMBERED_MAX: Final = 4_096
"""Places whose window is kept; the one used longest ago is forgotten and starts small again."""

CLIENT_SHARE: Final = 2.0
HOST_SHARE: Final = 0.5
"""A client may have twice of what is left free, and a host half of that. So one client in trouble has two thirds at the
most, a second one two thirds of the rest, and there is always something left for one that is well."""


def share_is_used_up(used: int, *, of: int, taken: int) -> bool:
    """Say whether a client that uses so many *of* all, *taken* of which are in use, has to leave the rest to others."""
    return used >= CLIENT_SHARE * (of - taken)


class ClaimWindows:
    """Claims held and claims allowed, per place, host and client."""

    def __init__(self, held_max: int) -> None:
        """Hold nothing, and at most about *held_max*."""
        self._held_max = held_max
        self._by_place = Counter[Place]()
        self._by_host = Counter[str]()
        self._by_client = Counter[str]()
        self._window = Remembered[Place, int](PLACES_REMEMBERED_MAX)
        self.held = 0

    def full_places(self, busy_at: Callable[[Place], int]) -> Collection[Place]:
        """Return the places for which nothing more is to be claimed now.

        Args:
            busy_at: Tells how many claims of a place wait for a target that is too busy, and not for the place.
        """
        full = [place for place, held in self._by_place.items() if held >= self._window.get(place, WINDOW_MIN)]
        return [p for p in full if self._by_place[p] - busy_at(p) >= self._window.get(p, WINDOW_MIN)]

    def full_hosts(self) -> Collection[str]:
        """Return the hosts for which nothing more is to be claimed now."""
        most = min(WINDOW_MAX, HOST_SHARE * (self._held_max - self.held))
        return [host for host, held in self._by_host.items() if held >= most]

    def full_clients(self) -> Collection[str]:
        """Return the clients for which nothing more is to be claimed now."""
        return [
            client_id
            for client_id, held in self._by_client.items()
            if share_is_used_up(held, of=self._held_max, taken=self.held)
        ]

    def take(self, place: Place) -> None:
        """Count one more claim of *place*."""
        self.held += 1
        self._by_place[place] += 1
        self._by_host[place.host] += 1
        self._by_client[place.client_id] += 1

    def give_back(self, place: Place) -> None:
        """Count one claim of *place* less."""
        self.held -= 1
        count_less(self._by_place, place)
        count_less(self._by_host, place.host)
        count_less(self._by_client, place.client_id)

    def learn(self, place: Place, *, answered_well: bool) -> None:
        """Widen the window of a place that answered well; close that of one that did not."""
        window = self._window.get(place, WINDOW_MIN)
        self._window.put(place, min(WINDOW_MAX, window * 2) if answered_well else WINDOW_MIN)
